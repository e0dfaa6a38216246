// SPDX-License-Identifier: GPL-2.0-or-later
// Each fact that is compared, in a running Exim that differs in that alone: doc/decisions/0025.
#include <cstring>

#include "unit/check_support.h"
#include "unit/shim/running_exim.h"

using namespace danesmtp::test;

namespace {

// Each refused by its name; what an Exim may be without, only where it is there and differs.
size_t refused(change how) {
  for (size_t fact = 0;; ++fact) {
    int may_lack = 0;
    running_exim_as_compiled();
    ck_assert_ptr_null(abi_difference());
    const char* name = running_exim_changed(fact, how, &may_lack);
    if (!name) return fact;
    const char* why = abi_difference();
    if (how == CHANGE_THERE && may_lack)
      ck_assert_ptr_null(why);
    else
      ck_assert_msg(why && std::strstr(why, name), "%s: %s", name, why ? why : "not refused");
  }
}

START_TEST(another_value_is_refused) {
  ck_assert_uint_gt(refused(CHANGE_VALUE), 25);
}
END_TEST

START_TEST(what_is_not_known_or_should_not_be_there_is_refused) {
  ck_assert_uint_gt(refused(CHANGE_THERE), 25);
}
END_TEST

}  // namespace

int main() {
  Suite* suite = suite_create("abi_check");
  TCase* tc = tcase_create("facts");
  tcase_add_test(tc, another_value_is_refused);
  tcase_add_test(tc, what_is_not_known_or_should_not_be_there_is_refused);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

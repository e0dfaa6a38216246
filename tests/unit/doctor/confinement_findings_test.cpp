// SPDX-License-Identifier: GPL-2.0-or-later
#include "doctor/confinement_findings.h"

#include "unit/doctor/row.h"

using namespace danesmtp::test;
using namespace danesmtp::tool;

namespace {

START_TEST(what_is_said_of_it) {
  assert_finding(judge_confinement(""), {Health::Ok, "nothing but read and write", nullptr});
  assert_finding(judge_confinement("Invalid argument"),
                 {Health::Warning, "seccomp: Invalid argument", "CONFIG_SECCOMP_FILTER"});
}
END_TEST

Suite* suite() {
  TCase* tc = tcase_create("confinement_findings");
  tcase_add_test(tc, what_is_said_of_it);
  Suite* suite = suite_create("confinement_findings");
  suite_add_tcase(suite, tc);
  return suite;
}

}  // namespace

int main() {
  return run_suite(suite());
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/moment.h"

#include <limits>

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

const BootId kBoot{1}, kOther{2};
const Moment kThen{kBoot, 1000, 500};

struct Row {
  const char* what;
  Moment now;
  std::int64_t left;  // of 60 seconds
};

const Row kRows[] = {
    {"at once", {kBoot, 1000, 500}, 60},
    {"half its time", {kBoot, 1030, 530}, 30},
    {"its last second", {kBoot, 1059, 559}, 1},
    {"its end", {kBoot, 1060, 560}, 0},
    {"long after", {kBoot, 9000, 8500}, 0},
    {"the calendar went back", {kBoot, 999, 530}, 0},
    {"the calendar went back a day, and the entry's time comes again", {kBoot, 1010, 87000}, 0},
    {"the calendar jumped ahead", {kBoot, 90000, 501}, 0},
    {"the machine was started again, and has no clock of its own", {kOther, 1010, 510}, 0},
    {"an earlier state of the machine", {kBoot, 1010, 400}, 0},
};

}  // namespace

START_TEST(what_is_left) {
  const Row& row = kRows[_i];
  ck_assert_msg(seconds_left(kThen, 60, row.now) == row.left, "%s", row.what);
}
END_TEST

START_TEST(no_time_of_this_machine) {
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  const Moment now{kBoot, 1030, 530};
  ck_assert_int_eq(seconds_left(kThen, least, now), 0);
  ck_assert_int_eq(seconds_left({kBoot, least, 500}, 60, now), 0);
  ck_assert_int_eq(seconds_left({kBoot, 1000, least}, 60, now), 0);
}
END_TEST

START_TEST(longer_than_anything_is_kept) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  ck_assert_int_eq(seconds_left(kThen, most, kThen), 0);
  ck_assert_int_eq(seconds_left(kThen, kLongestKept.count() + 1, kThen), 0);
  ck_assert_int_eq(seconds_left(kThen, kLongestKept.count(), kThen), kLongestKept.count());
}
END_TEST

START_TEST(this_machine_tells_its_time) {
  const auto now = this_moment();
  ck_assert(now.has_value());
  ck_assert(now->boot != BootId{});
  ck_assert_int_gt(now->calendar, 1700000000);
  ck_assert_int_gt(now->running, 0);
  ck_assert_int_lt(now->running, now->calendar);
}
END_TEST

int main() {
  Suite* suite = suite_create("moment");
  TCase* all = tcase_create("all");
  tcase_add_loop_test(all, what_is_left, 0, static_cast<int>(std::size(kRows)));
  tcase_add_test(all, no_time_of_this_machine);
  tcase_add_test(all, longer_than_anything_is_kept);
  tcase_add_test(all, this_machine_tells_its_time);
  suite_add_tcase(suite, all);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// Which hosts a policy names, and what is a pattern at all.
#include "sts/sts_policy.h"

#include <iterator>

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

struct Row {
  const char* pattern;
  const char* host;
  bool named;
};

// tests D-181
const Row kRows[] = {
    {"mx.lab", "mx.lab", true},
    {"MX.Lab.", "mx.lab", true},
    {"mx.lab", "mx1.lab", false},
    {"mx.lab", "a.mx.lab", false},
    {"mx.lab", "lab", false},
    {"*.dom.lab", "mx.dom.lab", true},
    {"*.dom.lab", "dom.lab", false},
    {"*.dom.lab", "a.mx.dom.lab", false},
    {"*.dom.lab", "mx.dom.lab.evil.lab", false},
    {"*.dom.lab", "mxdom.lab", false},
    {".dom.lab", "mx.dom.lab", true},
    {".dom.lab", "a.mx.dom.lab", false},
    {".dom.lab", "dom.lab", false},
    {"*.lab", "mx.lab", true},
    {"*.b\xc3\xbc"
     "cher.lab",
     "mx.xn--bcher-kva.lab", true},
};

const char* const kNone[] = {
    "",         "*",       "*.",        ".",           "mx*.lab", "*mx.lab", "*.*.lab",
    "mx.*.lab", "mx..lab", "192.0.2.1", "*.192.0.2.1", "a b",     "mx.lab/x"};

}  // namespace

START_TEST(names) {
  const Row& row = kRows[_i];
  StsPolicy policy{"dom.lab"};
  const auto pattern = sts_pattern(row.pattern);
  ck_assert_msg(pattern.has_value(), "%s", row.pattern);
  policy.patterns = {"other.lab", *pattern};
  ck_assert_msg(names_host(policy, assert_ok(DnsName::parse(row.host))) == row.named, "%s %s",
                row.pattern, row.host);
}
END_TEST

START_TEST(no_pattern) {
  ck_assert_msg(!sts_pattern(kNone[_i]), "%s", kNone[_i]);
}
END_TEST

START_TEST(no_pattern_names_nobody) {
  ck_assert(!names_host(StsPolicy{"dom.lab"}, assert_ok(DnsName::parse("dom.lab"))));
}
END_TEST

int main() {
  Suite* suite = suite_create("sts_policy");
  TCase* tc = tcase_create("patterns");
  tcase_add_loop_test(tc, names, 0, std::size(kRows));
  tcase_add_loop_test(tc, no_pattern, 0, std::size(kNone));
  tcase_add_test(tc, no_pattern_names_nobody);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// What is a policy, what it says, and what is none. RFC 8461 3.2.
#include "published_policy.h"

#include <iterator>

#include "core/format.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::tool;
using namespace danesmtp::test;

namespace {

std::string text_of(const PublishedPolicy& policy) {
  return format("{} {} [{}] {}", mode_text(policy.mode), policy.max_age.count(),
                join(policy.patterns, ","), policy.lines.size());
}

struct Row {
  std::string text;
  std::string reading;
};

// tests D-231
const Row kRead[] = {
    {"version: STSv1\nmode: enforce\nmx: mail.dom.lab\nmx: *.dom.lab\nmx: b.lab\nmax_age: 604800\n",
     "enforce 604800 [mail.dom.lab,*.dom.lab,b.lab] 6"},
    {"version: STSv1\r\nmode: testing\r\nmx: A.lab.\r\nmax_age: 0\r\n", "testing 0 [a.lab] 4"},
    {"version:STSv1\nmode:\tenforce  \nmx:  a.lab \t\nmax_age:31557600",
     "enforce 31557600 [a.lab] 4"},
    {"max_age: 0000000060\nmx: a.lab\nmode: enforce\nversion: STSv1", "enforce 60 [a.lab] 4"},
    {"version: STSv1\nmode: none\nmax_age: 86400\n", "none 86400 [] 3"},
    {"version: STSv1\nmode: none\nmx: a.lab\nmax_age: 1\n", "none 1 [a.lab] 4"},
    // unknown fields, and all but the first of what may not be repeated
    {"version: STSv1\nnew_key: any thing: {}\xc3\xa9\nmode: none\nmax_age: 1\n", "none 1 [] 4"},
    {"version: STSv1\nversion: STSv2\nmode: testing\nmode: enforce\nmx: a.lab\nmax_age: 5\n"
     "max_age: x\n",
     "testing 5 [a.lab] 7"},
    {"version: STSv1\n\nmode: none\nmax_age: 1\n\n \t\n", "none 1 [] 3"},
    {"version: STSv1\nmode: enforce\nmx: b\xc3\xbc"
     "cher.lab\nmax_age: 1",
     "enforce 1 [xn--bcher-kva.lab] 4"},
};

std::string with(const std::string& line) {
  return "version: STSv1\nmode: enforce\nmx: a.lab\nmax_age: 60\n" + line;
}

std::string many(std::size_t count) {
  std::string text = "version: STSv1\nmode: enforce\nmax_age: 60\n";
  for (std::size_t i = 0; i < count; ++i) text += format("mx: mx{}.lab\n", i);
  return text;
}

const Row kRefused[] = {
    {"", "no version"},
    {"\n\n", "no version"},
    {"<html><body>not found</body></html>", "no colon"},
    {"mode: enforce\nmx: a.lab\nmax_age: 60\n", "no version"},
    {"version: STSv2\nmode: enforce\nmx: a.lab\nmax_age: 60\n", "another version"},
    {"version: stsv1\nmode: enforce\nmx: a.lab\nmax_age: 60\n", "another version"},
    {"version: STSv1\nmx: a.lab\nmax_age: 60\n", "no mode"},
    {"version: STSv1\nmode: Enforce\nmx: a.lab\nmax_age: 60\n", "no mode that there is"},
    {"version: STSv1\nmode: report\nmx: a.lab\nmax_age: 60\n", "no mode that there is"},
    {"version: STSv1\nmode: enforce\nmx: a.lab\n", "no max_age"},
    {"version: STSv1\nmode: enforce\nmx: a.lab\nmax_age: 31557601\n", "max_age"},
    {"version: STSv1\nmode: enforce\nmx: a.lab\nmax_age: 99999999999\n", "max_age"},
    {"version: STSv1\nmode: enforce\nmx: a.lab\nmax_age: -1\n", "max_age"},
    {"version: STSv1\nmode: enforce\nmx: a.lab\nmax_age: 60s\n", "max_age"},
    {"version: STSv1\nmode: enforce\nmx: a.lab\nmax_age:\n", "max_age of the policy is empty"},
    {"version: STSv1\nmode: enforce\nmax_age: 60\n", "names no mx"},
    {"version: STSv1\nmode: testing\nmax_age: 60\n", "names no mx"},
    {with("mx:"), "empty"},
    {with("mx: *"), "no pattern"},
    {with("mx: .b.lab"), "no pattern"},
    {with("mx: *.*.lab"), "no pattern"},
    {with("mx: mx*.lab"), "no pattern"},
    {with("mx: 192.0.2.1"), "no pattern"},
    {with("mx: a.lab, b.lab"), "no pattern"},
    {with("nothing"), "no colon"},
    {with(": nothing"), "no name"},
    {with("mx : b.lab"), "no name"},
    {with(" mx: b.lab"), "no name"},
    {with("-x: y"), "no name"},
    {with(std::string(33, 'x') + ": y"), "no name"},
    {with(std::string("x: a\0b", 6)), "control characters"},
    {with("x: a\rmx: b.lab"), "control characters"},
    {with("x: \x1b[2J"), "control characters"},
    {with("x: " + std::string(kLongestPolicy, 'y')), "more than 65536 octets"},
    {many(kMostPatterns + 1), "more than 100 mx"},
};

}  // namespace

START_TEST(policies) {
  const auto policy = parse_policy(kRead[_i].text);
  ck_assert_msg(policy.has_value(), "%s: %s", kRead[_i].reading.c_str(),
                policy ? "" : policy.error().text.c_str());
  assert_text(text_of(*policy), kRead[_i].reading);
}
END_TEST

START_TEST(refused) {
  const auto policy = parse_policy(kRefused[_i].text);
  ck_assert_msg(!policy, "%s", kRefused[_i].text.c_str());
  assert_contains(assert_error(policy, ErrorKind::Protocol).text, kRefused[_i].reading);
}
END_TEST

START_TEST(the_bounds_themselves) {
  ck_assert_uint_eq(assert_ok(parse_policy(many(kMostPatterns))).patterns.size(), kMostPatterns);
  std::string longest = with("x: ");
  longest.resize(kLongestPolicy, 'y');
  assert_ok(parse_policy(longest));
}
END_TEST

START_TEST(lines_are_as_published) {
  const auto policy =
      assert_ok(parse_policy("version:  STSv1 \r\nmode: none\r\nnote: x\r\nmax_age: 1\r\n"));
  assert_text(join(policy.lines, "|"), "version:  STSv1|mode: none|note: x|max_age: 1");
}
END_TEST

int main() {
  Suite* suite = suite_create("published_policy");
  TCase* tc = tcase_create("policies");
  tcase_add_loop_test(tc, policies, 0, std::size(kRead));
  tcase_add_loop_test(tc, refused, 0, std::size(kRefused));
  tcase_add_test(tc, the_bounds_themselves);
  tcase_add_test(tc, lines_are_as_published);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// What is said, and that the transport reads it as it was meant.
#include "map_answer.h"

#include "core/format.h"
#include "sts/netstring.h"
#include "sts/policy_answer.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::tool;
using namespace danesmtp::test;

namespace {

PublishedPolicy policy(const char* mode, const std::string& more = "") {
  return assert_ok(parse_policy(
      format("version: STSv1\nmode: {}\nmx: *.dom.lab\nmx: mx.lab\n{}max_age: 60\n", mode, more)));
}

std::optional<StsPolicy> read(const std::string& answer) {
  ck_assert_uint_le(answer.size(), kLongestAnswer);
  return assert_ok(policy_in(answer, *DnsName::parse("dom.lab")));
}

// Of the longest names, as many as there may be.
PublishedPolicy largest() {
  std::string text = "version: STSv1\nmode: testing\nmax_age: 60\n";
  const std::string label(63, 'a');
  for (std::size_t i = 0; i < kMostPatterns; ++i)
    text += format("mx: {}.{}.{}.{:057}.lab\n", label, label, label, i);
  return assert_ok(parse_policy(text));
}

}  // namespace

START_TEST(in_force) {
  const auto answer = answer_of("dom.lab", policy("enforce"));
  assert_text(answer,
              "OK secure match=.dom.lab:mx.lab servername=hostname policy_type=sts "
              "policy_domain=dom.lab mx_host_pattern=*.dom.lab mx_host_pattern=mx.lab "
              "{ policy_string = version: STSv1 } { policy_string = mode: enforce } "
              "{ policy_string = mx: *.dom.lab } { policy_string = mx: mx.lab } "
              "{ policy_string = max_age: 60 }");
  const auto seen = read(answer);
  ck_assert(seen && seen->mode == StsMode::Enforce && !seen->fault);
  assert_text(join(seen->patterns, ","), "*.dom.lab,mx.lab");
}
END_TEST

// Postfix must not enforce it.
START_TEST(in_testing_mode) {
  const auto answer = answer_of("dom.lab", policy("testing"));
  ck_assert(answer.starts_with("NOTFOUND policy_type=sts "));
  const auto seen = read(answer);
  ck_assert(seen && seen->mode == StsMode::Testing && !seen->fault);
  assert_text(join(seen->patterns, ","), "*.dom.lab,mx.lab");
  ck_assert_uint_eq(seen->lines.size(), 5);
}
END_TEST

START_TEST(in_mode_none) {
  assert_text(answer_of("dom.lab", policy("none")), "NOTFOUND ");
  ck_assert(!read(no_policy()));
}
END_TEST

// What a policy says besides cannot pass for an attribute.
START_TEST(braces) {
  const auto answer =
      answer_of("dom.lab", policy("enforce", "x: } { mx_host_pattern = evil.lab }\ny: {\n"));
  const auto seen = read(answer);
  assert_text(join(seen->patterns, ","), "*.dom.lab,mx.lab");
  ck_assert_uint_eq(seen->lines.size(), 5);
  const auto fault = read(answer_of("dom.lab", StsFault{StsFaultType::Fetch, "a } mode {"}));
  assert_text(fault->fault->text, "a ? mode ?");
}
END_TEST

START_TEST(faults) {
  for (const auto type : {StsFaultType::Fetch, StsFaultType::Invalid, StsFaultType::WebPki}) {
    const StsFault fault{type, "HTTP status 404"};
    const auto seen = read(answer_of("dom.lab", fault));
    ck_assert(seen && seen->fault == fault && seen->mode == StsMode::Testing);
    ck_assert(seen->patterns.empty() && seen->domain == "dom.lab");
  }
}
END_TEST

START_TEST(not_known) {
  const auto error =
      assert_error(policy_in(temporary("why"), *DnsName::parse("dom.lab")), ErrorKind::Protocol);
  assert_text(error.text, "TEMP why");
}
END_TEST

START_TEST(the_largest_policy) {
  auto policy = largest();
  auto seen = read(answer_of("dom.lab", policy));
  ck_assert(seen && seen->mode == StsMode::Testing);
  ck_assert_uint_eq(seen->patterns.size(), kMostPatterns);
  policy.mode = PublishedMode::Enforce;
  seen = read(answer_of("dom.lab", policy));
  ck_assert(seen && seen->mode == StsMode::Enforce);
  ck_assert_uint_eq(seen->patterns.size(), kMostPatterns);
}
END_TEST

int main() {
  Suite* suite = suite_create("map_answer");
  TCase* tc = tcase_create("answers");
  tcase_add_test(tc, in_force);
  tcase_add_test(tc, in_testing_mode);
  tcase_add_test(tc, in_mode_none);
  tcase_add_test(tc, braces);
  tcase_add_test(tc, faults);
  tcase_add_test(tc, not_known);
  tcase_add_test(tc, the_largest_policy);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

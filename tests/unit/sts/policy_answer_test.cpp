// SPDX-License-Identifier: GPL-2.0-or-later
// Every answer of the daemons, and of daemons that nobody has written.
#include "sts/policy_answer.h"

#include <iterator>

#include "core/format.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

Result<std::optional<StsPolicy>> read(const char* answer) {
  return policy_in(answer, *DnsName::parse("dom.lab"));
}

std::string text_of(const StsPolicy& policy) {
  return format("{} {} [{}] [{}]", policy.domain, mode_text(policy.mode),
                join(policy.patterns, ","), join(policy.lines, "|"));
}

struct Refused {
  const char* answer;
  const char* why;
};

// tests D-186
const Refused kRefused[] = {
    {"", "cannot be used: "},
    {" ", "cannot be used"},
    {"OKAY secure match=mx.lab", "cannot be used: OKAY"},
    {"ok secure match=mx.lab", "cannot be used"},
    {"500 No such user", "cannot be used: 500"},
    {"\tOK secure match=mx.lab", "cannot be used"},
    {" NOTFOUND ", "cannot be used"},
    {"TEMP resolver trouble", "TEMP resolver trouble"},
    {"TIMEOUT ", "TIMEOUT "},
    {"PERM \n\x01", "PERM \\n\\001"},
    {"OK secure", "names no host"},
    {"OK secure servername=hostname", "names no host"},
    {"OK secure match=", "names no host"},
    {"OK secure match=::", "names no host"},
    {"OK secure match=*", "names no host"},
    {"OK secure match=mx*.lab:192.0.2.1", "names no host"},
    {"OK secure match=mx.lab { policy_string = mode: enforce", "cannot be used"},
    {"OK secure match=mx.lab {", "cannot be used"},
    {"OK secure match=mx.lab policy_domain=other.lab", "another domain"},
    {"OK secure match=mx.lab policy_domain=", "another domain"},
    {"OK secure match=mx.lab { policy_string = mode: Enforce }", "no such mode"},
    {"OK secure match=mx.lab { policy_string = mode: }", "no such mode"},
    {"NOTFOUND policy_type=sts policy_domain=other.lab { policy_string = mode: testing }",
     "another domain"},
    {"NOTFOUND policy_type=sts policy_domain=other.lab failure_type=sts-policy-fetch-error",
     "another domain"},
    {"NOTFOUND policy_type=sts mx_host_pattern=mx.lab { policy_string = mode: enforce }",
     "in force, and NOTFOUND"},
    {"NOTFOUND policy_type=sts mx_host_pattern=mx.lab", "in force, and NOTFOUND"},
    {"NOTFOUND policy_type=sts failure_type=unknown", "in force, and NOTFOUND"},
    {"NOTFOUND policy_type=sts { policy_string = mode: testing }", "names no host"},
    {"NOTFOUND policy_type=sts mx_host_pattern=mx.lab { policy_string = mode: Testing }",
     "no such mode"},
};

// What else a daemon may tell Postfix to do is no policy, and no order.
const char* const kNone[] = {
    "NOTFOUND ",
    "NOTFOUND",
    "NOTFOUND no such key",
    "NOTFOUND mx_host_pattern=mx.lab { policy_string = mode: testing }",
    "NOTFOUND policy_type=tlsa failure_type=sts-policy-fetch-error",
    "NOTFOUND failure_type=sts-policy-fetch-error",
    "NOTFOUND policy_type=sts {",
    "NOTFOUND policy_type=sts { policy_string = mode: none }",
    "OK dane",
    "OK dane-only",
    "OK none",
    "OK may",
    "OK encrypt",
    "OK verify match=mx.lab",
    "OK securely match=mx.lab",
    "OK fingerprint match=aa:bb",
    "OK ",
    "OK",
    "OK secure match=mx.lab policy_type=sts { policy_string = mode: none }",
};

struct Read {
  const char* answer;
  const char* text;
};

const Read kRead[] = {
    {"OK secure match=mx.dom.lab servername=hostname", "dom.lab enforce [mx.dom.lab] []"},
    {"OK secure match=.dom.lab:mx.lab", "dom.lab enforce [*.dom.lab,mx.lab] []"},
    {"OK  secure   match=MX.dom.lab. ", "dom.lab enforce [mx.dom.lab] []"},
    {"OK secure match=*:mx.lab:mx..lab", "dom.lab enforce [mx.lab] []"},
    // postfix-mta-sts-resolver 1.5 and postfix-tlspol, with TLSRPT
    {"OK secure match=.dom.lab servername=hostname policy_type=sts policy_domain=dom.lab "
     "mx_host_pattern=*.dom.lab mx_host_pattern=mx.lab { policy_string = version: STSv1 } "
     "{ policy_string = mode: enforce } { policy_string = max_age: 604800 } "
     "{ policy_string = mx: *.dom.lab } { policy_string = mx: mx.lab }",
     "dom.lab enforce [*.dom.lab,mx.lab] "
     "[version: STSv1|mode: enforce|max_age: 604800|mx: *.dom.lab|mx: mx.lab]"},
    {"OK secure match=mx.lab policy_domain=DOM.lab. {policy_string=mode: testing}",
     "dom.lab testing [mx.lab] [mode: testing]"},
    {"OK secure match=mx.lab { policy_string =  mode:testing  } { x } unknown=1 word",
     "dom.lab testing [mx.lab] [mode:testing]"},
    // RFC 8461 3.2: of fields that come twice the first counts.
    {"OK secure match=mx.lab { policy_string = mode: enforce } { policy_string = mode: testing }",
     "dom.lab enforce [mx.lab] [mode: enforce|mode: testing]"},
    {"OK secure match=mx.lab { policy_string = mode: enforce } { policy_string = mode: none }",
     "dom.lab enforce [mx.lab] [mode: enforce|mode: none]"},
    {"OK secure match=mx.lab { policy_string = mode : testing }",
     "dom.lab testing [mx.lab] [mode : testing]"},
    // `danesmtp mta-sts-daemon`, of what Postfix must not act on
    {"NOTFOUND policy_type=sts policy_domain=dom.lab mx_host_pattern=*.dom.lab "
     "{ policy_string = mode: testing }",
     "dom.lab testing [*.dom.lab] [mode: testing]"},
    // A value of the policy is no attribute.
    {"OK secure match=mx.lab { policy_string = note: match=evil.lab }",
     "dom.lab enforce [mx.lab] [note: match=evil.lab]"},
};

}  // namespace

START_TEST(refused) {
  const Refused& row = kRefused[_i];
  const auto answer = read(row.answer);
  ck_assert_msg(!answer, "%s", row.answer);
  assert_contains(assert_error(answer, ErrorKind::Protocol).text, row.why);
}
END_TEST

START_TEST(none) {
  ck_assert_msg(!assert_ok(read(kNone[_i])), "%s", kNone[_i]);
}
END_TEST

START_TEST(policies) {
  const auto policy = assert_ok(read(kRead[_i].answer));
  ck_assert_msg(policy.has_value(), "%s", kRead[_i].answer);
  assert_text(text_of(*policy), kRead[_i].text);
}
END_TEST

START_TEST(policies_that_cannot_be_had) {
  for (const auto type : {StsFaultType::Fetch, StsFaultType::Invalid, StsFaultType::WebPki}) {
    const auto answer = format(
        "NOTFOUND policy_type=sts policy_domain=dom.lab failure_type={} "
        "{{ failure_reason = HTTP status 404\t }}",
        fault_text(type));
    const auto policy = assert_ok(read(answer.c_str()));
    const StsFault fault{type, "HTTP status 404"};
    ck_assert(policy && policy->fault == fault);
    // Whoever does not look at the fault enforces nothing.
    ck_assert(policy->mode == StsMode::Testing && policy->patterns.empty());
  }
  const auto longest = format(
      "NOTFOUND policy_type=sts failure_type=sts-policy-invalid "
      "failure_reason=\n{}",
      std::string(5000, 'x'));
  const auto policy = assert_ok(read(longest.c_str()));
  ck_assert(policy && policy->fault);
  ck_assert_uint_lt(policy->fault->text.size(), 200);
  assert_contains(policy->fault->text, "\\nxxx");
}
END_TEST

START_TEST(a_long_answer_is_shown_in_part) {
  const auto error = assert_error(read(std::string(5000, 'x').c_str()), ErrorKind::Protocol);
  ck_assert_uint_lt(error.text.size(), 200);
}
END_TEST

int main() {
  Suite* suite = suite_create("policy_answer");
  TCase* tc = tcase_create("answers");
  tcase_add_loop_test(tc, refused, 0, std::size(kRefused));
  tcase_add_loop_test(tc, none, 0, std::size(kNone));
  tcase_add_loop_test(tc, policies, 0, std::size(kRead));
  tcase_add_test(tc, policies_that_cannot_be_had);
  tcase_add_test(tc, a_long_answer_is_shown_in_part);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

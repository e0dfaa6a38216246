// SPDX-License-Identifier: GPL-2.0-or-later
// The octets of one report event. Those of `as_the_library` are a datagram of libtlsrpt's, with its
// white space between members left out.
#include "tlsrpt/datagram.h"

#include <nlohmann/json.hpp>

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

const std::string kRecord = "v=TLSRPTv1;rua=mailto:reports@example.com";

TlsAttempt success(ReportedPolicy type) {
  TlsAttempt attempt;
  attempt.domain = "example.com";
  attempt.policy = {type, "example.com"};
  return attempt;
}

TlsAttempt failure(FailureType type, const std::string& text) {
  auto attempt = success(ReportedPolicy::Tlsa);
  attempt.failure = TlsFailure{type, text};
  return attempt;
}

nlohmann::json parsed(const TlsAttempt& attempt) {
  return nlohmann::json::parse(report_datagram(attempt, kRecord));
}

struct ResultRow {
  FailureType type;
  const char* word;
  int number;
};

constexpr ResultRow kResults[] = {
    {FailureType::StartTlsNotSupported, "starttls-not-supported", 201},
    {FailureType::CertificateHostMismatch, "certificate-host-mismatch", 202},
    {FailureType::CertificateNotTrusted, "certificate-not-trusted", 203},
    {FailureType::CertificateExpired, "certificate-expired", 204},
    {FailureType::ValidationFailure, "validation-failure", 205},
    {FailureType::StsPolicyFetchError, "sts-policy-fetch-error", 301},
    {FailureType::StsPolicyInvalid, "sts-policy-invalid", 302},
    {FailureType::StsWebpkiInvalid, "sts-webpki-invalid", 303},
    {FailureType::TlsaInvalid, "tlsa-invalid", 304},
    {FailureType::DnssecInvalid, "dnssec-invalid", 305},
    {FailureType::DaneRequired, "dane-required", 306},
};

struct PolicyRow {
  ReportedPolicy type;
  const char* word;
  int number;
};

constexpr PolicyRow kPolicies[] = {
    {ReportedPolicy::Tlsa, "tlsa", 1},
    {ReportedPolicy::Sts, "sts", 2},
    {ReportedPolicy::NoPolicyFound, "no-policy-found", 9},
};

}  // namespace

START_TEST(as_the_library) {
  TlsAttempt attempt;
  attempt.domain = "example.com";
  attempt.policy = {
      ReportedPolicy::Tlsa, "mx.example.com", {"3 1 1 aabb", "2 1 1 ccdd"}, {"mx.example.com"}};
  attempt.ends = {"192.0.2.1", "mx.example.com", "banner", "192.0.2.2"};
  attempt.failure = TlsFailure{FailureType::ValidationFailure, "reason"};
  assert_text(report_datagram(attempt, kRecord),
              R"({"dpv":"1","d":"example.com","pr":"v=TLSRPTv1;rua=mailto:reports@example.com",)"
              R"("policies":[{"policy-type":1,"policy-domain":"mx.example.com",)"
              R"("policy-string":["3 1 1 aabb","2 1 1 ccdd"],"mx-host":["mx.example.com"],)"
              R"("failure-details":[{"c":205,"s":"192.0.2.1","n":"mx.example.com","h":"banner",)"
              R"("r":"192.0.2.2","f":"reason"}],"t":1,"f":1}]})");
}
END_TEST

// What is not known is left out; a success has no details.
START_TEST(short_forms) {
  assert_text(report_datagram(success(ReportedPolicy::NoPolicyFound), kRecord),
              R"({"dpv":"1","d":"example.com","pr":"v=TLSRPTv1;rua=mailto:reports@example.com",)"
              R"("policies":[{"policy-type":9,"policy-domain":"example.com","t":0,"f":0}]})");
  assert_text(parsed(failure(FailureType::DnssecInvalid, ""))["policies"][0].dump(),
              R"({"f":1,"failure-details":[{"c":305}],"policy-domain":"example.com",)"
              R"("policy-type":1,"t":1})");
}
END_TEST

START_TEST(every_result) {
  const auto& row = kResults[_i];
  assert_text(result_type(row.type), row.word);
  const auto attempt = failure(row.type, "x");
  assert_text(to_text(attempt), std::string("tlsa ") + row.word);
  const auto policy = parsed(attempt)["policies"][0];
  ck_assert_int_eq(policy["failure-details"][0]["c"].get<int>(), row.number);
  ck_assert_int_eq(policy["t"].get<int>(), 1);
  ck_assert_int_eq(policy["f"].get<int>(), 1);
}
END_TEST

START_TEST(every_policy) {
  const auto& row = kPolicies[_i];
  const auto attempt = success(row.type);
  assert_text(to_text(attempt), std::string(row.word) + " success");
  ck_assert_int_eq(parsed(attempt)["policies"][0]["policy-type"].get<int>(), row.number);
}
END_TEST

// tests D-175: a server says what it likes: the datagram is UTF-8 and one JSON object all the same.
START_TEST(hostile_texts) {
  auto attempt = failure(FailureType::CertificateNotTrusted, "a \"quoted\"\nline\x01");
  attempt.ends.mx_helo = "caf\xc3\xa9\xff\xc3\"}]}";
  const auto details = parsed(attempt)["policies"][0]["failure-details"][0];
  assert_text(details["h"], "caf\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\"}]}");
  assert_text(details["f"], "a \"quoted\"\nline\x01");
  attempt.ends.mx_helo = std::string(70000, 'x');
  ck_assert_uint_lt(report_datagram(attempt, kRecord).size(), 1000);
}
END_TEST

int main() {
  Suite* suite = suite_create("datagram");
  TCase* all = tcase_create("all");
  tcase_add_test(all, as_the_library);
  tcase_add_test(all, short_forms);
  tcase_add_loop_test(all, every_result, 0, static_cast<int>(std::size(kResults)));
  tcase_add_loop_test(all, every_policy, 0, static_cast<int>(std::size(kPolicies)));
  tcase_add_test(all, hostile_texts);
  suite_add_tcase(suite, all);
  return run_suite(suite);
}

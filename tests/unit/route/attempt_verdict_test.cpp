// SPDX-License-Identifier: GPL-2.0-or-later
// The verdict of a connection: what a policy and what went wrong make of it, and the event.
#include "route/attempt_verdict.h"

#include <iterator>

#include "fakes/fake_mail_server.h"
#include "fakes/proofs.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

HostPolicy authenticate() {
  return Authenticate{*DnsName::parse("mx.lab"),
                      usable_records({{TlsaUsage::DaneEe, TlsaSelector::PublicKey,
                                       TlsaMatching::Sha256, Bytes(32, 1)}})};
}

HostPolicy encrypt() {
  return EncryptOnly{*DnsName::parse("mx.lab"), {"usage 1"}};
}

HostPolicy skip(SkipReason reason) {
  return SkipHost{{ErrorKind::DnsFailure, "x"}, reason};
}

HostPlan plan_of(HostPolicy policy, MxTrust mx = MxTrust::Secure) {
  HostPlan plan;
  plan.policy = std::move(policy);
  plan.mx = mx;
  return plan;
}

DaneVerdict refused_by_records(DaneFailure failure) {
  DaneVerdict verdict;
  verdict.failure = failure;
  verdict.reason = "no";
  return verdict;
}

DaneVerdict authenticated() {
  DaneVerdict verdict;
  verdict.match.emplace();
  return verdict;
}

std::string event_of(const AttemptVerdict& verdict) {
  FakeMailServer server;
  tell_of_failure(server, 0, 0, verdict);
  return server.trace();
}

struct PolicyRow {
  HostPlan plan;
  PolicyKind kind;
  PeerTrust earns;
  bool has_policy;
  const char* event;
};

// tests D-032, D-160, D-163
const PolicyRow kPolicies[] = {
    {plan_of(no_dane()), PolicyKind::None, PeerTrust::None, false, ""},
    {plan_of(encrypt()), PolicyKind::Encrypt, PeerTrust::None, true, ""},
    {plan_of(authenticate()), PolicyKind::Authenticate, PeerTrust::Dane, true, ""},
    {plan_of(authenticate(), MxTrust::Insecure), PolicyKind::Authenticate, PeerTrust::Verified,
     true, ""},
    {plan_of(skip(SkipReason::DnssecInvalid)), PolicyKind::Skip, PeerTrust::None, true,
     "event dane:fail dnssec-invalid"},
    {plan_of(skip(SkipReason::DaneRequired)), PolicyKind::Skip, PeerTrust::None, true,
     "event dane:fail dane-required"},
};

struct FailureCase {
  const char* what;
  HostPolicy policy;
  SmtpStage stage;
  ErrorKind kind;
  std::optional<DaneVerdict> dane;
  std::optional<FailureType> type;
  const char* event;
};

constexpr const char* kInvalid = "event dane:fail validation-failure";

const FailureCase kFailures[] = {
    {"no STARTTLS",
     authenticate(),
     SmtpStage::StartTls,
     ErrorKind::TlsHandshake,
     {},
     FailureType::StartTlsNotSupported,
     "event dane:fail starttls-not-supported"},
    {"no STARTTLS, nobody to authenticate",
     encrypt(),
     SmtpStage::StartTls,
     ErrorKind::TlsHandshake,
     {},
     FailureType::StartTlsNotSupported,
     "event dane:fail starttls-not-supported"},
    {"no STARTTLS without DANE",
     no_dane(),
     SmtpStage::StartTls,
     ErrorKind::TlsHandshake,
     {},
     {},
     ""},
    {"handshake",
     authenticate(),
     SmtpStage::Handshake,
     ErrorKind::TlsHandshake,
     {},
     FailureType::ValidationFailure,
     kInvalid},
    {"handshake without DANE",
     no_dane(),
     SmtpStage::Handshake,
     ErrorKind::TlsHandshake,
     {},
     {},
     ""},
    {"name", authenticate(), SmtpStage::Verify, ErrorKind::TlsVerify,
     refused_by_records(DaneFailure::HostMismatch), FailureType::CertificateHostMismatch, kInvalid},
    {"dates", authenticate(), SmtpStage::Verify, ErrorKind::TlsVerify,
     refused_by_records(DaneFailure::Expired), FailureType::CertificateExpired, kInvalid},
    {"anchor", authenticate(), SmtpStage::Verify, ErrorKind::TlsVerify,
     refused_by_records(DaneFailure::NotTrusted), FailureType::CertificateNotTrusted, kInvalid},
    {"revoked", authenticate(), SmtpStage::Verify, ErrorKind::TlsVerify, authenticated(),
     FailureType::ValidationFailure, kInvalid},
    {"greeting", authenticate(), SmtpStage::Greeting, ErrorKind::Timeout, {}, {}, ""},
};

}  // namespace

START_TEST(of_a_policy) {
  const PolicyRow& row = kPolicies[_i];
  const auto verdict = verdict_of_policy(row.plan);
  ck_assert(verdict.policy == row.kind);
  ck_assert(trust_by_records(row.plan) == row.earns);
  ck_assert(has_dane_policy(row.plan) == row.has_policy);
  ck_assert(is_held_to_dane(row.plan) == row.has_policy);
  ck_assert(verdict.records.size() == (row.kind == PolicyKind::Authenticate ? 1 : 0));
  assert_text(event_of(verdict), row.event);
  HostPlan audited = row.plan;
  audited.enforcement = Enforcement::Audit;
  ck_assert(has_dane_policy(audited) == row.has_policy && !is_held_to_dane(audited));
}
END_TEST

START_TEST(of_a_failure) {
  const FailureCase& row = kFailures[_i];
  auto verdict = verdict_of_policy(plan_of(row.policy));
  add_failure(verdict, row.stage,
              rule_on_trouble({row.stage, {row.kind, "x"}, std::nullopt, "CMD"}), row.dane);
  ck_assert_msg(verdict.failure == row.type, "%s", row.what);
  assert_text(event_of(verdict), row.event);
}
END_TEST

START_TEST(of_a_domain) {
  assert_text(event_of(verdict_of_failed_domain()), "event dane:fail dnssec-invalid");
}
END_TEST

int main() {
  Suite* suite = suite_create("attempt_verdict");
  TCase* tc = tcase_create("verdict");
  tcase_add_loop_test(tc, of_a_policy, 0, static_cast<int>(std::size(kPolicies)));
  tcase_add_loop_test(tc, of_a_failure, 0, static_cast<int>(std::size(kFailures)));
  tcase_add_test(tc, of_a_domain);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

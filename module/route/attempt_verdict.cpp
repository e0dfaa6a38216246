// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/attempt_verdict.h"

namespace danesmtp {
namespace {

struct KindOfPolicy {
  PolicyKind operator()(const NoDane&) const { return PolicyKind::None; }
  PolicyKind operator()(const EncryptOnly&) const { return PolicyKind::Encrypt; }
  PolicyKind operator()(const Authenticate&) const { return PolicyKind::Authenticate; }
  PolicyKind operator()(const SkipHost&) const { return PolicyKind::Skip; }
};

// Nothing: it is none of DANE's.
std::optional<FailureType> type_of(SkipReason reason) {
  if (reason == SkipReason::DaneRequired) return FailureType::DaneRequired;
  if (reason == SkipReason::DnssecInvalid) return FailureType::DnssecInvalid;
  return std::nullopt;
}

bool is_of_sts(const HostPolicy& policy) {
  const auto* skip = std::get_if<SkipHost>(&policy);
  return skip && !type_of(skip->reason);
}

// Exim's words for them in the event.
const char* event_data(FailureType failure) {
  switch (failure) {
    case FailureType::StartTlsNotSupported:
      return "starttls-not-supported";
    case FailureType::DnssecInvalid:
      return "dnssec-invalid";
    case FailureType::DaneRequired:
      return "dane-required";
    case FailureType::CertificateHostMismatch:
    case FailureType::CertificateExpired:
    case FailureType::CertificateNotTrusted:
    case FailureType::ValidationFailure:
    case FailureType::TlsaInvalid:
    case FailureType::StsPolicyFetchError:
    case FailureType::StsPolicyInvalid:
    case FailureType::StsWebpkiInvalid:
      break;
  }
  return "validation-failure";
}

}  // namespace

bool has_dane_policy(const HostPlan& plan) {
  return !std::holds_alternative<NoDane>(plan.policy);
}

bool is_held_to_dane(const HostPlan& plan) {
  return has_dane_policy(plan) && plan.enforcement == Enforcement::Full;
}

bool is_held_to_sts(const HostPlan& plan) {
  return plan.sts && plan.sts->enforcement == Enforcement::Full;
}

bool is_held(const HostPlan& plan) {
  return is_held_to_dane(plan) || is_held_to_sts(plan) || plan.webpki_required;
}

PolicyOf policy_over(const HostPlan& plan) {
  if (plan.webpki_required) return PolicyOf::Requirement;
  return is_held_to_sts(plan) || is_of_sts(plan.policy) ? PolicyOf::Sts : PolicyOf::Dane;
}

// D-032, D-160: an insecure MX record proves nothing about the recipient's domain.
PeerTrust trust_by_records(const HostPlan& plan) {
  if (!std::holds_alternative<Authenticate>(plan.policy)) return PeerTrust::None;
  return plan.mx == MxTrust::Secure ? PeerTrust::Dane : PeerTrust::Verified;
}

PeerTrust trust_by_policy(const HostPlan& plan) {
  if (plan.webpki_required) return PeerTrust::Verified;
  return is_held_to_sts(plan) ? PeerTrust::Sts : trust_by_records(plan);
}

AttemptVerdict verdict_of_policy(const HostPlan& plan) {
  AttemptVerdict verdict;
  verdict.policy = std::visit(KindOfPolicy{}, plan.policy);
  if (const auto* dane = std::get_if<Authenticate>(&plan.policy))
    verdict.records = dane->records.records();
  if (const auto* skip = std::get_if<SkipHost>(&plan.policy))
    verdict.failure = type_of(skip->reason);
  return verdict;
}

AttemptVerdict verdict_of_failed_domain() {
  AttemptVerdict verdict;
  verdict.policy = PolicyKind::Skip;
  verdict.failure = FailureType::DnssecInvalid;
  return verdict;
}

FailureType type_of(DaneFailure failure) {
  switch (failure) {
    case DaneFailure::HostMismatch:
      return FailureType::CertificateHostMismatch;
    case DaneFailure::Expired:
      return FailureType::CertificateExpired;
    case DaneFailure::NotTrusted:
      break;
  }
  return FailureType::CertificateNotTrusted;
}

std::optional<FailureType> failure_at(SmtpStage stage, const FailureRuling& ruling,
                                      const std::optional<DaneVerdict>& dane) {
  if (ruling.for_operator) return std::nullopt;  // a setting of ours, and no failure of theirs
  if (stage == SmtpStage::Handshake || stage == SmtpStage::Verify)
    return dane && !dane->authenticated() ? type_of(dane->failure) : FailureType::ValidationFailure;
  if (ruling.verdict.cause == Cause::TlsRequired) return FailureType::StartTlsNotSupported;
  return std::nullopt;
}

void add_failure(AttemptVerdict& verdict, SmtpStage stage, const FailureRuling& ruling,
                 const std::optional<DaneVerdict>& dane) {
  if (verdict.policy == PolicyKind::None) return;
  if (const auto failure = failure_at(stage, ruling, dane)) verdict.failure = failure;
}

// D-163
void tell_of_failure(MailServer& server, HostIndex host, RecipientIndex recipient,
                     const AttemptVerdict& verdict) {
  if (verdict.failure) server.event(host, recipient, "dane:fail", event_data(*verdict.failure));
}

}  // namespace danesmtp

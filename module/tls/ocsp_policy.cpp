// SPDX-License-Identifier: GPL-2.0-or-later
#include "tls/ocsp_policy.h"

#include "core/format.h"

namespace danesmtp {
namespace {

// The beginning is that of Exim's own driver.
std::string refusal(const std::string& reason) {
  return format("(certificate status check failed): {}", reason);
}

std::string described(const OcspVerdict& verdict) {
  if (verdict.answer == OcspAnswer::Invalid)
    return format("the server's OCSP proof is no good: {}", verdict.reason);
  if (verdict.answer == OcspAnswer::Absent && verdict.reason.empty())
    return "the server sent no OCSP proof";
  return verdict.reason;
}

OcspResult result_of(const OcspVerdict& verdict) {
  if (verdict.answer == OcspAnswer::Good) return OcspResult::Verified;
  return verdict.answer == OcspAnswer::Absent ? OcspResult::NoResponse : OcspResult::Failed;
}

OcspRuling rule_unjudged(OcspWish wish, const OcspFinding& finding) {
  OcspRuling ruling;
  ruling.result = finding.verdict.answer == OcspAnswer::Absent ? OcspResult::NoResponse
                                                               : OcspResult::NotVerified;
  if (wish == OcspWish::Required)
    ruling.refusal = refusal("the certificate was not verified, so its OCSP proof cannot be");
  return ruling;
}

OcspRuling rule_judged(OcspWish wish, const OcspFinding& finding) {
  OcspRuling ruling;
  ruling.result = result_of(finding.verdict);
  if (finding.verdict.answer == OcspAnswer::Good) return ruling;
  const std::string reason = described(finding.verdict);
  // D-123: revoked refuses, however the proof was asked for.
  if (wish == OcspWish::Required || finding.verdict.answer == OcspAnswer::Revoked)
    ruling.refusal = refusal(reason);
  else if (finding.must_staple)  // RFC 7633 4.2.2, D-125
    ruling.refusal = refusal(format("the certificate demands a proof, and {}", reason));
  else
    ruling.remark = format("OCSP: {}; a proof is not required", reason);  // D-121, D-124
  return ruling;
}

}  // namespace

bool asks_for_staple(OcspWish wish, PeerPolicy policy) {
  if (wish == OcspWish::None) return false;
  switch (policy) {
    case PeerPolicy::NoDane:
    case PeerPolicy::UsageTa:
    case PeerPolicy::BothUsages:  // which of them matches is known only afterwards
      return true;
    case PeerPolicy::EncryptOnly:
    case PeerPolicy::UsageEe:
      break;
  }
  return false;
}

OcspRuling rule_on_leaf(OcspWish wish, AuthenticatedBy authority, const OcspFinding& finding) {
  if (wish == OcspWish::None) return {};
  switch (authority) {
    case AuthenticatedBy::Nobody:
      return rule_unjudged(wish, finding);
    case AuthenticatedBy::Pkix:
    case AuthenticatedBy::DaneTa:
      return rule_judged(wish, finding);
    case AuthenticatedBy::DaneEe:
      break;
  }
  // RFC 7672 3.1.1: what is in the certificate does not matter, so neither does who revoked it.
  return {OcspResult::NotRequested,
          {},
          "OCSP: hosts_request_ocsp and hosts_require_ocsp do not matter under TLSA usage 3"};
}

std::string refusal_by_issuer(const OcspVerdict& verdict) {
  if (verdict.answer != OcspAnswer::Revoked) return {};
  return refusal("the certificate of an issuer is revoked");
}

}  // namespace danesmtp

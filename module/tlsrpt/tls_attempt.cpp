// SPDX-License-Identifier: GPL-2.0-or-later
#include "tlsrpt/tls_attempt.h"

#include "core/format.h"

namespace danesmtp {

const char* result_type(FailureType failure) {
  switch (failure) {
    case FailureType::StartTlsNotSupported:
      return "starttls-not-supported";
    case FailureType::CertificateHostMismatch:
      return "certificate-host-mismatch";
    case FailureType::CertificateNotTrusted:
      return "certificate-not-trusted";
    case FailureType::CertificateExpired:
      return "certificate-expired";
    case FailureType::TlsaInvalid:
      return "tlsa-invalid";
    case FailureType::DnssecInvalid:
      return "dnssec-invalid";
    case FailureType::DaneRequired:
      return "dane-required";
    case FailureType::StsPolicyFetchError:
      return "sts-policy-fetch-error";
    case FailureType::StsPolicyInvalid:
      return "sts-policy-invalid";
    case FailureType::StsWebpkiInvalid:
      return "sts-webpki-invalid";
    case FailureType::ValidationFailure:
      break;
  }
  return "validation-failure";
}

const char* policy_type(ReportedPolicy policy) {
  switch (policy) {
    case ReportedPolicy::Tlsa:
      return "tlsa";
    case ReportedPolicy::Sts:
      return "sts";
    case ReportedPolicy::NoPolicyFound:
      break;
  }
  return "no-policy-found";
}

std::string to_text(const TlsAttempt& attempt) {
  return format("{} {}", policy_type(attempt.policy.type),
                attempt.failure ? result_type(attempt.failure->type) : "success");
}

}  // namespace danesmtp

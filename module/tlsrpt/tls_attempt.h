// SPDX-License-Identifier: GPL-2.0-or-later
// What came of TLS on one host, as its domain may want to know it (RFC 8460 4.3, 4.4): a value.
// Whether anybody is told is not decided here.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace danesmtp {

// Why a host does not satisfy its policy: the result types of RFC 8460 4.3. The last three are of
// those who fetch policies of MTA-STS (RFC 8461), which we do not.
enum class FailureType {
  StartTlsNotSupported,
  CertificateHostMismatch,
  CertificateNotTrusted,
  CertificateExpired,
  ValidationFailure,  // none of the three above: the handshake, or a proof of revocation
  TlsaInvalid,
  DnssecInvalid,
  DaneRequired,
  StsPolicyFetchError,
  StsPolicyInvalid,
  StsWebpkiInvalid,
};

// "starttls-not-supported", ...
const char* result_type(FailureType failure);

enum class ReportedPolicy { Tlsa, Sts, NoPolicyFound };

// "tlsa", "sts" or "no-policy-found" (RFC 8460 4.4, policy-type).
const char* policy_type(ReportedPolicy policy);

struct PolicyFacts {
  ReportedPolicy type = ReportedPolicy::NoPolicyFound;
  std::string domain;  // the TLSA base domain, that of the policy of MTA-STS; else the recipient's
  std::vector<std::string> strings{};   // the policy as published, a record each
  std::vector<std::string> mx_hosts{};  // that it is for
};

// Empty: not known.
struct SessionEnds {
  std::string sending_ip{};
  std::string mx_name{};
  std::string mx_helo{};  // as the server calls itself, in whatever octets
  std::string mx_ip{};
};

// `text` is the same each time that the same thing is wrong: no times, no identifiers, nothing of
// ours. Whoever counts reports has a row for each text.
struct TlsFailure {
  FailureType type = FailureType::ValidationFailure;
  std::string text{};
};

struct TlsAttempt {
  std::string domain;  // the recipient's, as A-labels
  PolicyFacts policy;
  SessionEnds ends;
  std::optional<TlsFailure> failure;  // none: the policy was satisfied
};

// "tlsa certificate-expired", "no-policy-found success": the policy's type and the result's.
std::string to_text(const TlsAttempt& attempt);

}  // namespace danesmtp

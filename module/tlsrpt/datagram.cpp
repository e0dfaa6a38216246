// SPDX-License-Identifier: GPL-2.0-or-later
// The members and their numbers are those of the collector's protocol, version 1.
#include "tlsrpt/datagram.h"

#include <nlohmann/json.hpp>

namespace danesmtp {
namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t kLongestText = 255;  // of a server's, in octets

int policy_number(ReportedPolicy policy) {
  switch (policy) {
    case ReportedPolicy::Tlsa:
      return 1;
    case ReportedPolicy::Sts:
      return 2;
    case ReportedPolicy::NoPolicyFound:
      break;
  }
  return 9;
}

int result_number(FailureType failure) {
  switch (failure) {
    case FailureType::StartTlsNotSupported:
      return 201;
    case FailureType::CertificateHostMismatch:
      return 202;
    case FailureType::CertificateNotTrusted:
      return 203;
    case FailureType::CertificateExpired:
      return 204;
    case FailureType::ValidationFailure:
      break;
    case FailureType::StsPolicyFetchError:
      return 301;
    case FailureType::StsPolicyInvalid:
      return 302;
    case FailureType::StsWebpkiInvalid:
      return 303;
    case FailureType::TlsaInvalid:
      return 304;
    case FailureType::DnssecInvalid:
      return 305;
    case FailureType::DaneRequired:
      return 306;
  }
  return 205;
}

void add_text(json& object, const char* member, const std::string& text) {
  if (!text.empty()) object[member] = text.substr(0, kLongestText);
}

void add_list(json& object, const char* member, const std::vector<std::string>& texts) {
  if (!texts.empty()) object[member] = texts;
}

json failure_details(const TlsFailure& failure, const SessionEnds& ends) {
  json details{{"c", result_number(failure.type)}};
  add_text(details, "s", ends.sending_ip);
  add_text(details, "n", ends.mx_name);
  add_text(details, "h", ends.mx_helo);
  add_text(details, "r", ends.mx_ip);
  // RFC 8460 4.4: "a", the additional information, is a URI; we have none.
  add_text(details, "f", failure.text);
  return details;
}

json policy_of(const TlsAttempt& attempt) {
  json policy{{"policy-type", policy_number(attempt.policy.type)},
              {"policy-domain", attempt.policy.domain}};
  add_list(policy, "policy-string", attempt.policy.strings);
  add_list(policy, "mx-host", attempt.policy.mx_hosts);
  if (attempt.failure)
    policy["failure-details"] = json::array({failure_details(*attempt.failure, attempt.ends)});
  const int failures = attempt.failure ? 1 : 0;
  policy["t"] = failures;
  policy["f"] = failures;
  return policy;
}

}  // namespace

// D-175
std::string report_datagram(const TlsAttempt& attempt, const std::string& record) {
  const json datagram{{"dpv", "1"},
                      {"d", attempt.domain},
                      {"pr", record},
                      {"policies", json::array({policy_of(attempt)})}};
  return datagram.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace danesmtp

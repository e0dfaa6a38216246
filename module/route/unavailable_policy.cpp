// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/unavailable_policy.h"

namespace danesmtp {
namespace {

FailureType failure_type(StsFaultType type) {
  switch (type) {
    case StsFaultType::Invalid:
      return FailureType::StsPolicyInvalid;
    case StsFaultType::WebPki:
      return FailureType::StsWebpkiInvalid;
    case StsFaultType::Fetch:
      break;
  }
  return FailureType::StsPolicyFetchError;
}

}  // namespace

// D-172
void tell_of_unavailable(const std::optional<StsPolicy>& policy, TlsAttempt& report) {
  if (!policy || !policy->fault) return;
  report.policy = {ReportedPolicy::Sts, policy->domain};
  report.failure = TlsFailure{failure_type(policy->fault->type), policy->fault->text};
}

}  // namespace danesmtp

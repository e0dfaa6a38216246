// SPDX-License-Identifier: GPL-2.0-or-later
// Policies of MTA-STS by domain; every question is noted.
#pragma once

#include <map>
#include <string>

#include "sts/sts_policy.h"

namespace danesmtp::test {

class FakeStsPolicies final : public StsPolicies {
 public:
  std::map<std::string, StsPolicy> policies;
  std::optional<Error> failure;
  std::string asked;  // "dom.lab, ..."

  Result<std::optional<StsPolicy>> of(const DnsName& domain, Deadline) override {
    asked += (asked.empty() ? "" : ", ") + domain.text();
    if (failure) return tl::unexpected<Error>(*failure);
    const auto found = policies.find(domain.text());
    if (found == policies.end()) return std::nullopt;
    return found->second;
  }
};

}  // namespace danesmtp::test

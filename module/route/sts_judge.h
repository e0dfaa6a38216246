// SPDX-License-Identifier: GPL-2.0-or-later
// What the domain's policy of MTA-STS makes of a host for which DANE is decided: RFC 8461
// 2, 4.1, 5. It never makes a host usable that DANE has ruled out, and asks for a policy only where
// some host is left to it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/deadline.h"
#include "route/domain_plan.h"
#include "sts/sts_policy.h"

namespace danesmtp {

class StsJudge {
 public:
  // All outlive it.
  StsJudge(StsPolicies& policies, const AddressBatch& batch, const RecipientGroup& group,
           Deadline end)
      : policies_(policies), batch_(batch), group_(group), end_(end) {}

  // `host` as the MX record names it.
  void judge(const std::string& host, HostPlan& plan);

 private:
  using Policy = Result<std::optional<StsPolicy>>;

  [[nodiscard]] const Policy& policy();
  std::vector<std::string> policy_domains() const;
  bool is_mx_host(const std::string& host) const;

  StsPolicies& policies_;
  const AddressBatch& batch_;
  const RecipientGroup& group_;
  Deadline end_;
  std::optional<Policy> policy_;  // asked for once
};

}  // namespace danesmtp

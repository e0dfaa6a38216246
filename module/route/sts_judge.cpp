// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/sts_judge.h"

#include <algorithm>

#include "outcome/delivery_log.h"
#include "route/domain_renames.h"

namespace danesmtp {
namespace {

// D-180: where a host is authenticated by DANE all the way from the domain, or must not be used,
// nothing is left to say.
bool is_left_to_sts(const HostPlan& plan) {
  if (std::holds_alternative<SkipHost>(plan.policy)) return false;
  return !std::holds_alternative<Authenticate>(plan.policy) || plan.mx == MxTrust::Insecure;
}

bool names(const StsPolicy& policy, const std::string& host) {
  const auto name = DnsName::parse(host);
  return name && names_host(policy, *name);
}

bool is_completion(const DomainRename& rename, const std::string& suffixes) {
  const auto from = DnsName::of_any_kind(rename.from), to = DnsName::of_any_kind(rename.to);
  return from && to && completes(*from, *to, suffixes);
}

}  // namespace

// RFC 8461 1.1: the domain of the recipient, not what an answer that nobody validated made of it.
// Of what looks like a completion by this machine, which such an answer can, the name as written
// comes first, unless it is of one label, and then what it was completed to.
std::vector<std::string> StsJudge::policy_domains() const {
  if (group_.route == RouteKind::Fixed) return {group_.mx_names};  // RFC 8461 3.4
  std::vector<std::string> domains{group_.domain};
  for (const auto& rename : group_.renames) {
    if (!is_completion(rename, batch_.suffixes)) domains.clear();
    if (domains.empty() || rename.from.find('.') != std::string::npos)
      domains.insert(domains.begin(), rename.from);
  }
  return domains;
}

// D-188: with each delivery of a message that waits.
const StsJudge::Policy& StsJudge::policy() {
  if (policy_) return *policy_;
  policy_.emplace(std::nullopt);
  for (const auto& text : policy_domains()) {
    const auto domain = DnsName::parse(text);
    if (!domain) continue;
    auto found = policies_.of(*domain, end_);
    const bool decides = !found || (*found && !(*found)->fault);
    if (decides || !**policy_) policy_.emplace(std::move(found));
    if (decides) break;
  }
  return *policy_;
}

// RFC 8461 3.4, D-210: "smarthost.example/mx" in a route is a domain, if it is the only one; a host
// that the configuration names is none.
bool StsJudge::is_mx_host(const std::string& host) const {
  if (group_.route == RouteKind::Mx) return true;
  return DnsName::parse(group_.mx_names) &&
         std::any_of(batch_.hosts.begin(), batch_.hosts.end(),
                     [&](const BatchHost& one) { return one.mx && one.asked_name == host; });
}

void StsJudge::judge(const std::string& host, HostPlan& plan) {
  if (!is_mx_host(host) || !is_left_to_sts(plan)) return;
  const auto& found = policy();
  const bool audited = plan.enforcement == Enforcement::Audit;
  if (!found && !audited) plan.policy = SkipHost{found.error(), SkipReason::StsUnknown};
  if (!found || !*found) return;
  const StsPolicy& sts = **found;
  // RFC 8461 5.1: as without a policy.
  if (sts.fault) plan.sts_unavailable = sts;
  if (sts.fault) return;
  const bool enforced = sts.mode == StsMode::Enforce && !audited;
  const bool named = names(sts, host);
  // D-181, before it is connected to
  if (enforced && !named)
    plan.policy = SkipHost{{ErrorKind::TlsVerify, sts_unnamed_text(host, sts.domain)},
                           SkipReason::StsMismatch};
  plan.named_by_sts = enforced && named;
  // A host that its own records authenticate needs the policy's word for its name, and no more.
  if (std::holds_alternative<Authenticate>(plan.policy)) return;
  plan.sts = StsDemand{sts, enforced ? Enforcement::Full : Enforcement::Audit, named};
}

}  // namespace danesmtp

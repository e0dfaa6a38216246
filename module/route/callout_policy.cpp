// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/callout_policy.h"

#include "core/format.h"
#include "lookup/traced_resolver.h"
#include "outcome/delivery_log.h"
#include "route/attempt_verdict.h"
#include "route/domain_plan.h"

namespace danesmtp {
namespace {

CalloutPolicy callout_policy_of(const HostPlan& plan) {
  if (std::holds_alternative<SkipHost>(plan.policy)) return CalloutPolicy::Unknown;
  return is_held(plan) ? CalloutPolicy::Found : CalloutPolicy::Audited;
}

std::string text_of(const HostPlan& plan) {
  return std::holds_alternative<NoDane>(plan.policy) ? "MTA-STS: " + policy_text(*plan.sts)
                                                     : policy_text(plan.policy);
}

// The first host with something to say, in the order of the list.
CalloutAnswer answer_of(const DomainPlan& plan, const AddressBatch& batch) {
  if (plan.failure) return {CalloutPolicy::Unknown, printable(plan.failure->text)};
  if (!plan.needs_us(batch)) return {CalloutPolicy::None, ""};
  for (const auto& host : batch.hosts) {
    if (host.lookup == AddressLookup::NoneByRouter) continue;
    if (host.lookup == AddressLookup::Failed)
      return {CalloutPolicy::Unknown, format("{}: its address is not known", host.asked_name)};
    const HostPlan& one = plan.host(host);
    if (std::holds_alternative<NoDane>(one.policy) && !one.sts) continue;
    return {callout_policy_of(one), format("{}: {}", host.asked_name, printable(text_of(one)))};
  }
  return {CalloutPolicy::Unknown, "the plan has no policy for a host of the list"};
}

}  // namespace

CalloutAnswer callout_policy(MailServer& server, std::unique_ptr<Resolver> resolver,
                             StsPolicies& sts, const AddressBatch& batch, Deadline end) {
  TracedResolver traced(
      *resolver, [&](const LookUp& done) { server.debug("DANE look-up: " + to_text(done)); });
  Resolver& asked = server.debugging() ? traced : *resolver;
  for (auto& group : recipients_by_domain(batch)) {
    auto answer = answer_of(plan_domain(server, {asked, sts}, batch, std::move(group), end), batch);
    if (answer.policy != CalloutPolicy::None) return answer;
  }
  if (batch.recipients.empty() || batch.hosts.empty())
    return {CalloutPolicy::Unknown, "there is nothing to ask about"};
  return {CalloutPolicy::None, ""};
}

}  // namespace danesmtp

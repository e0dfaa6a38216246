// SPDX-License-Identifier: GPL-2.0-or-later
#include "deliver.h"

#include <algorithm>

#include "lookup/traced_resolver.h"
#include "outcome/failure_policy.h"
#include "route/attempt.h"
#include "route/attempt_report.h"
#include "route/attempt_verdict.h"
#include "route/delegated_report.h"
#include "route/domain_plan.h"
#include "route/host_loop.h"
#include "route/tls_requirement.h"

namespace danesmtp {
namespace {

// A look-up for the whole domain failed: no host can be chosen (D-005).
void defer_domain(MailServer& server, const DomainPlan& plan, const AddressBatch& batch) {
  const RecipientOutcome outcome{rule_on_failed_domain(*plan.failure).verdict};
  for (auto recipient : plan.recipients) server.set_outcome(recipient, outcome);
  // What only this message asks of the domain must not hold up others.
  if (!requires_tls(batch))
    server.retry_routing(plan.recipients.front(), plan.domain);
  else
    for (auto recipient : plan.recipients) server.retry_recipient(recipient, RetryChange::Deferred);
  tell_of_failure(server, kNoHost, plan.recipients.front(), verdict_of_failed_domain());
  const auto report = batch.reports_wanted ? report_of_failed_domain(plan.domain, *plan.failure)
                                           : std::optional<TlsAttempt>();
  if (report) server.tls_attempted(kNoHost, plan.recipients.front(), *report);
}

}  // namespace

void deliver(MailServer& server, std::unique_ptr<Resolver> resolver, AddressBatch& batch,
             Store& store, StsPolicies& sts) {
  std::vector<DomainPlan> ours;
  std::vector<RecipientIndex> delegated;
  UnavailablePolicies unavailable;
  TracedResolver traced(
      *resolver, [&](const LookUp& done) { server.debug("DANE look-up: " + to_text(done)); });
  Resolver& asked = server.debugging() ? traced : *resolver;
  const auto look_ups_end = Deadline::in(kLookUps);
  for (auto& group : recipients_by_domain(batch)) {
    auto plan = plan_domain(server, {asked, sts}, batch, std::move(group), look_ups_end);
    if (const auto* policy = plan.unavailable_policy()) unavailable.emplace(plan.domain, *policy);
    if (plan.needs_us(batch))
      ours.push_back(std::move(plan));
    else
      delegated.insert(delegated.end(), plan.recipients.begin(), plan.recipients.end());
  }
  resolver.reset();
  std::sort(delegated.begin(), delegated.end());
  if (!delegated.empty()) server.delegate(delegated);
  if (batch.reports_wanted) report_delegated(server, batch, delegated, unavailable);
  if (ours.empty()) return;

  const AttemptHost attempt = [&](MailServer& to, const AddressBatch& of,
                                  const AttemptRequest& request) {
    return attempt_host(to, of, request, store);
  };
  server.take_over(batch);
  for (auto& plan : ours) plan.last = &plan == &ours.back();
  for (const auto& plan : ours) {
    server.about(plan.recipients);
    if (plan.failure)
      defer_domain(server, plan, batch);
    else
      try_hosts(server, batch, plan, attempt);
  }
}

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/attempt_recipients.h"

#include <algorithm>

#include "route/attempt_verdict.h"

namespace danesmtp {
namespace {

using std::chrono::microseconds;
using SteadyClock = std::chrono::steady_clock;

AttemptEnd end_of(const FailureRuling& ruling) {
  if (ruling.scope == FailureScope::Delivery) return AttemptEnd::Stop;
  if (ruling.scope == FailureScope::Host) return AttemptEnd::HostDeferred;
  if (ruling.scope == FailureScope::Unsuited) return AttemptEnd::Unsuited;
  return ruling.scope == FailureScope::Message && ruling.verdict.status == Status::Deferred
             ? AttemptEnd::MessageDeferred
             : AttemptEnd::Worked;
}

}  // namespace

AttemptRecipients::AttemptRecipients(const AttemptContext& attempt)
    : server_(attempt.server),
      held_to_(is_held(attempt.request.plan) ? std::optional(policy_over(attempt.request.plan))
                                             : std::nullopt),
      undecided_(attempt.request.recipients) {}

std::vector<RecipientIndex> AttemptRecipients::next(std::size_t most) const {
  auto count = static_cast<std::ptrdiff_t>(std::min(most, undecided_.size()));
  return {undecided_.begin(), undecided_.begin() + count};
}

void AttemptRecipients::set_outcome(RecipientIndex recipient, RecipientOutcome& outcome) {
  outcome.duration = std::chrono::duration_cast<microseconds>(SteadyClock::now() - started_);
  server_.set_outcome(recipient, outcome);
  if (outcome.verdict.status != Status::Deferred) settled_one_ = true;
}

void AttemptRecipients::delivered(RecipientIndex recipient, RecipientOutcome outcome) {
  outcome.verdict.status = Status::Delivered;
  set_outcome(recipient, outcome);
}

void AttemptRecipients::decided(RecipientIndex recipient) {
  std::erase(undecided_, recipient);
}

void AttemptRecipients::report(RecipientIndex recipient, const ConnectionFacts& facts,
                               const RecipientVerdict& verdict) {
  RecipientOutcome outcome{verdict, facts};
  set_outcome(recipient, outcome);
  if (verdict.status == Status::Deferred) waiting_.push_back(recipient);
}

AttemptResult AttemptRecipients::give_up(const ConnectionFacts& facts,
                                         const FailureRuling& ruling) {
  const FailureRuling told = held_to_ ? under_policy(*held_to_, ruling) : ruling;
  for (auto recipient : undecided_) report(recipient, facts, told.verdict);
  if (ruling.scope == FailureScope::Recipient && !all_decided())
    server_.retry_recipient(undecided_.front(), RetryChange::Deferred);
  return {end_of(ruling), ruling, false, waiting_};
}

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// The recipients of an attempt on one host, over all of its connections: who is still to be
// decided, and what each was told. What is known of the peer comes with each report: the next
// connection may reach another machine. What a failure means it is told, by a ruling.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include "outcome/failure_policy.h"
#include "route/attempt.h"
#include "route/attempt_context.h"

namespace danesmtp {

class AttemptRecipients {
 public:
  explicit AttemptRecipients(const AttemptContext& attempt);

  bool all_decided() const { return undecided_.empty(); }
  std::size_t left() const { return undecided_.size(); }  // undecided
  bool settled_one() const { return settled_one_; }
  std::vector<RecipientIndex> next(std::size_t most) const;

  void delivered(RecipientIndex recipient, RecipientOutcome outcome);
  // Of a recipient that was refused or has to wait.
  void report(RecipientIndex recipient, const ConnectionFacts& facts,
              const RecipientVerdict& verdict);
  void decided(RecipientIndex recipient);

  // A connection has done all that it could.
  AttemptResult worked() const { return {AttemptEnd::Worked, {}, false, waiting_}; }
  // A failure ends the attempt: those that are left are told of it, in the words that a DANE policy
  // has for it where it is one's.
  AttemptResult give_up(const ConnectionFacts& facts, const FailureRuling& ruling);

 private:
  void set_outcome(RecipientIndex recipient, RecipientOutcome& outcome);

  MailServer& server_;
  std::optional<PolicyOf> held_to_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::vector<RecipientIndex> undecided_;  // in order
  std::vector<RecipientIndex> waiting_;    // deferred
  bool settled_one_ = false;               // a recipient was delivered, or refused for good
};

}  // namespace danesmtp

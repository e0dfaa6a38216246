// SPDX-License-Identifier: GPL-2.0-or-later
// Where it is said what became of a delivery: outcomes, the journal, retry records. What a failure
// means is decided in outcome/failure_policy.
#pragma once

#include <string>
#include <vector>

#include "server/index.h"
#include "server/recipient_result.h"

namespace danesmtp {

enum class RetryChange { Deferred, Worked };

class Results {
 public:
  Results() = default;
  virtual ~Results() = default;
  Results(const Results&) = delete;
  Results& operator=(const Results&) = delete;

  virtual void set_outcome(RecipientIndex recipient, const RecipientOutcome& outcome) = 0;
  // They are delivered from here on, whatever follows, also without an outcome.
  virtual void journal(const std::vector<RecipientIndex>& recipients) = 0;
  // Exim's own smtp driver delivers these recipients.
  virtual void delegate(const std::vector<RecipientIndex>& recipients) = 0;

  // Retry records; the recipient's outcome must have been set.
  virtual void retry_host(HostIndex host, RecipientIndex recipient, RetryChange change) = 0;
  virtual void retry_message(HostIndex host, RecipientIndex recipient, RetryChange change) = 0;
  virtual void retry_recipient(RecipientIndex recipient, RetryChange change) = 0;
  virtual void retry_skipped(RecipientIndex recipient) = 0;  // it must not time out by this attempt
  virtual void retry_routing(RecipientIndex recipient, const std::string& name) = 0;
};

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// Where it is said what became of a delivery: outcomes, the journal, retry records. What a failure
// means is decided in outcome/failure_policy.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "server/recipient_result.h"

namespace danesmtp {

enum class RetryChange { Deferred, Worked };

class Results {
 public:
  Results() = default;
  virtual ~Results() = default;
  Results(const Results&) = delete;
  Results& operator=(const Results&) = delete;

  virtual void set_outcome(std::size_t recipient, const RecipientOutcome& outcome) = 0;
  // They are delivered from here on, whatever follows, also without an outcome.
  virtual void journal(const std::vector<std::size_t>& recipients) = 0;
  // Exim's own smtp driver delivers these recipients.
  virtual void delegate(const std::vector<std::size_t>& recipients) = 0;

  // Retry records; the recipient's outcome must have been set.
  virtual void retry_host(std::size_t host, std::size_t recipient, RetryChange change) = 0;
  virtual void retry_message(std::size_t host, std::size_t recipient, RetryChange change) = 0;
  virtual void retry_recipient(std::size_t recipient, RetryChange change) = 0;
  virtual void retry_skipped(std::size_t recipient) = 0;  // it must not time out by this attempt
  virtual void retry_routing(std::size_t recipient, const std::string& name) = 0;
};

}  // namespace danesmtp

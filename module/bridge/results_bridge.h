// SPDX-License-Identifier: GPL-2.0-or-later
// The Results as Exim's fields, journal and retry records want them. Conversions only; no decision.
#pragma once

#include "bridge/exim_link.h"
#include "server/results.h"

namespace danesmtp {

class ResultsBridge : public virtual Results {
 public:
  explicit ResultsBridge(const EximLink& exim) : exim_(exim) {}

  void set_outcome(std::size_t recipient, const RecipientOutcome& outcome) override;
  void journal(const std::vector<std::size_t>& recipients) override;
  void delegate(const std::vector<std::size_t>& recipients) override;
  void retry_host(std::size_t host, std::size_t recipient, RetryChange change) override;
  void retry_message(std::size_t host, std::size_t recipient, RetryChange change) override;
  void retry_recipient(std::size_t recipient, RetryChange change) override;
  void retry_skipped(std::size_t recipient) override;
  void retry_routing(std::size_t recipient, const std::string& name) override;

 private:
  EximLink exim_;
};

}  // namespace danesmtp

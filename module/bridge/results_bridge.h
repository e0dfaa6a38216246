// SPDX-License-Identifier: GPL-2.0-or-later
// The Results as Exim's fields, journal and retry records want them. Conversions only; no decision.
#pragma once

#include "bridge/exim_link.h"
#include "server/results.h"

namespace danesmtp {

class ResultsBridge : public virtual Results {
 public:
  explicit ResultsBridge(const EximLink& exim) : exim_(exim) {}

  void set_outcome(RecipientIndex recipient, const RecipientOutcome& outcome) override;
  void journal(const std::vector<RecipientIndex>& recipients) override;
  void delegate(const std::vector<RecipientIndex>& recipients) override;
  void retry_host(HostIndex host, RecipientIndex recipient, RetryChange change) override;
  void retry_message(HostIndex host, RecipientIndex recipient, RetryChange change) override;
  void retry_recipient(RecipientIndex recipient, RetryChange change) override;
  void retry_skipped(RecipientIndex recipient) override;
  void retry_routing(RecipientIndex recipient, const std::string& name) override;

 private:
  EximLink exim_;
};

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// Outcomes by recipient; what leaves a trace in a real Exim is a line of `calls`.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/format.h"
#include "fakes/fake_state.h"
#include "server/results.h"

namespace danesmtp::test {

class FakeResults : public virtual Results, public virtual FakeState {
 public:
  std::map<RecipientIndex, RecipientOutcome> outcomes;
  std::vector<RecipientIndex> delegated;

  void set_outcome(RecipientIndex recipient, const RecipientOutcome& outcome) override {
    outcomes[recipient] = outcome;
  }
  void journal(const std::vector<RecipientIndex>& recipients) override {
    for (auto recipient : recipients) calls.push_back(format("journal {}", recipient.value()));
  }
  void retry_host(HostIndex host, RecipientIndex recipient, RetryChange change) override {
    if (change == RetryChange::Deferred)
      calls.push_back(format("retry_host {} {}", host.value(), recipient.value()));
  }
  void retry_message(HostIndex host, RecipientIndex recipient, RetryChange change) override {
    if (change == RetryChange::Deferred)
      calls.push_back(format("retry_message {} {}", host.value(), recipient.value()));
  }
  void retry_recipient(RecipientIndex recipient, RetryChange change) override {
    if (change == RetryChange::Deferred)
      calls.push_back(format("retry_recipient {}", recipient.value()));
  }
  void retry_skipped(RecipientIndex recipient) override {
    calls.push_back(format("retry_skipped {}", recipient.value()));
  }
  void retry_routing(RecipientIndex recipient, const std::string& name) override {
    calls.push_back(format("retry_routing {} {}", recipient.value(), name));
  }
  void delegate(const std::vector<RecipientIndex>& recipients) override { delegated = recipients; }
};

}  // namespace danesmtp::test

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
  std::map<std::size_t, RecipientOutcome> outcomes;
  std::vector<std::size_t> delegated;

  void set_outcome(std::size_t recipient, const RecipientOutcome& outcome) override {
    outcomes[recipient] = outcome;
  }
  void journal(const std::vector<std::size_t>& recipients) override {
    for (auto recipient : recipients) calls.push_back(format("journal {}", recipient));
  }
  void retry_host(std::size_t host, std::size_t recipient, RetryChange change) override {
    if (change == RetryChange::Deferred)
      calls.push_back(format("retry_host {} {}", host, recipient));
  }
  void retry_message(std::size_t host, std::size_t recipient, RetryChange change) override {
    if (change == RetryChange::Deferred)
      calls.push_back(format("retry_message {} {}", host, recipient));
  }
  void retry_recipient(std::size_t recipient, RetryChange change) override {
    if (change == RetryChange::Deferred) calls.push_back(format("retry_recipient {}", recipient));
  }
  void retry_skipped(std::size_t recipient) override {
    calls.push_back(format("retry_skipped {}", recipient));
  }
  void retry_routing(std::size_t recipient, const std::string& name) override {
    calls.push_back(format("retry_routing {} {}", recipient, name));
  }
  void delegate(const std::vector<std::size_t>& recipients) override { delegated = recipients; }
};

}  // namespace danesmtp::test

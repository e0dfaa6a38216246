// SPDX-License-Identifier: GPL-2.0-or-later
// Events as lines of `calls`; the answers are the test's.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/format.h"
#include "fakes/fake_state.h"
#include "server/events.h"

namespace danesmtp::test {

class FakeEvents : public virtual Events, public virtual FakeState {
 public:
  std::string steps;
  std::vector<TlsVariables> tls_variables;
  std::map<std::string, std::string> event_answers;

  void set_tls_variables(const TlsVariables& variables) override {
    tls_variables.push_back(variables);
  }
  void session_step(char letter) override { steps += letter; }
  void event(HostIndex, RecipientIndex, const char* name, const std::string& data) override {
    calls.push_back(format("event {} {}", name, data));
  }
  std::string ask_event(HostIndex, RecipientIndex, const char* name,
                        const std::string& data) override {
    calls.push_back(format("ask {} {}", name, data));
    return event_answers[name];
  }
};

}  // namespace danesmtp::test

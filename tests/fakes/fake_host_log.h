// SPDX-License-Identifier: GPL-2.0-or-later
// Log lines as lines of `calls`, debug output as one text.
#pragma once

#include <string>

#include "core/format.h"
#include "fakes/fake_state.h"
#include "server/host_log.h"

namespace danesmtp::test {

class FakeHostLog : public virtual HostLog, public virtual FakeState {
 public:
  std::string debug_output;

  void note(std::string_view line) override { calls.push_back("note " + std::string(line)); }
  bool debugging() const override { return true; }
  void debug(std::string_view line) override { debug_output += std::string(line) + "\n"; }
  void log_host(HostIndex host, const std::string& text, int system_errno) override {
    calls.push_back(format("log_host {} {}/{}", host.value(), text, system_errno));
  }
  void log_message(HostIndex host, const std::string& text) override {
    calls.push_back(format("log_message {} {}", host.value(), text));
  }

  void log_refusal(HostIndex host, const std::string& text) override {
    calls.push_back(format("log_refusal {} {}", host.value(), text));
  }
};

}  // namespace danesmtp::test

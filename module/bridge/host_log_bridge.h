// SPDX-License-Identifier: GPL-2.0-or-later
// Exim's logs and debug output as the HostLog. Conversions only; no decision.
#pragma once

#include "bridge/exim_link.h"
#include "server/host_log.h"

namespace danesmtp {

class HostLogBridge : public virtual HostLog {
 public:
  explicit HostLogBridge(const EximLink& exim) : exim_(exim) {}

  void note(std::string_view line) override;
  bool debugging() const override;
  void debug(std::string_view line) override;
  void dialogue(std::string_view line) override;
  void log_host(HostIndex host, const std::string& text, int system_errno) override;
  void log_message(HostIndex host, const std::string& text) override;
  void log_refusal(HostIndex host, const std::string& text) override;

 private:
  EximLink exim_;
};

}  // namespace danesmtp

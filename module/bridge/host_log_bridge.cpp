// SPDX-License-Identifier: GPL-2.0-or-later
#include "bridge/host_log_bridge.h"

#include "core/format.h"

namespace danesmtp {

void HostLogBridge::note(std::string_view line) {
  exim_.services.log_main(exim_.handle, std::string(line).c_str());
}

bool HostLogBridge::debugging() const {
  return exim_.services.debugging(exim_.handle) == DANESMTP_DEBUG_ALL;
}

void HostLogBridge::debug(std::string_view line) {
  if (debugging()) exim_.services.debug(exim_.handle, std::string(line).c_str());
}

void HostLogBridge::dialogue(std::string_view line) {
  // Indented as the lines of Exim's own driver are.
  if (exim_.services.debugging(exim_.handle) != DANESMTP_DEBUG_NOTHING)
    exim_.services.debug(exim_.handle, format("  {}", line).c_str());
}

void HostLogBridge::log_host(HostIndex host, const std::string& text, int system_errno) {
  exim_.services.log_host(exim_.handle, host.value(), text.c_str(), system_errno);
}

void HostLogBridge::log_message(HostIndex host, const std::string& text) {
  exim_.services.message_log(exim_.handle, host.value(), text.c_str());
}

void HostLogBridge::log_refusal(HostIndex host, const std::string& text) {
  exim_.services.log_refusal(exim_.handle, host.value(), text.c_str());
}

}  // namespace danesmtp

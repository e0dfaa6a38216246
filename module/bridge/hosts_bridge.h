// SPDX-License-Identifier: GPL-2.0-or-later
// Exim's hosts and retry database as the Hosts. Conversions only; no decision.
#pragma once

#include "bridge/exim_link.h"
#include "server/hosts.h"

namespace danesmtp {

class HostsBridge : public virtual Hosts {
 public:
  explicit HostsBridge(const EximLink& exim) : exim_(exim) {}

  void take_over(AddressBatch& batch) override;
  Result<HostState> host_state(HostIndex host, std::uint16_t port) override;
  void leave_host(HostIndex host) override;
  bool tried_since_arrival(HostIndex host) override;
  std::string last_failure(HostIndex host) override;
  bool retries_over(HostIndex host) override;
  tl::expected<UniqueFd, ConnectFailure> connect(HostIndex host, std::uint16_t port) override;

 private:
  EximLink exim_;
};

}  // namespace danesmtp

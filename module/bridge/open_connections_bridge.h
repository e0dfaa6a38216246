// SPDX-License-Identifier: GPL-2.0-or-later
// The connection that Exim keeps between two messages as the OpenConnections. Conversions only; no
// decision.
#pragma once

#include "bridge/exim_link.h"
#include "server/open_connections.h"

namespace danesmtp {

class OpenConnectionsBridge : public virtual OpenConnections {
 public:
  explicit OpenConnectionsBridge(const EximLink& exim) : exim_(exim) {}

  std::optional<OpenConnection> open_connection() override;
  UniqueFd use_open_connection() override;
  void end_open_connection() override;
  bool further_message(HostIndex host, std::size_t transactions, std::size_t most) override;
  void leave_open(UniqueFd socket, const OpenConnection& open) override;

 private:
  EximLink exim_;
};

}  // namespace danesmtp

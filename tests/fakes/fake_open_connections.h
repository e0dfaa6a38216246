// SPDX-License-Identifier: GPL-2.0-or-later
// A connection that an earlier message has left, and the one that is left.
#pragma once

#include <optional>
#include <utility>

#include "fakes/fake_state.h"
#include "server/open_connections.h"

namespace danesmtp::test {

class FakeOpenConnections : public virtual OpenConnections, public virtual FakeState {
 public:
  std::optional<OpenConnection> open;  // its socket is `open_socket`
  UniqueFd open_socket;
  bool message_waits = false;
  std::optional<OpenConnection> left_open;

  std::optional<OpenConnection> open_connection() override { return open; }
  UniqueFd use_open_connection() override {
    calls.emplace_back("use_open");
    open.reset();
    return std::move(open_socket);
  }
  void end_open_connection() override {
    calls.emplace_back("end_open");
    open.reset();
    open_socket.reset();
  }
  bool further_message(HostIndex, std::size_t transactions, std::size_t most) override {
    return message_waits && transactions < most;
  }
  void leave_open(UniqueFd socket, const OpenConnection& connection) override {
    left_open = connection;
    open_socket = std::move(socket);
  }
};

}  // namespace danesmtp::test

// SPDX-License-Identifier: GPL-2.0-or-later
// Hosts in the states that the test gives them. connect() hands out the sockets that the test put
// into `sockets`, by host.
#pragma once

#include <cerrno>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/format.h"
#include "fakes/fake_state.h"
#include "server/hosts.h"

namespace danesmtp::test {

class FakeHosts : public virtual Hosts, public virtual FakeState {
 public:
  std::map<HostIndex, HostState> states;  // Usable if absent
  std::optional<Error> interface_error;
  std::set<HostIndex> tried_lately, too_old_for;
  std::map<HostIndex, std::string> last_failures;  // host -> the text of its retry record
  std::map<HostIndex, UniqueFd> sockets;
  std::vector<UniqueFd> later_sockets;  // for further connections, in order

  void take_over(AddressBatch&) override { calls.push_back("take_over"); }
  Result<HostState> host_state(HostIndex host, std::uint16_t) override {
    if (interface_error) return tl::unexpected(*interface_error);
    auto found = states.find(host);
    return found == states.end() ? HostState::Usable : found->second;
  }
  void leave_host(HostIndex host) override { calls.push_back(format("leave {}", host.value())); }
  bool tried_since_arrival(HostIndex host) override { return tried_lately.count(host) != 0; }
  std::string last_failure(HostIndex host) override { return last_failures[host]; }
  bool retries_over(HostIndex host) override { return too_old_for.count(host) != 0; }
  tl::expected<UniqueFd, ConnectFailure> connect(HostIndex host, std::uint16_t port) override {
    calls.push_back(format("connect {}:{}", host.value(), port));
    auto found = sockets.find(host);
    if (found != sockets.end()) {
      auto socket = std::move(found->second);
      sockets.erase(found);
      return socket;
    }
    if (later_sockets.empty()) return tl::unexpected(ConnectFailure{ECONNREFUSED, false});
    auto socket = std::move(later_sockets.front());
    later_sockets.erase(later_sockets.begin());
    return socket;
  }
};

}  // namespace danesmtp::test

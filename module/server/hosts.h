// SPDX-License-Identifier: GPL-2.0-or-later
// The hosts of the batch as the mail server knows them: what its retry database says of each, and a
// TCP connection to one. Which host is tried is not decided here.
#pragma once

#include <cstdint>
#include <string>

#include "core/result.h"
#include "net/unique_fd.h"
#include "server/address_batch.h"
#include "server/failure.h"
#include "server/index.h"

namespace danesmtp {

enum class HostState {
  Usable,
  UsableExpired,  // its retry time has come; all its retries were used up before
  Waiting,        // its retry time has not come
  Expired,        // as above, and its retries are used up
  NoAddress,      // permanently
  AddressLater,   // the address look-up failed for now
  Local,          // is this machine
  Busy,           // serialize_hosts: another delivery has a connection to it
};

class Hosts {
 public:
  Hosts() = default;
  virtual ~Hosts() = default;
  Hosts(const Hosts&) = delete;
  Hosts& operator=(const Hosts&) = delete;

  // We deliver from here on: ends a connection that is open from an earlier message of Exim's own
  // driver. The tool looks up addresses here, and numbers the hosts anew.
  virtual void take_over(AddressBatch& batch) = 0;
  // Reads the retry database, sets $host; a usable host must be left again by leave_host().
  // BadInput: the option `interface` cannot be used, for this host or any other.
  virtual Result<HostState> host_state(HostIndex host, std::uint16_t port) = 0;
  virtual void leave_host(HostIndex host) = 0;
  virtual bool tried_since_arrival(HostIndex host) = 0;
  // What the retry record keeps of the host's last failure; empty: nothing. After host_state().
  virtual std::string last_failure(HostIndex host) = 0;
  // Is the message older than the last retry rule of the host?
  virtual bool retries_over(HostIndex host) = 0;
  virtual tl::expected<UniqueFd, ConnectFailure> connect(HostIndex host, std::uint16_t port) = 0;
};

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// The connection that one message leaves to the next. Whether it may be used, and may be left, is
// not decided here.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "net/unique_fd.h"
#include "server/index.h"

namespace danesmtp {

// A connection that the delivery of an earlier message has left open.
struct OpenConnection {
  HostIndex host;
  std::string mark;              // what we said of it then: route/connection_mark
  std::string cipher;            // as in the log's X=
  std::size_t transactions = 0;  // on it so far
};

class OpenConnections {
 public:
  OpenConnections() = default;
  virtual ~OpenConnections() = default;
  OpenConnections(const OpenConnections&) = delete;
  OpenConnections& operator=(const OpenConnections&) = delete;

  // After Hosts::take_over(): one of ours that is open from an earlier message, until one of the
  // two following is called.
  virtual std::optional<OpenConnection> open_connection() = 0;
  virtual UniqueFd use_open_connection() = 0;
  virtual void end_open_connection() = 0;

  // Whether a further message can go to the host on the connection that has served `transactions`,
  // of `most`; and leaves the connection to it.
  virtual bool further_message(HostIndex host, std::size_t transactions, std::size_t most) = 0;
  virtual void leave_open(UniqueFd socket, const OpenConnection& connection) = 0;
};

}  // namespace danesmtp

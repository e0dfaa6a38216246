// SPDX-License-Identifier: GPL-2.0-or-later
// recv(2) and send(2) of the program that this is linked into, seen before they are done.
#pragma once

#include <cstddef>

namespace danesmtp::test {

class SocketWatch {
 public:
  SocketWatch() = default;
  virtual ~SocketWatch() = default;
  SocketWatch(const SocketWatch&) = delete;
  SocketWatch& operator=(const SocketWatch&) = delete;

  virtual void before(int fd) = 0;
  virtual void sent(int fd) = 0;
  virtual void received(int fd, std::size_t octets) = 0;
};

// Null: nobody watches.
extern SocketWatch* socket_watch;

}  // namespace danesmtp::test

// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit/model/socket_hooks.h"

#include <sys/socket.h>

namespace danesmtp::test {

SocketWatch* socket_watch = nullptr;

}  // namespace danesmtp::test

using danesmtp::test::socket_watch;

extern "C" ssize_t recv(int fd, void* into, std::size_t size, int flags) {
  if (socket_watch != nullptr) socket_watch->before(fd);
  const ssize_t got = ::recvfrom(fd, into, size, flags, nullptr, nullptr);
  const bool kept = got > 0 && (flags & MSG_PEEK) == 0;
  if (socket_watch != nullptr && kept) socket_watch->received(fd, static_cast<std::size_t>(got));
  return got;
}

extern "C" ssize_t send(int fd, const void* octets, std::size_t size, int flags) {
  if (socket_watch != nullptr) socket_watch->before(fd);
  const ssize_t put = ::sendto(fd, octets, size, flags, nullptr, 0);
  if (socket_watch != nullptr && put > 0) socket_watch->sent(fd);
  return put;
}

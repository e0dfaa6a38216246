// SPDX-License-Identifier: GPL-2.0-or-later
// poll(2) around recv(2) and send(2): each operation is tried first and waited for only when the
// socket is not ready.
#include "net/socket_io.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "core/format.h"

namespace danesmtp {
namespace {

tl::unexpected<Error> socket_failure(const char* what, int code) {
  bool gone = code == ECONNRESET || code == EPIPE || code == ENOTCONN;
  return fail(gone ? ErrorKind::Disconnected : ErrorKind::Io,
              format("{}: {}", what, std::strerror(code)));
}

bool would_block(int code) {
  return code == EAGAIN || code == EWOULDBLOCK;
}

}  // namespace

Result<void> wait_for(int fd, SocketEvent event, Deadline deadline) {
  pollfd poller{fd, static_cast<short>(event == SocketEvent::Readable ? POLLIN : POLLOUT), 0};
  while (!deadline.passed()) {
    int ready = ::poll(&poller, 1, deadline.left());
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return socket_failure("poll", errno);
  }
  return fail(ErrorKind::Timeout, event == SocketEvent::Readable
                                      ? "timeout while waiting for the peer to send"
                                      : "timeout while sending to the peer");
}

Result<std::size_t> read_some(int fd, std::span<std::uint8_t> into, Deadline deadline) {
  for (;;) {
    ssize_t got = ::recv(fd, into.data(), into.size(), 0);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR && !would_block(errno)) return socket_failure("read", errno);
    auto ready = wait_for(fd, SocketEvent::Readable, deadline);
    if (!ready) return tl::unexpected(ready.error());
  }
}

Result<std::size_t> write_some(int fd, ByteView bytes, Deadline deadline) {
  for (;;) {
    ssize_t put = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put >= 0) return static_cast<std::size_t>(put);
    if (errno != EINTR && !would_block(errno)) return socket_failure("write", errno);
    auto ready = wait_for(fd, SocketEvent::Writable, deadline);
    if (!ready) return tl::unexpected(ready.error());
  }
}

bool has_input(int fd) {
  std::uint8_t octet = 0;
  return ::recv(fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

Result<void> write_all(int fd, ByteView bytes, Deadline deadline) {
  while (!bytes.empty()) {
    auto put = write_some(fd, bytes, deadline);
    if (!put) return tl::unexpected(put.error());
    bytes = bytes.subspan(*put);
  }
  return {};
}

}  // namespace danesmtp

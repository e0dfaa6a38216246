// SPDX-License-Identifier: GPL-2.0-or-later
#include "tlsrpt/collector.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "core/format.h"
#include "tlsrpt/datagram.h"

namespace danesmtp {

tl::unexpected<Error> Collector::failed() const {
  return fail(ErrorKind::Io, format("{}: {}", path_, std::strerror(errno)));
}

// Connected: whether anybody is there is known before there is anything to say.
Result<void> Collector::open() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof(address.sun_path))
    return fail(ErrorKind::BadInput, format("{}: longer than a socket's path can be", path_));
  std::memcpy(address.sun_path, path_.c_str(), path_.size() + 1);
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket ||
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return failed();
  socket_ = std::move(socket);
  return {};
}

// D-173
Result<void> Collector::send(const std::string& datagram) {
  if (datagram.size() > kLongestDatagram)
    return fail(ErrorKind::BadInput,
                format("{}: a report of {} octets is too long", path_, datagram.size()));
  if (!socket_)
    if (auto opened = open(); !opened) return opened;
  if (::send(socket_.get(), datagram.data(), datagram.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
    return failed();
  return {};
}

}  // namespace danesmtp

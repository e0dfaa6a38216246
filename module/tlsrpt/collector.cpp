// SPDX-License-Identifier: GPL-2.0-or-later
#include "tlsrpt/collector.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "core/format.h"
#include "tlsrpt/datagram.h"

namespace danesmtp {

// D-173
Result<void> Collector::send(const std::string& datagram) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof(address.sun_path))
    return fail(ErrorKind::BadInput, format("{}: longer than a socket's path can be", path_));
  if (datagram.size() > kLongestDatagram)
    return fail(ErrorKind::BadInput,
                format("{}: a report of {} octets is too long", path_, datagram.size()));
  std::memcpy(address.sun_path, path_.c_str(), path_.size() + 1);
  if (!socket_) socket_ = UniqueFd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto sent = socket_ ? ::sendto(socket_.get(), datagram.data(), datagram.size(),
                                       MSG_DONTWAIT | MSG_NOSIGNAL,
                                       reinterpret_cast<const sockaddr*>(&address), sizeof(address))
                            : -1;
  if (sent >= 0) return {};
  return fail(ErrorKind::Io, format("{}: {}", path_, std::strerror(errno)));
}

}  // namespace danesmtp

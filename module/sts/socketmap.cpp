// SPDX-License-Identifier: GPL-2.0-or-later
#include "sts/socketmap.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "core/format.h"
#include "net/socket_io.h"
#include "net/unique_fd.h"
#include "sts/netstring.h"

namespace danesmtp {
namespace {

struct Place {
  sockaddr_storage address{};
  socklen_t size = 0;
};

template <class Address>
Place place_of(const Address& address) {
  Place place;
  std::memcpy(&place.address, &address, sizeof(address));
  place.size = sizeof(address);
  return place;
}

Place place_of(const danesmtp_socketmap& map) {
  if (map.port == 0) {
    sockaddr_un path{};
    path.sun_family = AF_UNIX;
    std::memcpy(path.sun_path, map.place, std::min(sizeof(path.sun_path), sizeof(map.place)));
    return place_of(path);
  }
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(map.port);
  if (::inet_pton(AF_INET6, map.place, &six.sin6_addr) == 1) return place_of(six);
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = htons(map.port);
  ::inet_pton(AF_INET, map.place, &four.sin_addr);
  return place_of(four);
}

tl::unexpected<Error> system_failure(int code) {
  return fail(ErrorKind::Io, std::strerror(code));
}

// A queue of connections that is full makes connect(2) on a path fail at once unless it may wait.
void limit_connect(int fd, Deadline deadline) {
  const int left = std::max(1, deadline.left());
  const timeval limit{left / 1000, (left % 1000) * 1000L};
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

Result<UniqueFd> connect_to(const danesmtp_socketmap& map, Deadline deadline) {
  const Place place = place_of(map);
  UniqueFd fd(::socket(place.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return system_failure(errno);
  for (;;) {
    limit_connect(fd.get(), deadline);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&place.address), place.size) == 0)
      break;
    if (errno == EISCONN) break;
    if (errno == EAGAIN || errno == EINPROGRESS || (errno == EINTR && deadline.passed()))
      return fail(ErrorKind::Timeout, "timeout while connecting");
    if (errno != EINTR) return system_failure(errno);
  }
  if (::fcntl(fd.get(), F_SETFL, O_NONBLOCK) != 0) return system_failure(errno);
  return fd;
}

Result<std::string> read_answer(int fd, Deadline deadline) {
  std::string octets;
  std::array<std::uint8_t, 4096> some{};
  for (;;) {
    const auto got = read_some(fd, some, deadline);
    if (!got) return tl::unexpected(got.error());
    if (*got == 0) return fail(ErrorKind::Disconnected, "the connection is closed");
    octets += as_text(ByteView(some).first(*got));
    auto answer = netstring_in(octets);
    if (!answer) return tl::unexpected(answer.error());
    if (*answer) return **std::move(answer);
  }
}

}  // namespace

std::string to_text(const danesmtp_socketmap& map) {
  if (map.port == 0) return format("unix:{}", map.place);
  const bool six = std::strchr(map.place, ':') != nullptr;
  return format("inet:{}{}{}:{}", six ? "[" : "", map.place, six ? "]" : "", map.port);
}

// D-186
Result<std::string> ask_socketmap(const danesmtp_socketmap& map, std::string_view key,
                                  Deadline deadline) {
  const auto fd = connect_to(map, deadline);
  if (!fd) return tl::unexpected(fd.error());
  const auto question = netstring_of(format("{} {}", map.map, key));
  const auto sent = write_all(fd->get(), as_bytes(question), deadline);
  if (!sent) return tl::unexpected(sent.error());
  return read_answer(fd->get(), deadline);
}

}  // namespace danesmtp

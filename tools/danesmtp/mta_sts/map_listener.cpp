// SPDX-License-Identifier: GPL-2.0-or-later
#include "map_listener.h"

#include <arpa/inet.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/bytes.h"
#include "core/format.h"
#include "sts/socketmap.h"

namespace danesmtp::tool {
namespace {

constexpr int kQueue = 128;
constexpr mode_t kMode = 0660;
constexpr mode_t kNobodyYet = 0777;

tl::unexpected<Error> failure(const danesmtp_socketmap& place) {
  return fail(ErrorKind::Io, format("{}: {}", to_text(place), std::strerror(errno)));
}

sockaddr_un path_of(const danesmtp_socketmap& place) {
  sockaddr_un path{};
  path.sun_family = AF_UNIX;
  std::memcpy(path.sun_path, place.place, std::min(sizeof(path.sun_path), sizeof(place.place)));
  return path;
}

UniqueFd socket_of(int family) {
  return UniqueFd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

template <class Address>
bool bind_to(int fd, const Address& address) {
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

// Nobody has listened there since its owner ended.
bool is_left_over(const sockaddr_un& path) {
  struct stat facts {};
  if (::lstat(path.sun_path, &facts) != 0 || !S_ISSOCK(facts.st_mode)) return false;
  const auto fd = socket_of(AF_UNIX);
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&path), sizeof(path)) != 0 &&
         errno == ECONNREFUSED;
}

Result<gid_t> group_id(const std::string& name) {
  if (name.empty()) return ::getegid();
  const auto* group = ::getgrnam(name.c_str());
  if (group == nullptr)
    return fail(ErrorKind::BadInput, format("--group: there is no group {}", printable(name)));
  return group->gr_gid;
}

Result<UniqueFd> bound_to_path(const danesmtp_socketmap& place, const std::string& group) {
  const auto gid = group_id(group);
  if (!gid) return tl::unexpected(gid.error());
  const auto path = path_of(place);
  if (is_left_over(path)) ::unlink(path.sun_path);
  auto fd = socket_of(AF_UNIX);
  const mode_t before = ::umask(kNobodyYet);
  const bool bound = fd && bind_to(fd.get(), path);
  const int why = errno;
  ::umask(before);
  errno = why;
  if (!bound || (!group.empty() && ::chown(path.sun_path, static_cast<uid_t>(-1), *gid) != 0) ||
      ::chmod(path.sun_path, kMode) != 0)
    return failure(place);
  return fd;
}

Result<UniqueFd> bound_to_port(const danesmtp_socketmap& place) {
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(place.port);
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = htons(place.port);
  const bool is_six = ::inet_pton(AF_INET6, place.place, &six.sin6_addr) == 1;
  if (!is_six) ::inet_pton(AF_INET, place.place, &four.sin_addr);
  auto fd = socket_of(is_six ? AF_INET6 : AF_INET);
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  const bool bound = is_six ? bind_to(fd.get(), six) : bind_to(fd.get(), four);
  if (!bound) return failure(place);
  return fd;
}

}  // namespace

Result<UniqueFd> listen_at(const danesmtp_socketmap& place, const std::string& group) {
  auto fd = place.port == 0 ? bound_to_path(place, group) : bound_to_port(place);
  if (fd && ::listen(fd->get(), kQueue) != 0) return failure(place);
  return fd;
}

void end_listening(const danesmtp_socketmap& place) {
  if (place.port == 0) ::unlink(place.place);
}

}  // namespace danesmtp::tool

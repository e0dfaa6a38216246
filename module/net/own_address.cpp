// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/own_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

namespace danesmtp {
namespace {

// The address of a socket, without its port; of another family: none.
const void* octets_of(const sockaddr_storage& address) {
  const void* whole = &address;
  if (address.ss_family == AF_INET) return &static_cast<const sockaddr_in*>(whole)->sin_addr;
  if (address.ss_family == AF_INET6) return &static_cast<const sockaddr_in6*>(whole)->sin6_addr;
  return nullptr;
}

bool is_address(const sockaddr_storage& address, const std::string& text) {
  in6_addr octets{};
  const std::size_t size = address.ss_family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr);
  return octets_of(address) && inet_pton(address.ss_family, text.c_str(), &octets) == 1 &&
         std::memcmp(&octets, octets_of(address), size) == 0;
}

}  // namespace

std::string own_address_towards(int fd, const std::string& peer) {
  sockaddr_storage address{};
  void* where = &address;
  socklen_t size = sizeof(address);
  if (::getpeername(fd, static_cast<sockaddr*>(where), &size) != 0 || !is_address(address, peer))
    return {};
  size = sizeof(address);
  char text[INET6_ADDRSTRLEN];
  if (::getsockname(fd, static_cast<sockaddr*>(where), &size) != 0) return {};
  return inet_ntop(address.ss_family, octets_of(address), text, sizeof(text)) ? text : "";
}

}  // namespace danesmtp

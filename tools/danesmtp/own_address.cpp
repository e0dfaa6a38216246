// SPDX-License-Identifier: GPL-2.0-or-later
#include "own_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstdint>
#include <cstring>

namespace danesmtp::tool {

bool is_own_address(const std::string& address) {
  in_addr inet{};
  in6_addr inet6{};
  std::uint32_t number = 0;
  if (inet_pton(AF_INET, address.c_str(), &inet) == 1) {
    number = ntohl(inet.s_addr);
  } else if (inet_pton(AF_INET6, address.c_str(), &inet6) == 1) {
    if (!IN6_IS_ADDR_V4MAPPED(&inet6))
      return IN6_IS_ADDR_LOOPBACK(&inet6) || IN6_IS_ADDR_LINKLOCAL(&inet6) ||
             IN6_IS_ADDR_UNSPECIFIED(&inet6);
    std::memcpy(&number, inet6.s6_addr + 12, sizeof number);
    number = ntohl(number);
  }
  return number >> 24 == 0 || number >> 24 == 127 || number >> 16 == 0xa9fe;  // RFC 6890 2.2.2
}

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// A collector: a datagram socket in a directory of the test's own, and what has arrived there.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <string>
#include <vector>

#include "net/unique_fd.h"
#include "unit/check_support.h"

namespace danesmtp::test {

class CollectorSocket {
 public:
  explicit CollectorSocket(const std::string& path, int type = SOCK_DGRAM)
      : fd_(::socket(AF_UNIX, type | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    ck_assert_uint_lt(path.size(), sizeof(address.sun_path));
    std::memcpy(address.sun_path, path.c_str(), path.size());
    ck_assert_int_eq(
        ::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }

  std::vector<std::string> received() {
    std::vector<std::string> all;
    std::string octets(1 << 20, '\0');
    for (;;) {
      const auto size = ::recv(fd_.get(), octets.data(), octets.size(), 0);
      if (size < 0) return all;
      all.push_back(octets.substr(0, static_cast<std::size_t>(size)));
    }
  }

 private:
  UniqueFd fd_;
};

}  // namespace danesmtp::test

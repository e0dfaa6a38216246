// SPDX-License-Identifier: GPL-2.0-or-later
// An authenticator that says what the test has written down.
#pragma once

#include <sys/socket.h>
#include <unistd.h>
#include <optional>
#include <string>
#include <vector>

#include "core/format.h"
#include "fakes/fake_state.h"
#include "server/authenticators.h"

namespace danesmtp::test {

class FakeAuthenticators : public virtual Authenticators, public virtual FakeState {
 public:
  // authenticate() says these lines to the server, and reports `auth` with its last reply.
  std::vector<std::string> auth_lines;
  AuthReport auth;
  std::vector<std::string> auth_replies;
  std::optional<std::string> mail_auth_text;

  AuthReport authenticate(HostIndex host, int fd, const std::string& mechanisms) override {
    calls.push_back(format("authenticate {} {}", host.value(), mechanisms));
    char reply[512];
    for (const auto& line : auth_lines) {
      const std::string octets = line + "\r\n";
      if (::send(fd, octets.data(), octets.size(), MSG_NOSIGNAL) < 0) break;
      const ssize_t got = ::read(fd, reply, sizeof reply);
      if (got <= 0) break;
      auth_replies.emplace_back(reply, static_cast<std::size_t>(got));
    }
    return auth;
  }
  Result<std::optional<std::string>> mail_auth() override {
    if (broken_options.count("authenticated_sender") != 0)
      return fail(ErrorKind::BadInput, "failed to expand authenticated_sender");
    return mail_auth_text;
  }
};

}  // namespace danesmtp::test

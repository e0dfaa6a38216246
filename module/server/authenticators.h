// SPDX-License-Identifier: GPL-2.0-or-later
// The mail server's client authenticators (RFC 4954). Whether one is to be asked, and what its
// failure means, is decided in route/client_auth.
#pragma once

#include <optional>
#include <string>

#include "core/result.h"
#include "server/index.h"

namespace danesmtp {

enum class AuthEnd {
  Authenticated,
  NotAuthenticated,  // no authenticator fits, or all were refused; the session can go on
  Failed,            // the server refused for now, or the dialogue broke off
  Problem,           // an authenticator cannot be used as it is configured
};

// Of an AuthEnd::Failed without a 4xx reply.
enum class AuthFault { Closed, Timeout, Garbled };

struct AuthReport {
  AuthEnd end = AuthEnd::Failed;
  std::string text;     // why; if Failed what the server said last, if anything, else empty
  std::string command;  // if Failed: the one that was being answered, without a secret
  AuthFault fault = AuthFault::Closed;
};

class Authenticators {
 public:
  Authenticators() = default;
  virtual ~Authenticators() = default;
  Authenticators(const Authenticators&) = delete;
  Authenticators& operator=(const Authenticators&) = delete;

  // In their order, over the plain socket `fd`, until one succeeds. `mechanisms` is what the server
  // offers, separated by spaces.
  virtual AuthReport authenticate(HostIndex host, int fd, const std::string& mechanisms) = 0;
  // For AUTH= of MAIL on this connection (RFC 4954 5), as xtext; none: leave it out.
  [[nodiscard]] virtual Result<std::optional<std::string>> mail_auth() = 0;
};

}  // namespace danesmtp

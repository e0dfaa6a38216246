// SPDX-License-Identifier: GPL-2.0-or-later
// Exim's client authenticators as the Authenticators. Conversions only; no decision.
#pragma once

#include "bridge/exim_link.h"
#include "server/authenticators.h"

namespace danesmtp {

class AuthenticatorsBridge : public virtual Authenticators {
 public:
  explicit AuthenticatorsBridge(const EximLink& exim) : exim_(exim) {}

  AuthReport authenticate(HostIndex host, int fd, const std::string& mechanisms) override;
  Result<std::optional<std::string>> mail_auth() override;

 private:
  EximLink exim_;
};

}  // namespace danesmtp

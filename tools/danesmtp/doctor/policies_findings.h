// SPDX-License-Identifier: GPL-2.0-or-later
// The daemon of dane_mta_sts: whether it answers deliveries that ask for a policy (RFC 8461), and
// how fast. It is asked for one domain that nobody can have (RFC 2606 2).
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "as_user.h"
#include "finding.h"

namespace danesmtp::tool {

struct PoliciesFacts {
  std::string daemon;                // as the option names it; empty: nobody is asked
  std::string trouble{};             // why its answer cannot be used
  std::chrono::milliseconds took{};  // until there was one
  std::string user{};                // that deliveries run as
  std::string refused{};             // why that user cannot write to its socket; empty: it can
  bool mail_waits = false;           // for a daemon that does not answer: dane_mta_sts_fail
};

PoliciesFacts examine_policies(const std::string& daemon, const std::string& fail,
                               const std::optional<DeliveryUser>& user);

Finding judge_policies(const PoliciesFacts& facts);

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// What `danesmtp doctor` says of one thing that it looked at.
#pragma once

#include <string>
#include <vector>

namespace danesmtp::tool {

// In this order the worse one of two is the later one.
enum class Health {
  Ok,
  Warning,  // something is wrong, and mail goes on
  Failure,  // mail waits, or goes without DANE
};

struct Finding {
  std::string subject;  // "module", "resolver 192.0.2.1@53"
  Health health = Health::Ok;
  std::string seen;  // one line, printable
  std::string mend;  // the command or the line that mends it; empty if it is Ok
};

using Findings = std::vector<Finding>;

}  // namespace danesmtp::tool

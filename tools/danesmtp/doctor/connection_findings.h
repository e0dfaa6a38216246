// SPDX-License-Identifier: GPL-2.0-or-later
// Whether this machine gets out to port 25, tried with a host that the user names, and whether it
// has IPv6.
#pragma once

#include <string>
#include <vector>

#include "finding.h"

namespace danesmtp::tool {

struct TriedAddress {
  std::string address;
  bool connected = false;
  std::string error;  // empty: a session began
};

struct ConnectionFacts {
  std::string host;     // empty: none was named, and nobody was connected to
  std::string trouble;  // why it has no address to be tried
  std::vector<TriedAddress> tried;
  bool ipv6_route = false;  // the kernel knows a way to IPv6 addresses of others
};

// By the routing table alone: no packet is sent.
bool has_ipv6_route();

Findings judge_connection(const ConnectionFacts& facts);

}  // namespace danesmtp::tool

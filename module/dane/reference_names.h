// SPDX-License-Identifier: GPL-2.0-or-later
// The names that a certificate authenticated by usage DANE-TA(2) may have: RFC 7672 3.2.2, D-083.
// DANE-EE(3) checks no names. Whether a certificate has one of them is for dane/server_names to
// say.
#pragma once

#include <vector>

#include "core/dns_name.h"

namespace danesmtp {

// How a server was found for its next-hop domain.
enum class HostRole {
  SecureMx,    // by a validated MX record
  InsecureMx,  // by an MX record that is not signed
  NonMx,       // the domain itself (no MX records), or named by the configuration
};

struct ReachedHost {
  HostRole role = HostRole::InsecureMx;
  DnsName host;               // before CNAME expansion
  DnsName next_hop;           // the recipient's domain; for a configured host that host
  DnsName expanded_next_hop;  // the end of the next-hop domain's CNAME chain
};

// The base domain first, each name once.
std::vector<DnsName> reference_names(const DnsName& base_domain, const ReachedHost& reached);

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// Which TLSA records, if any, speak for one server: RFC 7672 2.2.2 (base domain) and 2.2.3
// (look-up). Addresses first; an unsigned host is never asked for TLSA (D-051); through a CNAME the
// expanded name comes before the original one, and an error at either ends the search (D-053). What
// the four results mean for a delivery is decided elsewhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/dns_name.h"
#include "dane/tlsa_decision.h"
#include "dns/resolver.h"

namespace danesmtp {

enum class AddressState {
  Secure,    // addresses, validated
  Insecure,  // addresses, not signed
  Absent,    // none
  Failed,    // the look-up failed: not known
};

// One address family of a host (D-059: a failure is that family's alone).
struct FamilyDns {
  AddressState state = AddressState::Absent;
  std::vector<std::string> addresses;  // text form; with Secure and Insecure only
  std::optional<Error> error;          // with Failed only
};

struct HostDns {
  FamilyDns inet;
  FamilyDns inet6;
  TlsaDecision tlsa;
};

// `host`: an MX hostname, a domain without MX, or a host that the configuration names. `port`: the
// real TCP port (D-061). The decision is NoTlsa only when no failed look-up could have changed it.
HostDns look_up_host(Resolver& resolver, const DnsName& host, std::uint16_t port);

}  // namespace danesmtp

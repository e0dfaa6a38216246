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
  Secure,          // addresses, validated
  Insecure,        // addresses, not signed
  SecurelyAbsent,  // none, and that is proved
  Absent,          // none, in a zone that is not signed
  Failed,          // the look-up failed: not known
};

// One address family of a host (D-059: a failure is that family's alone).
struct FamilyDns {
  AddressState state = AddressState::Failed;
  std::vector<std::string> addresses;  // text form; with Secure and Insecure only
  std::optional<Error> error;          // with Failed only
};

struct HostDns {
  FamilyDns inet;
  FamilyDns inet6;
  TlsaDecision tlsa;
  bool nonexistent = false;            // it is proved that there is no such name
  std::optional<DnsName> alias_end{};  // of a name that is an alias, as far as an answer tells

  bool has_address() const { return !inet.addresses.empty() || !inet6.addresses.empty(); }
  // It is proved that there is nothing to connect to (D-050).
  bool nowhere() const {
    return inet.state == AddressState::SecurelyAbsent &&
           inet6.state == AddressState::SecurelyAbsent;
  }
  // May an address that somebody else has looked up be one of the host's? Of a signed host only
  // those that were validated are, and none of a family whose look-up failed (D-041, D-059).
  bool may_have(const std::string& address) const;
};

// The addresses alone, for a host that nobody wants DANE with: `tlsa` is a failure.
HostDns look_up_addresses(Resolver& resolver, const DnsName& host);

// `host`: an MX hostname, a domain without MX, or a host that the configuration names. `port`: the
// real TCP port (D-061). The decision is NoTlsa only when no failed look-up could have changed it;
// without a validated address it is TlsaLookupFailed.
HostDns look_up_host(Resolver& resolver, const DnsName& host, std::uint16_t port);

// The host will be looked up, with this port or (none) its addresses alone: what is sure to be
// asked for that may be under way from here on.
void expect_host(Resolver& resolver, const DnsName& host, std::optional<std::uint16_t> port);

// The records of this name alone, for a host whose addresses do not come from the DNS.
TlsaDecision look_up_tlsa(Resolver& resolver, const DnsName& host, std::uint16_t port);

}  // namespace danesmtp

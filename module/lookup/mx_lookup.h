// SPDX-License-Identifier: GPL-2.0-or-later
// The servers of a domain as the validated DNS names them: RFC 5321 5.1, RFC 7505, RFC 7672 2.2.1.
// Exim routed the message with answers that nobody validated (D-041): role_of_host() says whether a
// host of its list is one that the domain really named. Nothing is connected to or delivered here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/dns_name.h"
#include "dane/proof.h"
#include "dane/reference_names.h"
#include "dns/resolver.h"

namespace danesmtp {

struct MxHost {
  std::uint16_t preference = 0;
  DnsName name;

  friend bool operator==(const MxHost&, const MxHost&) = default;
};

struct SkippedMx {
  std::string exchange;  // as in MxRecord
  std::string reason;
};

// MX records. `hosts` may be empty: none of the records names a host (D-039).
struct MxSet {
  DnsSecurity security = DnsSecurity::Insecure;  // of the CNAME chain and the records
  std::vector<MxHost> hosts;                     // by preference, equal ones in the answer's order
  std::vector<SkippedMx> skipped;
};

// "MX 0 .": the domain takes no mail (D-036).
struct NullMx {
  DnsSecurity security = DnsSecurity::Insecure;
};

// No MX records: the domain itself is the server, a non-MX destination (D-037). Also for a name
// that does not exist; it has no address either.
struct ImplicitMx {
  DnsSecurity security = DnsSecurity::Insecure;  // of the absence
};

// The look-up failed: the message waits (D-005).
struct MxFailed {
  Error error;
};

using MxResult = std::variant<MxSet, NullMx, ImplicitMx, MxFailed>;

struct DomainRoute {
  DnsName domain;
  DnsName expanded;  // the end of the domain's CNAME chain (D-035); the domain itself if none
  MxResult mx;
  std::optional<ProvedUnsigned> unsigned_mx{};  // whatever names the hosts, or does not
};

// One MX question, bounded by the resolver (D-013). A look-up that fails is MxFailed in the answer;
// nothing is completed, and no address is asked for.
DomainRoute look_up_domain(Resolver& resolver, const DnsName& domain);

// What `host` (as an MX record names it, not CNAME-expanded) is for the domain. Nothing: the
// validated answer does not name it, so the router's answer was another one, and the host must not
// be used; or there is no host at all (null MX, failed). A host of unsigned MX records, or of none
// where that is not proved, cannot be judged and is InsecureMx.
std::optional<HostRole> role_of_host(const DomainRoute& route, const DnsName& host);

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// What the transport would do for mail to a domain, without sending any: the transport's own
// look-ups, policies, sessions and host loop (module/route), with the tool in the place of Exim.
// RFC 5321 5.1, RFC 7672 2.2. Each session ends with QUIT before MAIL.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dane/dane_verify.h"
#include "dns/resolver.h"
#include "lookup/traced_resolver.h"
#include "outcome/failure_policy.h"
#include "probe_target.h"
#include "route/attempt.h"
#include "server/recipient_result.h"
#include "tls/gnutls_session.h"

namespace danesmtp::tool {

// The certificate that the server shows to a client which asks for the other kind of key.
struct OtherCertificate {
  TlsInfo tls;
  DaneVerdict dane;
};

// One address of a host.
struct AddressReport {
  std::string address;
  std::optional<TlsInfo> tls;       // after a handshake, whatever came of it
  std::optional<DaneVerdict> dane;  // where there are records to judge by
  PeerTrust trust = PeerTrust::None;
  OcspResult ocsp = OcspResult::NotRequested;
  std::optional<FailureRuling> failure;   // the session could not be opened
  bool no_route = false;                  // this machine has no way to addresses of the kind
  bool unconnected = false;               // no connection came about
  bool hello_refused = false;             // the server does not like our name in EHLO
  bool requiretls = false;                // the server offers REQUIRETLS within TLS (RFC 8689)
  bool not_tried = false;                 // an address of whoever asks, in the DNS of somebody else
  std::optional<TlsAttempt> report;       // what the domain would be told (RFC 8460)
  std::optional<OtherCertificate> other;  // RSA beside ECDSA or the reverse, where there are both
};

struct HostReport {
  std::string name;  // as the MX record or the user names it
  std::uint16_t port = 25;
  std::optional<int> preference;
  HostPlan plan;
  std::optional<TlsAttempt> report;      // of a host that is not connected to
  std::vector<AddressReport> addresses;  // without Reach::Connect: none
};

enum class Fate {
  Dane,           // delivered, authenticated by DANE all the way from the domain
  Sts,            // delivered, authenticated by PKIX, of a host that the policy of MTA-STS names
  Verified,       // delivered, authenticated: by PKIX, or by DANE behind an unsigned MX record
  Encrypted,      // delivered over TLS to nobody in particular
  Clear,          // delivered without TLS
  Waits,          // not delivered
  NoDestination,  // the DNS has no such domain, or no address for it: Exim returns such mail
  NoMail,         // the domain takes no mail (RFC 7505)
  NotTried,       // Reach::DnsOnly, and some host may be used
  Unknown,        // no target to look at: nothing was asked
};

struct Report {
  Target target;
  std::vector<LookUp> look_ups;
  std::vector<std::string> skipped_mx;  // MX records that name no host, and why
  std::string broken_signing;           // why what is signed counts as unsigned
  std::vector<HostReport> hosts;
  std::optional<Error> failure;          // of a look-up for the whole domain
  std::optional<TlsAttempt> tls_report;  // of that failure (RFC 8460)
  Fate fate = Fate::Waits;
  std::string host;              // that mail would go to, with its address
  std::string reason;            // why it waits
  std::string helo_name;         // as said to the servers
  bool resolver_answers = true;  // false: the resolver validates nothing, so nothing is known
  std::chrono::milliseconds took{0};
};

// Takes each line of the trace, which is the transport's debug output.
using Trace = std::function<void(std::string_view)>;

// `trace` may be empty.
Report probe(Resolver& resolver, const Target& target, const ProbeOptions& options,
             const Trace& trace);

}  // namespace danesmtp::tool

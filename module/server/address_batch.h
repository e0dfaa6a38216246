// SPDX-License-Identifier: GPL-2.0-or-later
// What Exim hands to one call of the transport, as values: the recipients of one message that share
// a host list, and that list. Indices into the two vectors name hosts and recipients everywhere.
// Nothing in it is vouched for: what Exim looked up it has not validated.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/index.h"
#include "tls/tls_dialect.h"

namespace danesmtp {

// How the recipient's domain led to the host list.
enum class RouteKind {
  Mx,     // the router asked the DNS for MX records
  Fixed,  // the configuration names the hosts: non-MX destinations (RFC 7672 2.2.2, D-056)
};

// Whether addresses may be sent as A-labels where SMTPUTF8 is needed.
enum class Utf8Downconvert { Never, IfNeeded, Always };

// What dane_require_tls makes of the message (RFC 8689).
enum class RequireTls {
  No,
  WherePossible,  // it has the null sender: REQUIRETLS is passed on, and keeps it from nobody
  Always,         // only by servers that are authenticated and offer REQUIRETLS
};

// Exim's router took another name for a domain, from an answer that nobody validated.
struct DomainRename {
  std::string from;
  std::string to;

  friend bool operator==(const DomainRename&, const DomainRename&) = default;
};

struct BatchRecipient {
  std::string address;  // for RCPT TO
  std::string domain;
  RouteKind route = RouteKind::Mx;
  std::vector<DomainRename> renames{};  // on the way to `domain`, the last one first
  std::string mx_names{};     // configured as "name/mx", by spaces; empty: none, or not known
  bool by_srv = false;        // the router asked for SRV records
  std::string dsn_notify{};   // "NEVER" or a list (RFC 3461 4.1); empty: not asked for
  std::string dsn_orcpt{};    // "rfc822;xtext"; empty: not known
  bool dsn_last_hop = false;  // the router ends the chain of notifications here
};

// What came of looking for the host's addresses, outside the validated DNS.
enum class AddressLookup {
  Done,          // `address`, or nobody has looked yet
  NoneByRouter,  // Exim's router found none: no delivery uses the host
  Failed,        // the transport found none, or is not to use them: why is in the host's state
};

struct BatchHost {
  std::string name;        // as logs and retry keys have it: after Exim's CNAME expansion
  std::string asked_name;  // as the MX record or the configuration has it
  std::string address;     // text form; empty: none
  std::optional<std::uint16_t> port;  // none: the transport's
  std::optional<int> mx;              // preference; none: not from an MX record
  AddressLookup lookup = AddressLookup::Done;
};

struct AddressBatch {
  std::string transport_name;
  std::string sender;    // empty: the null sender
  std::string suffixes;  // that complete a name on this machine, by spaces (resolv.conf, routers)
  std::string spool_directory;     // for message data too large for memory
  std::uint64_t message_size = 0;  // octets, with size_addition (RFC 1870)
  bool smtputf8 = false;           // an address or header needs it (RFC 6531)
  Utf8Downconvert utf8_downconvert = Utf8Downconvert::Never;  // what an ACL said of the message
  std::string dsn_ret;    // "FULL" or "HDRS" (RFC 3461 4.3); empty: left out
  std::string dsn_envid;  // xtext; empty: left out
  RequireTls require_tls = RequireTls::No;
  bool by_data_only = false;    // the message is not to be sent by BDAT
  bool events_wanted = false;   // event_action is set
  bool reports_wanted = false;  // somebody wants to know what came of TLS on each host (RFC 8460)
  bool all_or_nothing = false;  // mua_wrapper: to every recipient, or a failure for all
  TlsDialect tls;               // in which options are written and logs read
  std::vector<BatchRecipient> recipients;
  std::vector<BatchHost> hosts;

  const BatchRecipient& recipient(RecipientIndex index) const { return recipients[index.value()]; }
  const BatchHost& host(HostIndex index) const { return hosts[index.value()]; }
  bool has(HostIndex index) const { return index.value() < hosts.size(); }
};

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// From what the administrator wants and what the DNS says of a host to what TLS must achieve there:
// RFC 7672 2.2, 6 and 9.1. One pure function; its rows are in the tests and in the man page. It
// must not know how the host was looked up, nor who answers there.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "core/error.h"
#include "dane/tlsa_decision.h"

namespace danesmtp {

// hosts_try_dane and hosts_require_dane, matched with the host. In neither: NotListed.
enum class DaneWish { Try, Require };

// Whether the DNS names this host securely for the recipient's domain.
enum class MxTrust {
  Secure,    // by a secure MX record, as implicit MX, or named by the configuration
  Insecure,  // by an MX record that is not signed
};

// No DANE policy: Exim's rules for opportunistic TLS. Only made with a proof that there is none;
// what is not known is SkipHost.
struct NoDane {
  explicit NoDane(const NoTlsa& none) : why(none.why) {}
  NoDane(ProvedUnsigned, std::string why_) : why(std::move(why_)) {}
  NoDane(NotListed, std::string why_) : why(std::move(why_)) {}
  NoDane(Listed, std::string why_) : why(std::move(why_)) {}

  std::string why;
};

// TLS is mandatory, nobody can be authenticated (D-021).
struct EncryptOnly {
  DnsName base_domain;
  std::vector<std::string> reasons;
  std::vector<Bytes> published{};  // rdata of all records, usable or not
};

// Authenticate, or do not send (D-020).
struct Authenticate {
  DnsName base_domain;
  UsableTlsa records;
  std::vector<Bytes> published{};  // as above
};

// What makes a host unusable for now (RFC 8460 4.3.2).
enum class SkipReason {
  DnssecInvalid,
  DaneRequired,
  StsMismatch,  // the domain's policy of MTA-STS does not name it (RFC 8461 4.1)
  StsUnknown,   // it is not known whether the domain has one
  Unsuited,  // the message requires TLS, and nothing says that the host is the domain's (RFC 8689)
};

// Do not use this host now: the next one, else the message waits (D-007, D-110).
struct SkipHost {
  Error error{ErrorKind::Internal, "no DANE policy was decided for this host"};
  SkipReason reason = SkipReason::DnssecInvalid;
};

// SkipHost first: what nobody has decided is not used.
using HostPolicy = std::variant<SkipHost, NoDane, EncryptOnly, Authenticate>;

// Null where the policy knows no TLSA records.
const DnsName* tlsa_base_domain(const HostPolicy& policy);

// RFC 7672 2.2: what TLS must achieve with a host; the rows are in the tests and the manual page.
// SkipHost has the reason, for the log. Never NoDane without a proof in `decision`.
HostPolicy host_policy(DaneWish wish, MxTrust mx, const TlsaDecision& decision);

}  // namespace danesmtp

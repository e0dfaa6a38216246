// SPDX-License-Identifier: GPL-2.0-or-later
// A and AAAA of one name share the CNAME chain, so one family that was answered tells the security
// of the host for both (D-059, D-060).
#include "lookup/tlsa_lookup.h"

#include <arpa/inet.h>

#include <algorithm>
#include <variant>

#include "core/format.h"
#include "dane/tlsa_record.h"

namespace danesmtp {
namespace {

using AddressAnswer = Result<Answer<std::string>>;

// The names at which to look for TLSA records, best first, or why there is nothing to look for.
using Candidates = std::variant<std::vector<DnsName>, NoTlsa, TlsaLookupFailed>;

FamilyDns family(const AddressAnswer& answer) {
  if (!answer) return {AddressState::Failed, {}, answer.error()};
  if (answer->records.empty())
    return {answer->secure() ? AddressState::SecurelyAbsent : AddressState::Absent, {}, {}};
  return {answer->secure() ? AddressState::Secure : AddressState::Insecure, answer->records, {}};
}

// Which answer tells how secure the host is: a validated one before an unsigned one, one with
// addresses before a proof that there are none. Nullptr: both look-ups failed.
const Answer<std::string>* telling_answer(const AddressAnswer& inet, const AddressAnswer& inet6) {
  const Answer<std::string>* best = nullptr;
  auto rank = [](const Answer<std::string>& answer) {
    return (answer.secure() ? 2 : 0) + (answer.records.empty() ? 0 : 1);
  };
  for (const auto* answer : {&inet, &inet6})
    if (*answer && (!best || rank(**answer) > rank(*best))) best = &**answer;
  return best;
}

// RFC 7672 2.2.2 "Insecure CNAME": only a securely published alias may have records of its own.
Candidates alias_candidates(Resolver& resolver, const DnsName& host) {
  auto first_link = resolver.cname(host);  // D-010
  if (!first_link) return TlsaLookupFailed{first_link.error()};
  if (const auto proof = ProvedUnsigned::by(*first_link))
    return NoTlsa(*proof, format("the CNAME of {} is not signed", host.text()));
  return std::vector<DnsName>{host};  // D-054
}

Candidates candidates(Resolver& resolver, const DnsName& host, const Answer<std::string>& answer) {
  // Also when an MX record names the alias (D-040).
  const bool alias = answer.canonical != host;
  if (const auto proof = ProvedUnsigned::by(answer)) {
    if (alias) return alias_candidates(resolver, host);
    // RFC 7672 2.2.2: no TLSA query below an unsigned host, broken name servers fail it (D-051).
    return NoTlsa(*proof, format("the addresses of {} are not signed", host.text()));
  }
  if (alias) return std::vector<DnsName>{answer.canonical, host};  // D-053, D-055
  return std::vector<DnsName>{host};                               // D-052
}

// RFC 7672 2.2: a secure RRset binds the host to TLS even when no record is usable (D-021, D-065).
TlsaDecision decide_by_records(const DnsName& base_domain, const std::vector<Bytes>& rdatas) {
  std::vector<TlsaRecord> records;
  std::vector<std::string> reasons;
  for (const auto& rdata : rdatas) {
    auto record = parse_tlsa_rdata(rdata);
    if (!record) {
      reasons.push_back(record.error().text);  // D-066: counted, not dropped
      continue;
    }
    auto why = why_unusable(*record);
    if (!why.empty()) reasons.push_back(std::move(why));
    records.push_back(std::move(*record));
  }
  auto usable = usable_records(records);
  if (usable.empty()) return TlsaUnusable{base_domain, std::move(reasons), rdatas};
  return TlsaUsable{base_domain, std::move(usable), rdatas};
}

// What one candidate has; NoTlsa: the next one may have more.
TlsaDecision look_up_candidate(Resolver& resolver, const DnsName& base, std::uint16_t port) {
  const std::string none = format("no secure TLSA records for {}", base.text());
  if (const auto proof = NoRoomForOwner::by(base, port)) return NoTlsa(*proof, none);
  auto answer = resolver.tlsa(*base.tlsa_owner(port));
  if (!answer) return TlsaLookupFailed{answer.error()};
  // RFC 7672 2.2.3: an insecure link or no record (D-062, D-064).
  if (const auto proof = ProvedUnsigned::by(*answer)) return NoTlsa(*proof, none);
  if (const auto proof = ProvedAbsent::by(*answer)) return NoTlsa(*proof, none);
  return decide_by_records(base, answer->records);
}

TlsaDecision look_up_first(Resolver& resolver, const std::vector<DnsName>& bases,
                           std::uint16_t port) {
  TlsaDecision found = TlsaLookupFailed{{ErrorKind::Internal, "no name to look for"}};
  for (const auto& base : bases) {
    found = look_up_candidate(resolver, base, port);
    // D-007, D-053: after a failure never the next candidate.
    if (!std::holds_alternative<NoTlsa>(found)) return found;
  }
  return found;
}

TlsaDecision decide(Resolver& resolver, const DnsName& host, std::uint16_t port,
                    const Answer<std::string>& answer) {
  auto found = candidates(resolver, host, answer);
  if (auto* none = std::get_if<NoTlsa>(&found)) return *none;
  if (auto* failed = std::get_if<TlsaLookupFailed>(&found)) return *failed;
  return look_up_first(resolver, std::get<std::vector<DnsName>>(found), port);
}

// D-050: unreachable; without both answers it is not known whether for good. Other hosts are tried
// (D-006).
TlsaDecision without_address(const DnsName& host, const AddressAnswer& inet,
                             const AddressAnswer& inet6) {
  if (!inet || !inet6) return TlsaLookupFailed{inet ? inet6.error() : inet.error()};
  if (const auto proof = ProvedUnsigned::by(*telling_answer(inet, inet6)))
    return NoTlsa(*proof, format("{} has no address", host.text()));
  return TlsaLookupFailed{
      {ErrorKind::DnsBogus, format("DANE error: {} has no address in the validated DNS, though the "
                                   "system's resolver says so",
                                   host.text())}};
}

// The octets of an address; empty if it is none.
Bytes address_octets(const std::string& text) {
  Bytes octets(sizeof(in6_addr));
  const int family = text.find(':') == std::string::npos ? AF_INET : AF_INET6;
  if (inet_pton(family, text.c_str(), octets.data()) != 1) return {};
  octets.resize(family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr));
  return octets;
}

bool proved_nonexistent(const AddressAnswer& answer, const DnsName& host) {
  return answer && answer->secure() && answer->nxdomain && answer->canonical == host;
}

struct Addresses {
  AddressAnswer inet;
  AddressAnswer inet6;
  HostDns dns;  // without a TLSA decision
};

Addresses addresses_of(Resolver& resolver, const DnsName& host) {
  auto inet = resolver.addresses(host, AddressFamily::Inet);
  auto inet6 = resolver.addresses(host, AddressFamily::Inet6);
  HostDns dns{family(inet), family(inet6),
              TlsaLookupFailed{{ErrorKind::Internal, "no TLSA records were asked for"}}};
  dns.nonexistent = proved_nonexistent(inet, host) && proved_nonexistent(inet6, host);
  const auto* telling = telling_answer(inet, inet6);
  if (telling && telling->canonical != host) dns.alias_end = telling->canonical;
  return {std::move(inet), std::move(inet6), std::move(dns)};
}

bool is_signed(const FamilyDns& family) {
  return family.state == AddressState::Secure || family.state == AddressState::SecurelyAbsent;
}

}  // namespace

bool HostDns::may_have(const std::string& address) const {
  const bool v6 = address.find(':') != std::string::npos;
  const FamilyDns& own = v6 ? inet6 : inet;
  const FamilyDns& other = v6 ? inet : inet6;
  if (own.state == AddressState::Failed) return !is_signed(other);
  if (!is_signed(own)) return true;
  const Bytes octets = address_octets(address);
  return std::any_of(own.addresses.begin(), own.addresses.end(), [&](const std::string& one) {
    return !octets.empty() && address_octets(one) == octets;
  });
}

TlsaDecision look_up_tlsa(Resolver& resolver, const DnsName& host, std::uint16_t port) {
  return look_up_candidate(resolver, host, port);
}

// Signed addresses of either family are enough for look_up_host() to ask at the name that they are
// at; without them nobody may (D-051).
void expect_host(Resolver& resolver, const DnsName& host, std::optional<std::uint16_t> port) {
  Resolver::Next next;
  if (port)
    next = [port](const Answer<Bytes>& addresses) -> std::optional<DnsName> {
      if (!addresses.secure() || addresses.records.empty()) return std::nullopt;
      auto owner = addresses.canonical.tlsa_owner(*port);
      return owner ? std::optional(*std::move(owner)) : std::nullopt;
    };
  resolver.expect_addresses(host, next);
}

HostDns look_up_addresses(Resolver& resolver, const DnsName& host) {
  return addresses_of(resolver, host).dns;
}

HostDns look_up_host(Resolver& resolver, const DnsName& host, std::uint16_t port) {
  auto [inet, inet6, dns] = addresses_of(resolver, host);
  dns.tlsa = dns.has_address() ? decide(resolver, host, port, *telling_answer(inet, inet6))
                               : without_address(host, inet, inet6);
  return dns;
}

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// A and AAAA of one name share the CNAME chain, so one family that was answered tells the security
// of the host for both (D-059, D-060).
#include "dane/tlsa_lookup.h"

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
  if (answer->records.empty()) return {};
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
  if (first_link->secure()) return std::vector<DnsName>{host};  // D-054
  return NoTlsa{format("the CNAME of {} is not signed", host.text())};
}

Candidates candidates(Resolver& resolver, const DnsName& host, const Answer<std::string>& answer) {
  // Also when an MX record names the alias (D-040).
  bool alias = answer.canonical != host;
  if (answer.secure() && alias)
    return std::vector<DnsName>{answer.canonical, host};   // D-053, D-055
  if (answer.secure()) return std::vector<DnsName>{host};  // D-052
  if (alias) return alias_candidates(resolver, host);
  // RFC 7672 2.2.2: no TLSA query below an unsigned host, broken name servers fail it (D-051).
  return NoTlsa{format("the addresses of {} are not signed", host.text())};
}

// RFC 7672 2.2: a secure RRset binds the host to TLS even when no record is usable (D-021, D-065).
TlsaDecision judge(const DnsName& base_domain, const std::vector<Bytes>& rdatas) {
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
  if (usable.empty()) return TlsaUnusable{base_domain, std::move(reasons)};
  return TlsaUsable{base_domain, std::move(usable)};
}

TlsaDecision look_up_tlsa(Resolver& resolver, const std::vector<DnsName>& bases,
                          std::uint16_t port) {
  for (const auto& base : bases) {
    auto owner = base.tlsa_owner(port);
    if (!owner) continue;  // longer than a name can be: no such record can exist
    auto answer = resolver.tlsa(*owner);
    if (!answer) return TlsaLookupFailed{answer.error()};  // D-007, D-053: never the next candidate
    // RFC 7672 2.2.3: an insecure link or no record: the next candidate (D-062, D-064).
    if (answer->secure() && !answer->records.empty()) return judge(base, answer->records);
  }
  return NoTlsa{format("no secure TLSA records for {}", bases.back().text())};
}

TlsaDecision decide(Resolver& resolver, const DnsName& host, std::uint16_t port,
                    const Answer<std::string>& answer) {
  auto found = candidates(resolver, host, answer);
  if (auto* none = std::get_if<NoTlsa>(&found)) return *none;
  if (auto* failed = std::get_if<TlsaLookupFailed>(&found)) return *failed;
  return look_up_tlsa(resolver, std::get<std::vector<DnsName>>(found), port);
}

bool has_addresses(const FamilyDns& found) {
  return !found.addresses.empty();
}

}  // namespace

HostDns look_up_host(Resolver& resolver, const DnsName& host, std::uint16_t port) {
  auto inet = resolver.addresses(host, AddressFamily::Inet);
  auto inet6 = resolver.addresses(host, AddressFamily::Inet6);
  HostDns found{family(inet), family(inet6), NoTlsa{}};
  if (!has_addresses(found.inet) && !has_addresses(found.inet6)) {
    // D-050: unreachable; without both answers it is not known whether for good. Other hosts are
    // tried (D-006).
    if (!inet || !inet6)
      found.tlsa = TlsaLookupFailed{inet ? inet6.error() : inet.error()};
    else
      found.tlsa = NoTlsa{format("{} has no address", host.text())};
    return found;
  }
  found.tlsa = decide(resolver, host, port, *telling_answer(inet, inet6));
  return found;
}

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/host_judge.h"

#include <algorithm>

#include "core/format.h"
#include "dane/reference_names.h"

namespace danesmtp {
namespace {

// Addresses, aliases and TLSA records of one host.
constexpr std::chrono::seconds kHostLookUps{40};

// What the base domain of a decision is called, if it has one.
const DnsName* base_domain(const TlsaDecision& decision) {
  if (const auto* usable = std::get_if<TlsaUsable>(&decision)) return &usable->base_domain;
  if (const auto* unusable = std::get_if<TlsaUnusable>(&decision)) return &unusable->base_domain;
  return nullptr;
}

bool has_secure_address(const HostDns& dns) {
  return dns.inet.state == AddressState::Secure || dns.inet6.state == AddressState::Secure;
}

HostPlan not_usable(const Error& error) {
  HostPlan plan;
  plan.policy = SkipHost{error};
  return plan;
}

}  // namespace

HostPlan HostJudge::judge(const HostKey& key, const ListedWish& listed) {
  const auto* unlisted = std::get_if<NotListed>(&listed);
  const DaneWish wish = unlisted ? DaneWish::Try : std::get<DaneWish>(listed);
  if (auto checked = reach_.check_renames(); !checked) return not_usable(checked.error());
  if (const auto literal = AddressLiteral::by(key.first)) return judge_literal(key, wish, *literal);
  const auto host = DnsName::of_any_kind(key.first);
  const auto reached = host ? reach_.reach(key, *host) : tl::unexpected(host.error());
  if (!reached) return not_usable(reached.error());
  return unlisted ? judge_unlisted(key, *unlisted, *reached) : judge_records(key, wish, *reached);
}

void HostJudge::expect(const HostKey& key, const ListedWish& listed) {
  const auto host = DnsName::of_any_kind(key.first);
  if (!host || AddressLiteral::by(key.first)) return;
  if (group_.route == RouteKind::Fixed && reach_.named_by_record(key)) return;  // asks for each
  if (!reach_.check_renames()) return;
  const auto reached = reach_.reach(key, *host);
  if (!reached || may_be_ignored(*reached)) return;
  const bool records = std::holds_alternative<DaneWish>(listed);
  expect_host(resolver_, *host, records ? std::optional(key.second) : std::nullopt);
}

// D-058: an address that the configuration names has no TLSA records.
HostPlan HostJudge::judge_literal(const HostKey& key, DaneWish wish, AddressLiteral literal) {
  const auto unsigned_mx = reach_.reach_address(key);
  if (!unsigned_mx) return not_usable(unsigned_mx.error());
  const std::string why = format("\"{}\" is an IP address", key.first);
  HostPlan plan;
  plan.mx = *unsigned_mx ? MxTrust::Insecure : MxTrust::Secure;
  plan.policy =
      host_policy(wish, plan.mx, *unsigned_mx ? NoTlsa(**unsigned_mx, why) : NoTlsa(literal, why));
  return plan;
}

// Within the time of one host (D-013). Of a name that does not exist: what it was completed to.
template <class Ask>
HostDns HostJudge::look_up(const HostKey& key, const DnsName& host, const Ask& ask) {
  resolver_.limit(earlier(end_, Deadline::in(kHostLookUps)));
  HostDns dns = ask(host);
  const auto whole = dns.nonexistent ? completed(key, host) : std::nullopt;
  return whole ? ask(*whole) : dns;
}

// The lists were asked about a name and an address that nobody had validated: what they say holds
// for the host only if the validated records lead to it (D-041). Its TLSA records are not asked
// for.
HostPlan HostJudge::judge_unlisted(const HostKey& key, NotListed proof, const Reached& reached) {
  if (may_be_ignored(reached)) return judge_records(key, DaneWish::Try, reached);
  const HostDns dns = look_up(key, reached.names.host, [&](const DnsName& name) {
    return look_up_addresses(resolver_, name);
  });
  // Of an alias whose end the lists have not seen, or whose addresses nobody signs, they said
  // nothing.
  if (dns.alias_end && !(has_secure_address(dns) && listed_as(key, *dns.alias_end)))
    return judge_records(key, DaneWish::Try, reached);
  note_unproved(key, dns);
  const auto& error = dns.inet.error ? dns.inet.error : dns.inet6.error;
  if (error && !dns.has_address() && !any_in_hosts_file(key)) return not_usable(*error);
  HostPlan plan;
  plan.policy = NoDane(proof, "the host is not in hosts_try_dane");
  return plan;
}

HostPlan HostJudge::judge_records(const HostKey& key, DaneWish wish, const Reached& reached) {
  HostPlan plan;
  const DnsName& host = reached.names.host;
  plan.mx = reached.names.role == HostRole::InsecureMx ? MxTrust::Insecure : MxTrust::Secure;
  // RFC 7672 2.2.1, D-031: an unsigned MX record may be ignored for DANE, or its host held to its
  // records.
  if (wish == DaneWish::Try && may_be_ignored(reached)) {
    plan.policy =
        NoDane(*reached.unsigned_mx, "the MX record is not signed (dane_insecure_mx = may)");
    return plan;
  }
  HostDns dns = look_up(
      key, host, [&](const DnsName& name) { return look_up_host(resolver_, name, key.second); });
  // What this machine's own file names need not be in the DNS, but may have records there.
  if (dns.nowhere() && any_in_hosts_file(key)) dns.tlsa = look_up_tlsa(resolver_, host, key.second);
  note_unproved(key, dns);
  plan.secure = plan.mx == MxTrust::Secure && has_secure_address(dns);
  plan.policy = host_policy(wish, plan.mx, dns.tlsa);
  if (const auto* base = base_domain(dns.tlsa)) plan.names = reference_names(*base, reached.names);
  return plan;
}

// What a name that the configuration has, and that does not exist, was completed to (D-057: never
// by ourselves).
std::optional<DnsName> HostJudge::completed(const HostKey& key, const DnsName& host) const {
  if (group_.route != RouteKind::Fixed || reach_.named_by_record(key)) return std::nullopt;
  for (const auto& one : batch_.hosts) {
    if (plan_.key(one) != key) continue;
    const auto whole = DnsName::of_any_kind(one.name);
    if (whole && completes(host, *whole, batch_.suffixes)) return *whole;
  }
  return std::nullopt;
}

// Were the lists asked about the host by this name?
bool HostJudge::listed_as(const HostKey& key, const DnsName& name) const {
  return std::any_of(batch_.hosts.begin(), batch_.hosts.end(), [&](const BatchHost& one) {
    return plan_.key(one) == key && DnsName::of_any_kind(one.name) == name;
  });
}

bool HostJudge::may_be_ignored(const Reached& reached) {
  return reached.unsigned_mx && reached.names.role == HostRole::InsecureMx &&
         options_.option_text(kDaneInsecureMx) == "may";
}

// The hosts file is the administrator's word, for names that the configuration has.
bool HostJudge::in_hosts_file(const BatchHost& host) const {
  return group_.route == RouteKind::Fixed && !host.mx && !host.address.empty() &&
         options_.in_hosts_file(host.asked_name, host.address);
}

bool HostJudge::any_in_hosts_file(const HostKey& key) const {
  return std::any_of(batch_.hosts.begin(), batch_.hosts.end(), [&](const BatchHost& one) {
    return plan_.key(one) == key && in_hosts_file(one);
  });
}

void HostJudge::note_unproved(const HostKey& key, const HostDns& dns) {
  for (const auto& host : batch_.hosts)
    if (plan_.key(host) == key && !host.address.empty() && !dns.may_have(host.address) &&
        !in_hosts_file(host))
      plan_.unproved.insert({host.asked_name, host.address});
}

}  // namespace danesmtp

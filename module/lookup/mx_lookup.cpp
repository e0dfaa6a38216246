// SPDX-License-Identifier: GPL-2.0-or-later
#include "lookup/mx_lookup.h"

#include <algorithm>

#include "core/format.h"

namespace danesmtp {
namespace {

// D-039: the name of a host, or the reason why it is none. That it is no host name (an underscore,
// a slash) is none: Exim uses it, so it is held to its records.
tl::expected<DnsName, std::string> exchange_name(const std::string& exchange) {
  using Reason = tl::unexpected<std::string>;
  if (exchange.empty()) return Reason("\".\" beside other MX records");  // RFC 7505 3
  if (exchange == "localhost") return Reason("localhost is not a mail host");
  if (is_ip_address(exchange)) return Reason(format("\"{}\" is an IP address", exchange));
  auto name = DnsName::from_dns_text(exchange);
  if (!name) return Reason(name.error().text);
  return *name;
}

MxResult mx_result(const Answer<MxRecord>& answer) {
  const auto& records = answer.records;
  // D-037, and RFC 7505 3 (D-036).
  if (records.empty()) return ImplicitMx{answer.security};
  if (records.size() == 1 && records.front().exchange.empty()) return NullMx{answer.security};
  MxSet set{answer.security, {}, {}};
  for (const auto& record : records) {
    auto name = exchange_name(record.exchange);
    if (name)
      set.hosts.push_back({record.preference, *name});
    else
      set.skipped.push_back({record.exchange, name.error()});
  }
  std::stable_sort(set.hosts.begin(), set.hosts.end(),
                   [](const MxHost& a, const MxHost& b) { return a.preference < b.preference; });
  return set;
}

struct FindRole {
  const DomainRoute& route;
  const DnsName& host;

  std::optional<HostRole> operator()(const MxSet& set) const {
    if (set.security == DnsSecurity::Insecure) return HostRole::InsecureMx;
    bool named = std::any_of(set.hosts.begin(), set.hosts.end(),
                             [&](const MxHost& mx) { return mx.name == host; });
    return named ? std::optional(HostRole::SecureMx) : std::nullopt;
  }
  std::optional<HostRole> operator()(const ImplicitMx& implicit) const {
    if (host == route.domain || host == route.expanded) return HostRole::NonMx;
    if (implicit.security == DnsSecurity::Insecure) return HostRole::InsecureMx;
    return std::nullopt;
  }
  std::optional<HostRole> operator()(const NullMx&) const { return std::nullopt; }
  std::optional<HostRole> operator()(const MxFailed&) const { return std::nullopt; }
};

}  // namespace

DomainRoute look_up_domain(Resolver& resolver, const DnsName& domain) {
  auto answer = resolver.mx(domain);
  // RFC 7672 2.1.2: absence has to be proved (D-005, D-038). An alias keeps both names (D-035).
  if (!answer) return {domain, domain, MxFailed{answer.error()}};
  return {domain, answer->canonical, mx_result(*answer), ProvedUnsigned::by(*answer)};
}

std::optional<HostRole> role_of_host(const DomainRoute& route, const DnsName& host) {
  return std::visit(FindRole{route, host}, route.mx);
}

}  // namespace danesmtp

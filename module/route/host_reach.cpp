// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/host_reach.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "core/bytes.h"
#include "core/format.h"
#include "outcome/delivery_log.h"

namespace danesmtp {
namespace {

Error not_named(const std::string& host, const std::string& domain) {
  return {ErrorKind::DnsBogus, unproved_host_text(host, domain)};
}

}  // namespace

Result<void> HostReach::check_renames() {
  if (!renames_) {
    renames_ = danesmtp::check_renames(resolver_, group_.renames, batch_.suffixes);
    if (!*renames_) plan_.failure = renames_->error();
  }
  return renames_->map([](const CheckedRenames&) {});
}

Result<DomainRoute> HostReach::domain_route() {
  if (!route_) {
    const auto& alias = (*renames_)->alias;
    auto domain = alias ? Result<DnsName>(*alias) : DnsName::of_any_kind(group_.domain);
    if (!domain) return tl::unexpected(domain.error());
    route_ = look_up_domain(resolver_, *domain);
  }
  return *route_;
}

// An error that is the domain's stops all its hosts (D-005).
Result<DomainRoute> HostReach::mx_route() {
  auto route = domain_route();
  if (!route) return route;
  const auto* failed = std::get_if<MxFailed>(&route->mx);
  if (!failed) return route;
  plan_.failure = retold(failed->error, lookup_text("MX", group_.domain, failed->error));
  return tl::unexpected(*plan_.failure);
}

bool HostReach::named_by_record(const HostKey& key) const {
  return std::any_of(batch_.hosts.begin(), batch_.hosts.end(),
                     [&](const BatchHost& one) { return one.mx && plan_.key(one) == key; });
}

// A configured name that Exim expanded by MX records ("name/mx" in a route): the validated records
// of one such name must name the host. Nothing tells which of them did, so it proves nothing of the
// recipient's domain. Where the configuration does not tell the names, the host is held to its
// records, and no more.
Result<Reached> HostReach::reach_by_record(const DnsName& host) {
  const Reached reached{{HostRole::InsecureMx, host, host, host}, std::nullopt};
  if (group_.mx_names.empty()) {
    const auto line = unvalidated_record_text(host.text());
    if (!std::exchange(told_of_records_, true)) log_.note(line);
    return reached;
  }
  std::istringstream names(group_.mx_names);
  for (std::string text; names >> text;) {
    const auto name = DnsName::of_any_kind(text);
    if (!name) return tl::unexpected(name.error());
    const auto route = look_up_domain(resolver_, *name);
    if (const auto* failed = std::get_if<MxFailed>(&route.mx))
      return tl::unexpected(retold(failed->error, lookup_text("MX", text, failed->error)));
    if (role_of_host(route, host)) return reached;
  }
  return tl::unexpected(not_named(host.text(), group_.mx_names));
}

Result<Reached> HostReach::reach(const HostKey& key, const DnsName& host) {
  const auto& unsigned_rename = (*renames_)->unsigned_rename;
  // RFC 7672 2.2.2, D-056
  if (group_.route == RouteKind::Fixed && named_by_record(key)) return reach_by_record(host);
  if (group_.route == RouteKind::Fixed) {
    const auto role = unsigned_rename ? HostRole::InsecureMx : HostRole::NonMx;
    return Reached{{role, host, host, host}, unsigned_rename};
  }
  auto route = mx_route();
  if (!route) return tl::unexpected(route.error());
  // D-041: the validated MX records must name it.
  auto role = role_of_host(*route, host);
  if (!role && group_.by_srv)
    return fail(ErrorKind::DnsBogus, unproved_srv_text(host.text(), group_.domain));
  if (!role) return tl::unexpected(not_named(host.text(), group_.domain));
  if (unsigned_rename) return Reached{{HostRole::InsecureMx, host, host, host}, unsigned_rename};
  return Reached{{*role, host, route->domain, route->expanded}, route->unsigned_mx};
}

// One that a record names (D-039) is no host; only where it is proved that nobody signs the record
// does Exim's own rule (allow_mx_to_ip) stand.
Result<std::optional<ProvedUnsigned>> HostReach::reach_address(const HostKey& key) {
  if (group_.route == RouteKind::Fixed && !named_by_record(key)) return std::nullopt;
  if (group_.route == RouteKind::Fixed)
    return fail(ErrorKind::DnsBogus, format("\"{}\" is an IP address, by an MX record", key.first));
  const auto route = mx_route();
  if (!route) return tl::unexpected(route.error());
  if (!route->unsigned_mx) return tl::unexpected(not_named(key.first, group_.domain));
  return route->unsigned_mx;
}

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/delegated_report.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "core/dns_name.h"
#include "route/unavailable_policy.h"

namespace danesmtp {
namespace {

struct Delivered {
  RecipientIndex recipient;
  DelegatedDelivery how;
};

std::vector<Delivered> delivered_ones(MailServer& server,
                                      const std::vector<RecipientIndex>& delegated) {
  std::vector<Delivered> all;
  for (const auto recipient : delegated)
    if (const auto how = server.delegated_delivery(recipient)) all.push_back({recipient, *how});
  return all;
}

// Without TLS it is the server's doing only if this side would have it and the server has none.
// What the server offers is known of the last connection alone.
bool has_no_tls(MailServer& server, const std::vector<Delivered>& all, HostIndex host) {
  const auto listed = [&](const HostListOption& option) {
    return server.host_in(option, host).value_or(true);
  };
  return std::all_of(all.begin(), all.end(),
                     [&](const Delivered& one) {
                       return one.how.host == host && !one.how.starttls_offered;
                     }) &&
         !listed(kHostsAvoidTls) && !listed(kHostsAvoidEsmtp);
}

TlsAttempt report_of(const std::string& domain, const BatchHost& host, bool encrypted) {
  TlsAttempt report;
  report.domain = domain;
  report.policy = {ReportedPolicy::NoPolicyFound, domain};
  report.ends.mx_name = host.asked_name;
  report.ends.mx_ip = host.address;
  if (!encrypted)
    report.failure = TlsFailure{FailureType::StartTlsNotSupported, "STARTTLS is not offered"};
  return report;
}

std::optional<StsPolicy> unavailable_for(const std::string& domain,
                                         const UnavailablePolicies& unavailable) {
  const auto found = unavailable.find(domain);
  return found == unavailable.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

void report_delegated(MailServer& server, const AddressBatch& batch,
                      const std::vector<RecipientIndex>& delegated,
                      const UnavailablePolicies& unavailable) {
  const auto all = delivered_ones(server, delegated);
  std::set<std::pair<std::string, HostIndex>> told;
  for (const auto& [recipient, how] : all) {
    const auto& given = batch.recipient(recipient).domain;
    const auto domain = DnsName::of_any_kind(given);
    if (!domain || !told.emplace(domain->text(), how.host).second) continue;
    if (!how.encrypted && !has_no_tls(server, all, how.host)) continue;
    auto report = report_of(domain->text(), batch.host(how.host), how.encrypted);
    tell_of_unavailable(unavailable_for(given, unavailable), report);
    server.tls_attempted(how.host, recipient, report);
  }
}

}  // namespace danesmtp

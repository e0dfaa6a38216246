// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe.h"

#include <algorithm>
#include <chrono>

#include "core/format.h"
#include "expected_delivery.h"
#include "lookup/mx_lookup.h"
#include "mx_asked_once.h"
#include "own_address.h"
#include "probe_server.h"
#include "probe_visit.h"
#include "route/attempt_report.h"
#include "route/domain_plan.h"
#include "route/host_tls.h"
#include "sts/daemon_policies.h"

namespace danesmtp::tool {
namespace {

using SteadyClock = std::chrono::steady_clock;

class Probe {
 public:
  Probe(Resolver& resolver, const Target& target, const ProbeOptions& options, const Trace& trace)
      : resolver_(resolver), options_(options), server_(options, trace) {
    report_.target = target;
  }

  Report run();

 private:
  void find_hosts(Resolver& asked, const DnsName& domain);
  void add_host(const DnsName& name, std::optional<int> preference);
  void make_host_reports();
  void try_every_address();
  AddressReport try_address(HostIndex host, TlsChoice tls);
  AttemptRequest request(HostIndex host, TlsChoice tls) const;
  std::optional<AddressReport> known_dead(HostIndex host) const;
  std::string why_no_destination() const;
  HostReport& report_of(const BatchHost& host);
  std::unique_ptr<StsPolicies> policies(Store& store) const;
  void look_up();
  void conclude();
  void conclude_from_dns();
  bool resolver_validates();

  Resolver& resolver_;
  const ProbeOptions& options_;
  ProbeServer server_;
  AddressBatch batch_;
  DomainPlan plan_;
  std::vector<AddressReport> tried_;  // by host of the batch
  Report report_;
};

void Probe::add_host(const DnsName& name, std::optional<int> preference) {
  batch_.hosts.push_back({name.text(), name.text(), "", report_.target.port, preference});
}

// What Exim's router does, from validated answers. A failed look-up leaves the domain itself, whose
// policy then says what failed.
void Probe::find_hosts(Resolver& asked, const DnsName& domain) {
  if (report_.target.route == RouteKind::Fixed) return add_host(domain, std::nullopt);
  const auto route = look_up_domain(asked, domain);
  if (std::holds_alternative<NullMx>(route.mx)) {
    report_.fate = Fate::NoMail;
    report_.reason = "the domain takes no mail (null MX, RFC 7505 3)";
  } else if (const auto* set = std::get_if<MxSet>(&route.mx)) {
    for (const auto& host : set->hosts) add_host(host.name, host.preference);
    for (const auto& skipped : set->skipped)
      report_.skipped_mx.push_back(skipped.exchange.empty()
                                       ? skipped.reason
                                       : format("{}: {}", skipped.exchange, skipped.reason));
    report_.reason = "no MX record names a host";
  } else {
    add_host(domain, std::nullopt);
  }
}

void Probe::make_host_reports() {
  NoStore store;
  for (HostIndex index; batch_.has(index); ++index) {
    const auto& host = batch_.host(index);
    const auto asked = request(index, TlsChoice::AsPolicySays);
    HostReport report;
    report.name = host.asked_name;
    report.port = plan_.port(host);
    report.preference = host.mx;
    report.plan = plan_.host(host);
    report.report = report_of_policy({server_, batch_, asked, store});
    const bool known = std::any_of(
        report_.hosts.begin(), report_.hosts.end(),
        [&](const HostReport& one) { return one.name == report.name && one.port == report.port; });
    if (!known) report_.hosts.push_back(std::move(report));
  }
}

HostReport& Probe::report_of(const BatchHost& host) {
  for (auto& report : report_.hosts)
    if (report.name == host.asked_name && report.port == plan_.port(host)) return report;
  return report_.hosts.front();
}

AttemptRequest Probe::request(HostIndex host, TlsChoice tls) const {
  const auto& target = batch_.host(host);
  return {host, plan_.port(target), plan_.host(target), {0}, tls};
}

// Another name of an address that does not answer: it is asked once.
std::optional<AddressReport> Probe::known_dead(HostIndex host) const {
  const auto& target = batch_.host(host);
  for (std::size_t i = 0; i < tried_.size(); ++i)
    if (tried_[i].unconnected && tried_[i].address == target.address &&
        plan_.port(batch_.hosts[i]) == plan_.port(target))
      return tried_[i];
  return std::nullopt;
}

AddressReport Probe::try_address(HostIndex host, TlsChoice choice) {
  const auto& target = batch_.host(host);
  const auto asked = request(host, choice);
  if (target.address.empty()) return not_used("", format("{} has no address", target.asked_name));
  if (report_.target.route == RouteKind::Mx && is_own_address(target.address)) {
    auto report = not_used(target.address,
                           "an address of whoever asks (loopback, link-local): not "
                           "tried");
    report.not_tried = true;
    return report;
  }
  auto tls = tls_for_host(server_, batch_, asked);
  if (!tls) return not_used(target.address, tls.error().text);
  if (auto dead = known_dead(host)) return *dead;
  return visit_address(server_, batch_, asked, *tls);
}

void Probe::try_every_address() {
  for (HostIndex host; batch_.has(host); ++host) {
    server_.debug(format("Trying {} [{}]", batch_.host(host).name, batch_.host(host).address));
    tried_.push_back(try_address(host, TlsChoice::AsPolicySays));
    report_of(batch_.host(host)).addresses.push_back(tried_.back());
  }
}

void Probe::conclude_from_dns() {
  for (const auto& host : report_.hosts) {
    const auto* skip = std::get_if<SkipHost>(&host.plan.policy);
    if (!skip) report_.fate = Fate::NotTried;
    if (skip && report_.fate != Fate::NotTried) report_.reason = skip->error.text;
  }
  if (report_.fate == Fate::NotTried) report_.reason.clear();
}

// The answers that say so, when the DNS proves that there is no host to connect to; empty
// otherwise. With any look-up unanswered it is not known.
std::string Probe::why_no_destination() const {
  bool nxdomain = false;
  bool own = false;
  for (const auto& look_up : server_.look_ups()) {
    if (look_up.error) return {};
    if (look_up.name == report_.target.name && look_up.nxdomain) nxdomain = true;
    if (look_up.type != RrType::A && look_up.type != RrType::Aaaa) continue;
    for (const auto& address : look_up.records) {
      if (report_.target.route != RouteKind::Mx || !is_own_address(address)) return {};
      own = true;
    }
  }
  if (nxdomain) return format("{} does not exist", report_.target.name);
  if (own) return "the DNS has addresses of whoever asks only (loopback, link-local)";
  const bool by_mx = batch_.hosts.empty() || batch_.hosts.front().mx;
  return by_mx ? std::string("no MX record names a host that has an address")
               : format("{} has no address", report_.target.name);
}

// A control question: is the trouble the domain's, or is there no validated answer at all?
bool Probe::resolver_validates() {
  resolver_.limit(Deadline::in(kLookUps));
  auto top = DnsName::parse(report_.target.name.substr(report_.target.name.rfind('.') + 1));
  return top && resolver_.mx(*top).has_value();
}

// What comes of it, once the policy of each host is known.
void Probe::conclude() {
  const auto nowhere = report_.fate == Fate::NoMail ? std::string() : why_no_destination();
  if (plan_.failure) {
    report_.failure = plan_.failure;
    report_.tls_report = report_of_failed_domain(report_.target.name, *plan_.failure);
    report_.reason = plan_.failure->text;
    report_.hosts.clear();
  } else if (!nowhere.empty()) {
    report_.fate = Fate::NoDestination;
    report_.reason = nowhere;
    report_.hosts.clear();  // the look-ups say all of it
  } else if (options_.reach == Reach::DnsOnly) {
    conclude_from_dns();
  } else if (!batch_.hosts.empty()) {
    server_.take_over(batch_);
    try_every_address();
    const auto in_clear = [this](HostIndex host) {
      return try_address(host, TlsChoice::Suppressed);
    };
    ExpectedDelivery(server_, batch_, plan_, tried_, in_clear).tell(report_);
  }
}

std::unique_ptr<StsPolicies> Probe::policies(Store& store) const {
  if (!options_.sts_daemon) return std::make_unique<NoStsPolicies>();
  return std::make_unique<DaemonPolicies>(*options_.sts_daemon, DaemonDown::Waits, store, nullptr);
}

void Probe::look_up() {
  const auto domain = DnsName::parse(report_.target.name);
  TracedResolver traced(resolver_, [this](const LookUp& done) { server_.looked_up(done); });
  MxAskedOnce asked(traced);
  asked.limit(Deadline::in(kLookUps));  // the one of the target before may have passed
  batch_.transport_name = "danesmtp";
  batch_.recipients = {{"postmaster@" + domain->text(), domain->text(), report_.target.route}};
  find_hosts(asked, *domain);
  NoStore nothing_kept;
  const auto sts = policies(nothing_kept);
  plan_ = plan_domain(server_, {asked, *sts}, batch_, recipients_by_domain(batch_).front(),
                      Deadline::in(kLookUps));
  make_host_reports();
}

Report Probe::run() {
  const auto started = SteadyClock::now();
  report_.helo_name = options_.helo_name;
  look_up();
  conclude();
  report_.look_ups = server_.look_ups();
  const bool trouble = std::any_of(report_.look_ups.begin(), report_.look_ups.end(),
                                   [](const LookUp& look_up) { return look_up.error; });
  if (trouble) report_.resolver_answers = resolver_validates();
  report_.took =
      std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - started);
  return std::move(report_);
}

}  // namespace

Report probe(Resolver& resolver, const Target& target, const ProbeOptions& options,
             const Trace& trace) {
  return Probe(resolver, target, options, trace).run();
}

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <map>

#include "core/format.h"
#include "probe_server.h"
#include "route/domain_plan.h"
#include "route/host_loop.h"
#include "route/host_tls.h"
#include "route/mx_lookup.h"

namespace danesmtp::tool {
namespace {

using SteadyClock = std::chrono::steady_clock;

// The host list needs the MX records before the policy does: they are asked for once.
class MxAskedOnce final : public Resolver {
 public:
  explicit MxAskedOnce(Resolver& resolver) : resolver_(resolver) {}

  void limit(Deadline deadline) override { resolver_.limit(deadline); }
  [[nodiscard]] Result<Answer<MxRecord>> mx(const DnsName& domain) override {
    auto [entry, added] = known_.try_emplace(domain, fail(ErrorKind::Internal, ""));
    if (added) entry->second = resolver_.mx(domain);
    return entry->second;
  }
  [[nodiscard]] Result<Answer<std::string>> addresses(const DnsName& host,
                                                      AddressFamily family) override {
    return resolver_.addresses(host, family);
  }
  [[nodiscard]] Result<Answer<Bytes>> tlsa(const DnsName& owner) override {
    return resolver_.tlsa(owner);
  }
  [[nodiscard]] Result<Answer<DnsName>> cname(const DnsName& name) override {
    return resolver_.cname(name);
  }

 private:
  Resolver& resolver_;
  std::map<DnsName, Result<Answer<MxRecord>>> known_;
};

bool no_way_from_here(const ConnectFailure& failure) {
  return failure.system_errno == ENETUNREACH || failure.system_errno == EAFNOSUPPORT ||
         failure.system_errno == EADDRNOTAVAIL;
}

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
  AddressReport try_address(std::size_t host, TlsChoice tls);
  void open_session(const HostTls& tls, UniqueFd socket, AddressReport& address);
  AttemptRequest request(std::size_t host, TlsChoice tls) const;
  HostReport& report_of(const BatchHost& host);
  AttemptResult as_delivery(std::size_t host, const AddressReport& address);
  void see_delivery();
  void conclude(const RecipientOutcome& outcome);
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
      report_.skipped_mx.push_back(format("{}: {}", skipped.exchange, skipped.reason));
    report_.reason = "no MX record names a host";
  } else {
    add_host(domain, std::nullopt);
  }
}

void Probe::make_host_reports() {
  for (const auto& host : batch_.hosts) {
    HostReport report;
    report.name = host.asked_name;
    report.port = plan_.port(host);
    report.preference = host.mx;
    report.plan = plan_.host(host);
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

AttemptRequest Probe::request(std::size_t host, TlsChoice tls) const {
  const auto& target = batch_.hosts[host];
  return {host, plan_.port(target), plan_.host(target), {0}, tls};
}

void Probe::open_session(const HostTls& tls, UniqueFd socket, AddressReport& address) {
  PeerVerdict verdict;
  auto settings = session_settings(server_, tls, verdict);
  if (!settings) {
    address.failure = Judgement{};
    address.failure->text = settings.error().text;
    return;
  }
  // What was presented is of interest above all when it is refused.
  settings->verify_peer = [&address, judge = settings->verify_peer](const TlsInfo& info) {
    address.tls = info;
    return judge ? judge(info) : Result<void>();
  };
  SmtpSession session(LineChannel(std::move(socket)), std::move(*settings), server_);
  auto opened = session.open();
  if (opened) session.quit();
  if (!opened) address.failure = judge(opened.error(), false);
  address.trust = opened ? verdict.trust : PeerTrust::None;
  address.dane = verdict.dane;
  address.ocsp = verdict.ocsp;
}

AddressReport Probe::try_address(std::size_t host, TlsChoice choice) {
  AddressReport address;
  address.address = batch_.hosts[host].address;
  const auto asked = request(host, choice);
  auto tls = tls_for_host(server_, batch_, asked);
  if (!tls) {
    address.failure = Judgement{};
    address.failure->text = tls.error().text;
    return address;
  }
  if (address.address.empty()) {
    address.failure = Judgement{};
    address.failure->text = format("{} has no address", batch_.hosts[host].asked_name);
    return address;
  }
  auto socket = server_.connect(host, asked.port);
  if (socket) {
    open_session(*tls, std::move(*socket), address);
    return address;
  }
  address.failure = judge(socket.error());
  address.failure->text = format("no connection: {}", std::strerror(socket.error().system_errno));
  address.no_route = no_way_from_here(socket.error());
  return address;
}

void Probe::try_every_address() {
  for (std::size_t host = 0; host < batch_.hosts.size(); ++host) {
    server_.debug(format("Trying {} [{}]", batch_.hosts[host].name, batch_.hosts[host].address));
    tried_.push_back(try_address(host, TlsChoice::AsPolicySays));
    report_of(batch_.hosts[host]).addresses.push_back(tried_.back());
  }
}

// What was found at an address, as the host loop wants to hear it of an attempt to deliver.
AttemptResult Probe::as_delivery(std::size_t host, const AddressReport& address) {
  RecipientOutcome outcome;
  outcome.host = host;
  if (address.failure) {
    outcome.text = address.failure->text;
    server_.set_outcome(0, outcome);
    const bool tls_failed = address.failure->cause == Cause::TlsFailure;
    return {AttemptEnd::HostDeferred, *address.failure, tls_failed, {0}};
  }
  outcome.status = Status::Delivered;
  outcome.trust = address.trust;
  if (address.tls) outcome.cipher = address.tls->cipher;
  server_.set_outcome(0, outcome);
  return {AttemptEnd::Worked, {}, false, {}};
}

// The transport's own walk through the hosts, over what was found.
void Probe::see_delivery() {
  try_hosts(server_, batch_, plan_,
            [this](MailServer&, const AddressBatch&, const AttemptRequest& asked) {
              if (asked.tls == TlsChoice::AsPolicySays)
                return as_delivery(asked.host, tried_[asked.host]);
              return as_delivery(asked.host, try_address(asked.host, asked.tls));
            });
  if (server_.outcome()) conclude(*server_.outcome());
}

void Probe::conclude(const RecipientOutcome& outcome) {
  if (outcome.host) {
    const auto& host = batch_.hosts[*outcome.host];
    report_.host = format("{}:{}", host.asked_name, plan_.port(host));
    if (!host.address.empty()) report_.host += format(" [{}]", host.address);
  }
  if (outcome.status != Status::Delivered) {
    report_.fate = Fate::Waits;
    report_.reason = outcome.text;
    return;
  }
  report_.reason.clear();
  report_.fate = outcome.cipher.empty() ? Fate::Clear : Fate::Encrypted;
  if (outcome.trust == PeerTrust::Verified) report_.fate = Fate::Verified;
  if (outcome.trust == PeerTrust::Dane) report_.fate = Fate::Dane;
}

void Probe::conclude_from_dns() {
  for (const auto& host : report_.hosts) {
    const auto* skip = std::get_if<SkipHost>(&host.plan.policy);
    if (!skip) report_.fate = Fate::NotTried;
    if (skip && report_.fate != Fate::NotTried) report_.reason = skip->error.text;
  }
  if (report_.fate == Fate::NotTried) report_.reason.clear();
}

// A control question: is the trouble the domain's, or is there no validated answer at all?
bool Probe::resolver_validates() {
  resolver_.limit(Deadline::in(kLookUps));
  auto top = DnsName::parse(report_.target.name.substr(report_.target.name.rfind('.') + 1));
  return top && resolver_.mx(*top).has_value();
}

Report Probe::run() {
  const auto started = SteadyClock::now();
  const auto domain = DnsName::parse(report_.target.name);
  TracedResolver traced(resolver_, [this](const LookUp& done) { server_.looked_up(done); });
  MxAskedOnce asked(traced);
  asked.limit(Deadline::in(kLookUps));  // the one of the target before may have passed
  batch_.transport_name = "danesmtp";
  batch_.recipients = {{"postmaster@" + domain->text(), domain->text(), report_.target.route}};
  find_hosts(asked, *domain);
  plan_ = plan_domain(server_, asked, batch_, recipients_by_domain(batch_).front(),
                      Deadline::in(kLookUps));
  make_host_reports();
  if (plan_.failure) {
    report_.failure = plan_.failure;
    report_.reason = plan_.failure->text;
    report_.hosts.clear();
  } else if (options_.reach == Reach::DnsOnly) {
    conclude_from_dns();
  } else if (!batch_.hosts.empty()) {
    server_.take_over(batch_);
    try_every_address();
    see_delivery();
  }
  report_.look_ups = server_.look_ups();
  const bool trouble = std::any_of(report_.look_ups.begin(), report_.look_ups.end(),
                                   [](const LookUp& look_up) { return look_up.error; });
  if (trouble) report_.resolver_answers = resolver_validates();
  report_.took =
      std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - started);
  return std::move(report_);
}

Result<std::uint16_t> parse_port(const std::string& text, const std::string& whole) {
  std::uint16_t port = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (code != std::errc{} || end != text.data() + text.size() || port == 0)
    return fail(ErrorKind::BadInput,
                format("\"{}\": the port is not a number from 1 to 65535", printable(whole)));
  return port;
}

// "smtp://mx.example:25/": what a URL stands for is not known, so its host is not simply taken.
std::string host_of_url(const std::string& text) {
  const auto scheme = text.find("://");
  if (scheme == std::string::npos) return {};
  const std::string rest = text.substr(scheme + 3);
  const std::string authority = rest.substr(0, rest.find_first_of("/?#"));
  const std::string host = authority.substr(authority.rfind('@') + 1);
  return host.substr(0, host.find(':'));
}

}  // namespace

Result<Target> parse_target(const std::string& text) {
  Target target;
  target.text = text;
  if (const auto host = host_of_url(text); !host.empty())
    return fail(ErrorKind::BadInput,
                format("\"{}\" is a URL: give its host, {}, or the domain of the mail addresses",
                       printable(text), printable(host)));
  std::string name = text.substr(text.rfind('@') + 1);  // of bob@example.org, example.org
  const auto colon = name.rfind(':');
  if (colon != std::string::npos && name.find(':') == colon) {
    auto port = parse_port(name.substr(colon + 1), text);
    if (!port) return tl::unexpected(port.error());
    target.port = *port;
    target.route = RouteKind::Fixed;
    name.resize(colon);
  }
  if (name.size() > 2 && name.front() == '[' && name.back() == ']') {
    target.route = RouteKind::Fixed;
    name = name.substr(1, name.size() - 2);
  }
  auto parsed = DnsName::parse(name);
  if (!parsed) return tl::unexpected(parsed.error());
  target.name = parsed->text();
  return target;
}

Result<Target> target_to_probe(const std::string& text, const ProbeOptions& options) {
  auto target = parse_target(text);
  if (!target) return target;
  const bool connects = options.reach == Reach::Connect;
  const bool clear_first = options.tls_start == TlsStart::AfterStartTls;
  if (connects && clear_first && target->port.value_or(options.port) == kSubmissionsPort)
    return fail(ErrorKind::BadInput,
                format("{}: at port 465 a session begins with TLS (RFC 8314 3.3): add "
                       "--submissions",
                       printable(text)));
  return target;
}

Report probe(Resolver& resolver, const Target& target, const ProbeOptions& options,
             const Trace& trace) {
  return Probe(resolver, target, options, trace).run();
}

}  // namespace danesmtp::tool

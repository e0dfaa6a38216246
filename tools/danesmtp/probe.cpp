// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <map>

#include "certificate_facts.h"
#include "core/format.h"
#include "lookup/mx_lookup.h"
#include "probe_server.h"
#include "route/domain_plan.h"
#include "route/host_loop.h"
#include "route/host_tls.h"
#include "time_input.h"

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

// How a list of hosts is ordered before chance has a say: by preference, and IPv6 first.
std::pair<int, bool> order_class(const BatchHost& host) {
  return {host.mx.value_or(-1), host.address.find(':') == std::string::npos};
}

// Of this machine or of its wire: in the DNS of somebody else it leads nowhere.
bool is_own_address(const std::string& address) {
  in_addr inet{};
  in6_addr inet6{};
  std::uint32_t number = 0;
  if (inet_pton(AF_INET, address.c_str(), &inet) == 1) {
    number = ntohl(inet.s_addr);
  } else if (inet_pton(AF_INET6, address.c_str(), &inet6) == 1) {
    if (!IN6_IS_ADDR_V4MAPPED(&inet6))
      return IN6_IS_ADDR_LOOPBACK(&inet6) || IN6_IS_ADDR_LINKLOCAL(&inet6) ||
             IN6_IS_ADDR_UNSPECIFIED(&inet6);
    std::memcpy(&number, inet6.s6_addr + 12, sizeof number);
    number = ntohl(number);
  }
  return number >> 24 == 0 || number >> 24 == 127 || number >> 16 == 0xa9fe;  // RFC 6890 2.2.2
}

// 500 and 502: EHLO itself is not known there.
bool refuses_our_name(const SmtpTrouble& trouble) {
  if (!trouble.reply || !trouble.reply->permanent()) return false;
  const int code = trouble.reply->code;
  return trouble.command.compare(0, 5, "EHLO ") == 0 && code != 500 && code != 502;
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
  void ask_for_other_key(std::size_t host, const HostTls& tls, AddressReport& address);
  AttemptRequest request(std::size_t host, TlsChoice tls) const;
  std::optional<AddressReport> known_dead(std::size_t host) const;
  std::vector<std::size_t> order_with(std::size_t first) const;
  void walk(const std::vector<std::size_t>& order);
  const AddressReport& in_clear(std::size_t host);
  std::string why_no_destination() const;
  HostReport& report_of(const BatchHost& host);
  AttemptResult as_delivery(std::size_t host, const AddressReport& address);
  void see_delivery();
  void conclude(const RecipientOutcome& outcome, Report& report) const;
  void conclude_from_dns();
  bool resolver_validates();

  Resolver& resolver_;
  const ProbeOptions& options_;
  ProbeServer server_;
  AddressBatch batch_;
  DomainPlan plan_;
  std::vector<AddressReport> tried_;               // by host of the batch
  std::map<std::size_t, AddressReport> in_clear_;  // those that were tried again without TLS
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
  if (!opened) {
    address.failure = judge(opened.error());
    address.hello_refused = refuses_our_name(opened.error());
  }
  address.trust = opened ? verdict.trust : PeerTrust::None;
  address.dane = verdict.dane;
  address.ocsp = verdict.ocsp;
}

// A server may have two certificates, and which one a client gets depends on what it offers.
constexpr const char* kOnlyRsa =
    "NORMAL:-ECDHE-ECDSA:-SIGN-ALL:+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-PSS-RSAE-SHA384:"
    "+SIGN-RSA-PSS-RSAE-SHA512:+SIGN-RSA-PSS-SHA256:+SIGN-RSA-PSS-SHA384:+SIGN-RSA-PSS-SHA512:"
    "+SIGN-RSA-SHA256:+SIGN-RSA-SHA384:+SIGN-RSA-SHA512";
constexpr const char* kOnlyCurves =
    "NORMAL:-ECDHE-RSA:-DHE-RSA:-RSA:-SIGN-ALL:+SIGN-ECDSA-SHA256:+SIGN-ECDSA-SHA384:"
    "+SIGN-ECDSA-SHA512:+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-ECDSA-SECP384R1-SHA384:"
    "+SIGN-ECDSA-SECP521R1-SHA512:+SIGN-EDDSA-ED25519:+SIGN-EDDSA-ED448";

// A second session, in which only the other kind of key will do. That it fails is the usual case.
void Probe::ask_for_other_key(std::size_t host, const HostTls& tls, AddressReport& address) {
  const auto policy = plan_.host(batch_.hosts[host]);
  const auto* dane = std::get_if<Authenticate>(&policy.policy);
  if (!dane || !address.tls || address.tls->chain.empty()) return;
  PeerVerdict unused;
  auto settings = session_settings(server_, tls, unused);
  auto socket = server_.connect(host, plan_.port(batch_.hosts[host]));
  if (!settings || !socket) return;
  const bool rsa = has_rsa_key(address.tls->chain.front());
  settings->tls.priority = rsa ? kOnlyCurves : kOnlyRsa;
  std::optional<TlsInfo> shown;
  settings->verify_peer = [&shown](const TlsInfo& info) {
    shown = info;
    return Result<void>();
  };
  SmtpSession session(LineChannel(std::move(*socket)), std::move(*settings), server_);
  if (session.open()) session.quit();
  if (!shown || shown->chain.empty() || has_rsa_key(shown->chain.front()) == rsa) return;
  auto verdict = verify_dane({shown->chain, dane->records, policy.names, time_now()});
  address.other = OtherCertificate{std::move(*shown), std::move(verdict)};
}

AddressReport not_used(const std::string& address, const std::string& why) {
  AddressReport report;
  report.address = address;
  report.failure = Judgement{};
  report.failure->text = why;
  return report;
}

// Another name of an address that does not answer: it is asked once.
std::optional<AddressReport> Probe::known_dead(std::size_t host) const {
  const auto& target = batch_.hosts[host];
  for (std::size_t i = 0; i < tried_.size(); ++i)
    if (tried_[i].unconnected && tried_[i].address == target.address &&
        plan_.port(batch_.hosts[i]) == plan_.port(target))
      return tried_[i];
  return std::nullopt;
}

AddressReport Probe::try_address(std::size_t host, TlsChoice choice) {
  const auto& target = batch_.hosts[host];
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
  auto socket = server_.connect(host, asked.port);
  if (!socket) {
    auto report = not_used(target.address,
                           format("no connection: {}", std::strerror(socket.error().system_errno)));
    report.unconnected = true;
    report.no_route = no_way_from_here(socket.error());
    return report;
  }
  AddressReport address;
  address.address = target.address;
  open_session(*tls, std::move(*socket), address);
  if (choice == TlsChoice::AsPolicySays) ask_for_other_key(host, *tls, address);
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

const AddressReport& Probe::in_clear(std::size_t host) {
  auto found = in_clear_.find(host);
  if (found == in_clear_.end())
    found = in_clear_.emplace(host, try_address(host, TlsChoice::Suppressed)).first;
  return found->second;
}

// The order in which `first` is the first of its class. Exim has an address that is there under two
// names once, and one of whoever asks not at all (ignore_target_hosts).
std::vector<std::size_t> Probe::order_with(std::size_t first) const {
  const auto& hosts = batch_.hosts;
  std::vector<std::size_t> order;
  const auto take = [&](std::size_t host) {
    const bool there = std::any_of(order.begin(), order.end(), [&](std::size_t one) {
      return one == host ||
             (hosts[one].address == hosts[host].address && !hosts[host].address.empty());
    });
    if (!there && !tried_[host].not_tried) order.push_back(host);
  };
  for (std::size_t host = 0; host < hosts.size(); ++host) {
    if (order_class(hosts[host]) == order_class(hosts[first])) take(first);
    take(host);
  }
  return order;
}

// The transport's own walk through the hosts, over what was found.
void Probe::walk(const std::vector<std::size_t>& order) {
  AddressBatch batch = batch_;
  batch.hosts.clear();
  for (const auto host : order) batch.hosts.push_back(batch_.hosts[host]);
  try_hosts(server_, batch, plan_,
            [&](MailServer&, const AddressBatch&, const AttemptRequest& asked) {
              const std::size_t host = order[asked.host];
              return as_delivery(
                  host, asked.tls == TlsChoice::AsPolicySays ? tried_[host] : in_clear(host));
            });
}

// Exim takes addresses of one preference and family in any order: the least good of what may come
// of it counts, so that it is the same each time.
void Probe::see_delivery() {
  walk(order_with(0));
  if (!server_.outcome()) return;
  const RecipientOutcome usual = *server_.outcome();
  conclude(usual, report_);
  if (usual.status != Status::Delivered || !usual.host) return;
  constexpr std::size_t kMost = 100;  // a bound for odd zones
  std::size_t walks = 0;
  for (std::size_t first = 0; first < batch_.hosts.size() && walks < kMost; ++first) {
    if (order_class(batch_.hosts[first]) != order_class(batch_.hosts[*usual.host])) continue;
    ++walks;
    walk(order_with(first));
    Report other;
    conclude(*server_.outcome(), other);
    if (other.fate <= report_.fate) continue;
    report_.fate = other.fate;
    report_.host = other.host;
    report_.reason = other.reason;
  }
}

void Probe::conclude(const RecipientOutcome& outcome, Report& report) const {
  if (outcome.host) {
    const auto& host = batch_.hosts[*outcome.host];
    report.host = format("{}:{}", host.asked_name, plan_.port(host));
    if (!host.address.empty()) report.host += format(" [{}]", host.address);
  }
  if (outcome.status != Status::Delivered) {
    report.fate = Fate::Waits;
    report.reason = outcome.text;
    return;
  }
  report.reason.clear();
  report.fate = outcome.cipher.empty() ? Fate::Clear : Fate::Encrypted;
  if (outcome.trust == PeerTrust::Verified) report.fate = Fate::Verified;
  if (outcome.trust == PeerTrust::Dane) report.fate = Fate::Dane;
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

Report Probe::run() {
  const auto started = SteadyClock::now();
  const auto domain = DnsName::parse(report_.target.name);
  TracedResolver traced(resolver_, [this](const LookUp& done) { server_.looked_up(done); });
  MxAskedOnce asked(traced);
  asked.limit(Deadline::in(kLookUps));  // the one of the target before may have passed
  batch_.transport_name = "danesmtp";
  report_.helo_name = options_.helo_name;
  batch_.recipients = {{"postmaster@" + domain->text(), domain->text(), report_.target.route}};
  find_hosts(asked, *domain);
  plan_ = plan_domain(server_, asked, batch_, recipients_by_domain(batch_).front(),
                      Deadline::in(kLookUps));
  make_host_reports();
  const auto nowhere = report_.fate == Fate::NoMail ? std::string() : why_no_destination();
  if (plan_.failure) {
    report_.failure = plan_.failure;
    report_.reason = plan_.failure->text;
    report_.hosts.clear();
  } else if (!nowhere.empty()) {
    report_.fate = Fate::NoDestination;
    report_.reason = nowhere;
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

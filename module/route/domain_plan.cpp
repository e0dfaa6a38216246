// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/domain_plan.h"

#include <algorithm>
#include <sstream>

#include "core/bytes.h"
#include "core/format.h"
#include "dane/reference_names.h"
#include "lookup/mx_lookup.h"
#include "lookup/tlsa_lookup.h"
#include "outcome/delivery_log.h"

namespace danesmtp {
namespace {

using HostKey = std::pair<std::string, std::uint16_t>;

// Addresses, aliases and TLSA records of one host.
constexpr std::chrono::seconds kHostLookUps{40};

constexpr int kMostAliases = 16;  // D-013

// What the base domain of a decision is called, if it has one.
const DnsName* base_domain(const TlsaDecision& decision) {
  if (const auto* usable = std::get_if<TlsaUsable>(&decision)) return &usable->base_domain;
  if (const auto* unusable = std::get_if<TlsaUnusable>(&decision)) return &unusable->base_domain;
  return nullptr;
}

bool has_secure_address(const HostDns& dns) {
  return dns.inet.state == AddressState::Secure || dns.inet6.state == AddressState::Secure;
}

// How a host was found for the domain, by the validated DNS or the configuration.
struct Reached {
  ReachedHost names;
  std::optional<ProvedUnsigned> unsigned_mx;  // what names it is proved not to be signed
};

std::string unproved_text() {
  return "DANE error: the address is not one of this host's in the validated DNS";
}

Error not_named(const std::string& host, const std::string& domain) {
  return {ErrorKind::DnsBogus,
          format("DANE error: {} is not a mail server of {} in the validated DNS, though the "
                 "system's resolver says so",
                 printable(host), printable(domain))};
}

// The records that a router's check_srv asks for are validated by nobody.
Error by_srv(const std::string& host, const std::string& domain) {
  return {ErrorKind::DnsBogus,
          format("DANE error: {} is not a mail server of the signed domain {} by its MX records; "
                 "SRV records (check_srv) are not validated",
                 printable(host), domain)};
}

class Planner {
 public:
  Planner(MailServer& server, Resolver& resolver, const AddressBatch& batch, RecipientGroup group,
          Deadline end)
      : server_(server), resolver_(resolver), batch_(batch), group_(std::move(group)), end_(end) {}

  DomainPlan plan();

 private:
  using Wish = std::variant<DaneWish, NotListed, Error>;

  Wish strictest_wish(const HostKey& key);
  [[nodiscard]] Result<bool> listed(const char* option, const HostKey& key);
  void plan_host(const HostKey& key);
  HostPlan decide(const HostKey& key);
  HostPlan judge_unlisted(const HostKey& key, NotListed proof);
  bool listed_as(const HostKey& key, const DnsName& name) const;
  bool may_be_ignored(const Reached& reached);
  HostPlan judge_host(const HostKey& key, DaneWish wish);
  HostPlan judge_literal(const HostKey& key, DaneWish wish, AddressLiteral literal);
  HostPlan judge_records(const HostKey& key, DaneWish wish, const Reached& reached);
  [[nodiscard]] Result<Reached> reach(const HostKey& key, const DnsName& host);
  [[nodiscard]] Result<Reached> reach_by_record(const DnsName& host);
  [[nodiscard]] Result<void> check_renames();
  [[nodiscard]] Result<void> check_rename(const DomainRename& rename);
  bool completes(const DnsName& name, const DnsName& whole) const;
  std::optional<DnsName> completed(const HostKey& key, const DnsName& host) const;
  [[nodiscard]] Result<DomainRoute> mx_route();
  [[nodiscard]] Result<DomainRoute> domain_route();
  bool named_by_record(const HostKey& key) const;
  bool in_hosts_file(const BatchHost& host) const;
  bool any_in_hosts_file(const HostKey& key) const;
  void note_unproved(const HostKey& key, const HostDns& dns);
  void explain(const HostKey& key, const HostPlan& plan);
  [[nodiscard]] Result<bool> domain_listed(const char* option);
  [[nodiscard]] Result<bool> excepted();
  void plan_hosts();
  void audit(const HostKey& key, HostPlan& plan);
  HostKey key_of(const BatchHost& host) const { return {host.asked_name, plan_.port(host)}; }

  MailServer& server_;
  Resolver& resolver_;
  const AddressBatch& batch_;
  RecipientGroup group_;
  DomainPlan plan_;
  Deadline end_;
  std::optional<Listed> audit_;  // dane_audit_domains
  std::string audited_;          // what was last said of it
  bool told_of_records_ = false;
  std::optional<DomainRoute> route_;  // asked for once, and only if some host can have a policy
  std::optional<Result<void>> renames_checked_;
  std::optional<ProvedUnsigned> unsigned_rename_;  // anybody can have chosen the domain
  std::optional<DnsName> alias_;  // the recipient's domain, where the rename follows its aliases
};

// A host has an entry an address; it is required to have DANE if any of them says so. A list that
// cannot be matched says nothing, least of all "no".
Planner::Wish Planner::strictest_wish(const HostKey& key) {
  const auto required = listed("hosts_require_dane", key);
  if (!required) return required.error();
  if (*required) return DaneWish::Require;
  const auto tried = listed("hosts_try_dane", key);
  if (!tried) return tried.error();
  if (const auto proof = NotListed::by(required, tried)) return *proof;
  return DaneWish::Try;
}

Result<bool> Planner::listed(const char* option, const HostKey& key) {
  for (std::size_t i = 0; i < batch_.hosts.size(); ++i) {
    if (key_of(batch_.hosts[i]) != key) continue;
    auto in = server_.host_in(option, i);
    if (!in || *in) return in;
  }
  return false;
}

// Is `whole` the name with one of the suffixes that this machine is configured with?
bool Planner::completes(const DnsName& name, const DnsName& whole) const {
  std::istringstream suffixes(batch_.suffixes);
  for (std::string suffix; suffixes >> suffix;)
    if (DnsName::of_any_kind(name.text() + "." + suffix) == whole) return true;
  return false;
}

// Do the signed aliases of `name` lead over the other? Exim takes the last one but one for the
// name.
Result<bool> alias_of(Resolver& resolver, DnsName name, const DnsName& other) {
  for (int links = 0; links < kMostAliases && name != other; ++links) {
    auto link = resolver.cname(name);
    if (!link) return tl::unexpected(link.error());
    if (!link->secure() || link->records.size() != 1) return false;
    name = link->records.front();
  }
  return name == other;
}

// The router's answer named another domain than the one it was asked for. It did so rightly where
// that one does not exist and was completed, and where its aliases lead to the other. Of a domain
// that nobody signs it is not known: then nothing vouches for the hosts.
Result<void> Planner::check_rename(const DomainRename& rename) {
  const auto from = DnsName::of_any_kind(rename.from), to = DnsName::of_any_kind(rename.to);
  if (!from) return tl::unexpected(from.error());
  if (!to) return tl::unexpected(to.error());
  if (*from == *to) return {};  // U-labels
  const auto answer = resolver_.mx(*from);
  if (!answer) return fail(answer.error().kind, lookup_text("MX", rename.from, answer.error()));
  if (const auto proof = ProvedUnsigned::by(*answer)) {
    unsigned_rename_ = proof;
    return {};
  }
  if (answer->nxdomain && answer->canonical == *from && completes(*from, *to)) return {};
  const auto alias = alias_of(resolver_, *from, *to);
  if (alias && *alias) alias_ = *from;
  if (alias && *alias) return {};
  return fail(
      ErrorKind::DnsBogus,
      format("DANE error: the system's resolver says that {} is called {}, and the validated DNS "
             "does not",
             printable(rename.from), printable(rename.to)));
}

Result<void> Planner::check_renames() {
  if (renames_checked_) return *renames_checked_;
  renames_checked_ = Result<void>();
  for (const auto& rename : group_.renames) {
    auto checked = check_rename(rename);
    if (checked) continue;
    plan_.failure = checked.error();
    renames_checked_ = checked;
    break;
  }
  return *renames_checked_;
}

Result<DomainRoute> Planner::domain_route() {
  if (!route_) {
    auto domain = alias_ ? Result<DnsName>(*alias_) : DnsName::of_any_kind(group_.domain);
    if (!domain) return tl::unexpected(domain.error());
    route_ = look_up_domain(resolver_, *domain);
  }
  return *route_;
}

// An error that is the domain's stops all its hosts (D-005).
Result<DomainRoute> Planner::mx_route() {
  auto route = domain_route();
  if (!route) return route;
  const auto* failed = std::get_if<MxFailed>(&route->mx);
  if (!failed) return route;
  plan_.failure = Error{failed->error.kind, lookup_text("MX", group_.domain, failed->error)};
  return tl::unexpected(*plan_.failure);
}

// An MX or SRV record that nobody has validated put it into the list, not the configuration.
bool Planner::named_by_record(const HostKey& key) const {
  return std::any_of(batch_.hosts.begin(), batch_.hosts.end(),
                     [&](const BatchHost& one) { return one.mx && key_of(one) == key; });
}

// A configured name that Exim expanded by MX records ("name/mx" in a route): the validated records
// of one such name must name the host. Nothing tells which of them did, so it proves nothing of the
// recipient's domain. Where the configuration does not tell the names, the host is held to its
// records, and no more.
Result<Reached> Planner::reach_by_record(const DnsName& host) {
  const Reached reached{{HostRole::InsecureMx, host, host, host}, std::nullopt};
  if (group_.mx_names.empty()) {
    const std::string line = format(
        "DANE: {} is named by a record that cannot be validated (\"/mx\" in a "
        "route)",
        host.text());
    if (!std::exchange(told_of_records_, true)) server_.note(line);
    return reached;
  }
  std::istringstream names(group_.mx_names);
  for (std::string text; names >> text;) {
    const auto name = DnsName::of_any_kind(text);
    if (!name) return tl::unexpected(name.error());
    const auto route = look_up_domain(resolver_, *name);
    if (const auto* failed = std::get_if<MxFailed>(&route.mx))
      return fail(failed->error.kind, lookup_text("MX", text, failed->error));
    if (role_of_host(route, host)) return reached;
  }
  return tl::unexpected(not_named(host.text(), group_.mx_names));
}

// An error means that the host must not be used.
Result<Reached> Planner::reach(const HostKey& key, const DnsName& host) {
  // RFC 7672 2.2.2, D-056
  if (group_.route == RouteKind::Fixed && named_by_record(key)) return reach_by_record(host);
  if (group_.route == RouteKind::Fixed) {
    const auto role = unsigned_rename_ ? HostRole::InsecureMx : HostRole::NonMx;
    return Reached{{role, host, host, host}, unsigned_rename_};
  }
  auto route = mx_route();
  if (!route) return tl::unexpected(route.error());
  // D-041: the validated MX records must name it.
  auto role = role_of_host(*route, host);
  if (!role && group_.by_srv) return tl::unexpected(by_srv(host.text(), group_.domain));
  if (!role) return tl::unexpected(not_named(host.text(), group_.domain));
  if (unsigned_rename_) return Reached{{HostRole::InsecureMx, host, host, host}, unsigned_rename_};
  return Reached{{*role, host, route->domain, route->expanded}, route->unsigned_mx};
}

// D-058: an address that the configuration names has no TLSA records. One that a record names
// (D-039) is no host; only where it is proved that nobody signs the record does Exim's own rule
// (allow_mx_to_ip) stand.
HostPlan Planner::judge_literal(const HostKey& key, DaneWish wish, AddressLiteral literal) {
  HostPlan plan;
  const std::string why = format("\"{}\" is an IP address", key.first);
  if (group_.route == RouteKind::Fixed && !named_by_record(key)) {
    plan.mx = MxTrust::Secure;
    plan.policy = host_policy(wish, plan.mx, NoTlsa(literal, why));
    return plan;
  }
  auto route = group_.route == RouteKind::Mx
                   ? mx_route()
                   : Result<DomainRoute>(fail(ErrorKind::DnsBogus, why + ", by an MX record"));
  if (!route)
    plan.policy = SkipHost{route.error()};
  else if (!route->unsigned_mx)
    plan.policy = SkipHost{not_named(key.first, group_.domain)};
  else
    plan.policy = host_policy(wish, MxTrust::Insecure, NoTlsa(*route->unsigned_mx, why));
  return plan;
}

// Were the lists asked about the host by this name?
bool Planner::listed_as(const HostKey& key, const DnsName& name) const {
  return std::any_of(batch_.hosts.begin(), batch_.hosts.end(), [&](const BatchHost& one) {
    return key_of(one) == key && DnsName::of_any_kind(one.name) == name;
  });
}

// The lists were asked about a name and an address that nobody had validated: what they say holds
// for the host only if the validated records lead to it (D-041). Its TLSA records are not asked
// for.
HostPlan Planner::judge_unlisted(const HostKey& key, NotListed proof) {
  HostPlan plan;
  auto checked = check_renames();
  const auto literal = AddressLiteral::by(key.first);
  if (checked && literal) return judge_literal(key, DaneWish::Try, *literal);
  const auto host = DnsName::of_any_kind(key.first);
  auto reached = host ? reach(key, *host) : tl::unexpected(host.error());
  if (!checked || !reached) {
    plan.policy = SkipHost{checked ? reached.error() : checked.error()};
    return plan;
  }
  if (may_be_ignored(*reached)) return judge_records(key, DaneWish::Try, *reached);
  resolver_.limit(earlier(end_, Deadline::in(kHostLookUps)));  // D-013
  HostDns dns = look_up_addresses(resolver_, *host);
  const auto whole = dns.nonexistent ? completed(key, *host) : std::nullopt;
  if (whole) dns = look_up_addresses(resolver_, *whole);
  // Of an alias whose end the lists have not seen, or whose addresses nobody signs, they said
  // nothing.
  const bool alias = dns.canonical && *dns.canonical != (whole ? *whole : *host);
  if (alias && !(has_secure_address(dns) && listed_as(key, *dns.canonical)))
    return judge_host(key, DaneWish::Try);
  note_unproved(key, dns);
  const auto& error = dns.inet.error ? dns.inet.error : dns.inet6.error;
  const bool none = dns.inet.addresses.empty() && dns.inet6.addresses.empty();
  if (error && none && !any_in_hosts_file(key))
    plan.policy = SkipHost{*error};
  else
    plan.policy = NoDane(proof, "the host is not in hosts_try_dane");
  return plan;
}

HostPlan Planner::judge_host(const HostKey& key, DaneWish wish) {
  HostPlan plan;
  if (auto checked = check_renames(); !checked) {
    plan.policy = SkipHost{checked.error()};
    return plan;
  }
  if (const auto literal = AddressLiteral::by(key.first)) return judge_literal(key, wish, *literal);
  const auto host = DnsName::of_any_kind(key.first);
  const auto reached = host ? reach(key, *host) : tl::unexpected(host.error());
  if (reached) return judge_records(key, wish, *reached);
  plan.policy = SkipHost{reached.error()};
  return plan;
}

// What a name that the configuration has, and that does not exist, was completed to (D-057: never
// by ourselves).
std::optional<DnsName> Planner::completed(const HostKey& key, const DnsName& host) const {
  if (group_.route != RouteKind::Fixed || named_by_record(key)) return std::nullopt;
  for (const auto& one : batch_.hosts) {
    if (key_of(one) != key) continue;
    const auto whole = DnsName::of_any_kind(one.name);
    if (whole && completes(host, *whole)) return *whole;
  }
  return std::nullopt;
}

bool Planner::may_be_ignored(const Reached& reached) {
  return reached.unsigned_mx && reached.names.role == HostRole::InsecureMx &&
         server_.option_text("dane_insecure_mx") == "may";
}

HostPlan Planner::judge_records(const HostKey& key, DaneWish wish, const Reached& reached) {
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
  resolver_.limit(earlier(end_, Deadline::in(kHostLookUps)));  // D-013
  HostDns dns = look_up_host(resolver_, host, key.second);
  const auto whole = dns.nonexistent ? completed(key, host) : std::nullopt;
  if (whole) dns = look_up_host(resolver_, *whole, key.second);
  // What this machine's own file names need not be in the DNS, but may have records there.
  if (dns.nowhere() && any_in_hosts_file(key)) dns.tlsa = look_up_tlsa(resolver_, host, key.second);
  note_unproved(key, dns);
  plan.secure = plan.mx == MxTrust::Secure && has_secure_address(dns);
  plan.policy = host_policy(wish, plan.mx, dns.tlsa);
  if (const auto* base = base_domain(dns.tlsa)) plan.names = reference_names(*base, reached.names);
  return plan;
}

// The hosts file is the administrator's word, for names that the configuration has.
bool Planner::in_hosts_file(const BatchHost& host) const {
  return group_.route == RouteKind::Fixed && !host.mx && !host.address.empty() &&
         server_.in_hosts_file(host.asked_name, host.address);
}

bool Planner::any_in_hosts_file(const HostKey& key) const {
  return std::any_of(batch_.hosts.begin(), batch_.hosts.end(), [&](const BatchHost& one) {
    return key_of(one) == key && in_hosts_file(one);
  });
}

void Planner::note_unproved(const HostKey& key, const HostDns& dns) {
  for (const auto& host : batch_.hosts)
    if (key_of(host) == key && !host.address.empty() && !dns.may_have(host.address) &&
        !in_hosts_file(host))
      plan_.unproved.insert({host.asked_name, host.address});
}

HostPlan Planner::decide(const HostKey& key) {
  HostPlan plan;
  const auto wish = strictest_wish(key);
  if (const auto* error = std::get_if<Error>(&wish))
    plan.policy = SkipHost{*error};
  else if (const auto* proof = std::get_if<NotListed>(&wish))
    plan = judge_unlisted(key, *proof);
  else
    plan = judge_host(key, std::get<DaneWish>(wish));
  return plan;
}

void Planner::plan_host(const HostKey& key) {
  auto& plan = plan_.hosts[key] = decide(key);
  if (audit_) audit(key, plan);
  explain(key, plan);
}

void Planner::explain(const HostKey& key, const HostPlan& plan) {
  if (!server_.debugging()) return;
  server_.debug(format("DANE policy for {} at {}:{}: {}", group_.domain, key.first, key.second,
                       policy_text(plan.policy)));
  if (!std::holds_alternative<Authenticate>(plan.policy)) return;
  if (plan.mx == MxTrust::Insecure)
    server_.debug(
        format("DANE: {} is named by an unsigned MX record: authenticating it proves "
               "nothing about {} (RFC 7672 2.2.1)",
               key.first, group_.domain));
  std::vector<std::string> names;
  for (const auto& name : plan.names) names.push_back(name.text());
  server_.debug(
      format("DANE names of {}, for usage 2: {} (RFC 7672 3.2.2)", key.first, join(names, ", ")));
}

// D-111, D-114: under audit nothing that DNS or DANE says keeps a host from being used.
void Planner::audit(const HostKey& key, HostPlan& plan) {
  plan.enforcement = Enforcement::Audit;
  plan_.failure.reset();
  const auto* skip = std::get_if<SkipHost>(&plan.policy);
  if (!skip && plan_.unproved.empty()) return;
  const std::string why = skip ? skip->error.text : unproved_text();
  plan_.unproved.clear();
  if (why != audited_)  // of a whole domain once, not once a host
    server_.note(
        format("DANE audit: {} would not be used for {}: {}", key.first, group_.domain, why));
  audited_ = why;
  if (skip) plan.policy = NoDane(*audit_, "dane_audit_domains: " + why);
}

// A list names the domain that Exim was led to: that says something of the recipient's own only if
// it names that one too, or the validated DNS bears the rename out (D-041).
Result<bool> Planner::domain_listed(const char* option) {
  auto in = server_.domain_in(option, group_.domain);
  if (!in || !*in) return in;
  for (const auto& rename : group_.renames) {
    auto from = server_.domain_in(option, rename.from);
    if (!from) return from;
    if (*from) continue;
    if (auto checked = check_renames(); !checked) return tl::unexpected(checked.error());
  }
  return true;
}

// D-015: the domain is delivered without DANE. As audit, a list that cannot be matched is an error.
Result<bool> Planner::excepted() {
  auto except = domain_listed("dane_except_domains");
  if (!except || *except) return except;
  auto audit = domain_listed("dane_audit_domains");
  audit_ = Listed::by(audit);
  return audit ? Result<bool>(false) : audit;
}

void Planner::plan_hosts() {
  // RFC 7672 2.2.1, D-030: each host is a destination of its own.
  for (const auto& host : batch_.hosts) {
    if (host.lookup != AddressLookup::Done || plan_.hosts.count(key_of(host)) != 0) continue;
    plan_host(key_of(host));
    if (plan_.failure) return;
  }
}

DomainPlan Planner::plan() {
  plan_.domain = group_.domain;
  plan_.recipients = group_.recipients;
  server_.about(group_.recipients);
  auto port = server_.service_port();
  resolver_.limit(end_);
  auto except = excepted();
  if (!port || !except) {
    plan_.failure = port ? except.error() : port.error();
    return plan_;
  }
  plan_.default_port = *port;
  if (const auto proof = Listed::by(except)) {
    plan_.excepted = HostPlan{.policy = NoDane(*proof, "dane_except_domains")};
    if (server_.debugging())
      server_.debug(format("DANE policy for {}: none (dane_except_domains)", group_.domain));
  } else {
    plan_hosts();
  }
  return plan_;
}

}  // namespace

std::string policy_text(const HostPolicy& policy) {
  if (const auto* none = std::get_if<NoDane>(&policy))
    return format("no DANE: {} (RFC 7672 2.2)", none->why);
  if (const auto* skip = std::get_if<SkipHost>(&policy))
    return format("not usable: {} (RFC 7672 2.1.1)", skip->error.text);
  if (const auto* only = std::get_if<EncryptOnly>(&policy))
    return format("TLS without authentication: no TLSA record of {} is usable: {} (RFC 7672 2.2)",
                  only->base_domain.text(), join(only->reasons, "; "));
  const auto& dane = std::get<Authenticate>(policy);
  return format("authenticate by {} TLSA record{} of {} (RFC 7672 2.2)", dane.records.size(),
                dane.records.size() == 1 ? "" : "s", dane.base_domain.text());
}

std::vector<RecipientGroup> recipients_by_domain(const AddressBatch& batch) {
  std::vector<RecipientGroup> groups;
  for (std::size_t i = 0; i < batch.recipients.size(); ++i) {
    const auto& recipient = batch.recipients[i];
    auto same = std::find_if(groups.begin(), groups.end(), [&](const RecipientGroup& group) {
      return group.domain == recipient.domain && group.route == recipient.route &&
             group.renames == recipient.renames && group.mx_names == recipient.mx_names &&
             group.by_srv == recipient.by_srv;
    });
    if (same == groups.end())
      same = groups.insert(same, {recipient.domain,
                                  recipient.route,
                                  {},
                                  recipient.renames,
                                  recipient.mx_names,
                                  recipient.by_srv});
    same->recipients.push_back(i);
  }
  return groups;
}

const HostPlan& DomainPlan::host(const BatchHost& host) const {
  static const HostPlan kUndecided;
  static const HostPlan kUnproved = {
      .policy = SkipHost{{ErrorKind::DnsBogus, unproved_text()}, "dnssec-invalid"}};
  if (excepted) return *excepted;
  auto found = hosts.find({host.asked_name, port(host)});
  if (found == hosts.end()) return kUndecided;
  const bool proved = unproved.count({host.asked_name, host.address}) == 0;
  return proved || std::holds_alternative<SkipHost>(found->second.policy) ? found->second
                                                                          : kUnproved;
}

bool DomainPlan::needs_us(const AddressBatch& batch) const {
  if (failure) return true;
  return std::any_of(batch.hosts.begin(), batch.hosts.end(), [&](const BatchHost& one) {
    if (one.lookup == AddressLookup::NoneByRouter) return false;
    return one.lookup == AddressLookup::Failed || !std::holds_alternative<NoDane>(host(one).policy);
  });
}

DomainPlan plan_domain(MailServer& server, Resolver& resolver, const AddressBatch& batch,
                       RecipientGroup group, Deadline look_ups_end) {
  return Planner(server, resolver, batch, std::move(group), look_ups_end).plan();
}

}  // namespace danesmtp

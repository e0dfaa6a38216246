// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/domain_plan.h"

#include <algorithm>

#include "core/format.h"
#include "dane/reference_names.h"
#include "dane/tlsa_lookup.h"
#include "outcome/delivery_log.h"
#include "route/mx_lookup.h"

namespace danesmtp {
namespace {

using HostKey = std::pair<std::string, std::uint16_t>;

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

class Planner {
 public:
  Planner(MailServer& server, Resolver& resolver, const AddressBatch& batch, RecipientGroup group,
          Deadline end)
      : server_(server), resolver_(resolver), batch_(batch), group_(std::move(group)), end_(end) {}

  DomainPlan plan();

 private:
  DaneWish strictest_wish(const HostKey& key);
  [[nodiscard]] Result<bool> listed(const char* option, const HostKey& key);
  void plan_host(const HostKey& key, DaneWish wish);
  HostPlan judge_host(const DnsName& host, std::uint16_t port, DaneWish wish);
  [[nodiscard]] Result<ReachedHost> reach(const DnsName& host);
  bool named_by_mx(const DnsName& host) const;
  [[nodiscard]] Result<DomainRoute> domain_route();
  void explain(const HostKey& key, const HostPlan& plan);
  [[nodiscard]] Result<bool> excepted();
  void plan_hosts();
  void audit(const HostKey& key, HostPlan& plan);

  MailServer& server_;
  Resolver& resolver_;
  const AddressBatch& batch_;
  RecipientGroup group_;
  DomainPlan plan_;
  Deadline end_;
  bool audit_ = false;                // dane_audit_domains
  std::string audited_;               // what was last said of it
  std::optional<DomainRoute> route_;  // asked for once, and only if some host can have a policy
  std::optional<Error> list_error_;   // a host list option could not be matched
};

// A host has an entry an address; it is required to have DANE if any of them says so.
DaneWish Planner::strictest_wish(const HostKey& key) {
  for (auto [option, wish] : {std::pair{"hosts_require_dane", DaneWish::Require},
                              std::pair{"hosts_try_dane", DaneWish::Try}}) {
    auto found = listed(option, key);
    if (!found) list_error_ = found.error();
    if (!found || *found) return wish;
  }
  return DaneWish::Off;
}

Result<bool> Planner::listed(const char* option, const HostKey& key) {
  for (std::size_t i = 0; i < batch_.hosts.size(); ++i) {
    if (HostKey{batch_.hosts[i].asked_name, plan_.port(batch_.hosts[i])} != key) continue;
    auto in = server_.host_in(option, i);
    if (!in || *in) return in;
  }
  return false;
}

Result<DomainRoute> Planner::domain_route() {
  if (!route_) {
    auto domain = DnsName::parse(group_.domain);
    if (!domain) return tl::unexpected(domain.error());
    route_ = look_up_domain(resolver_, *domain);
  }
  return *route_;
}

bool Planner::named_by_mx(const DnsName& host) const {
  return std::any_of(batch_.hosts.begin(), batch_.hosts.end(), [&](const BatchHost& one) {
    return one.mx && DnsName::parse(one.asked_name) == host;
  });
}

// How the host was found for the domain; an error means that it must not be used. A configured name
// that Exim expanded by MX records ("host/mx" in a route list) ends in a name that nobody
// validated: it is held to its records, and proves nothing.
Result<ReachedHost> Planner::reach(const DnsName& host) {
  // RFC 7672 2.2.2, D-056
  if (group_.route == RouteKind::Fixed) {
    const auto role = named_by_mx(host) ? HostRole::InsecureMx : HostRole::NonMx;
    return ReachedHost{role, host, host, host};
  }
  auto route = domain_route();
  if (!route) return tl::unexpected(route.error());
  if (const auto* failed = std::get_if<MxFailed>(&route->mx)) {
    plan_.failure = Error{failed->error.kind, lookup_text("MX", group_.domain, failed->error)};
    return tl::unexpected(*plan_.failure);
  }
  // D-041: the validated MX records must name it.
  auto role = role_of_host(*route, host);
  if (!role)
    return fail(ErrorKind::DnsBogus,
                format("DANE error: {} is not a mail server of {} in the validated DNS, though "
                       "the system's resolver says so",
                       host.text(), group_.domain));
  return ReachedHost{*role, host, route->domain, route->expanded};
}

HostPlan Planner::judge_host(const DnsName& host, std::uint16_t port, DaneWish wish) {
  HostPlan plan;
  auto reached = reach(host);
  if (!reached) {
    plan.policy = SkipHost{reached.error(), "dnssec-invalid"};
    return plan;
  }
  plan.mx = reached->role == HostRole::InsecureMx ? MxTrust::Insecure : MxTrust::Secure;
  // RFC 7672 2.2.1, D-031: an unsigned MX record may be ignored for DANE, or its host held to its
  // records.
  if (plan.mx == MxTrust::Insecure && wish == DaneWish::Try &&
      server_.option_text("dane_insecure_mx") == "may") {
    plan.policy = NoDane{"the MX record is not signed (dane_insecure_mx = may)"};
    return plan;
  }
  resolver_.limit(earlier(end_, Deadline::in(kHostLookUps)));  // D-013
  const HostDns dns = look_up_host(resolver_, host, port);
  plan.secure = plan.mx == MxTrust::Secure && has_secure_address(dns);
  plan.policy = host_policy(wish, plan.mx, dns.tlsa);
  if (const auto* base = base_domain(dns.tlsa)) plan.names = reference_names(*base, *reached);
  return plan;
}

void Planner::plan_host(const HostKey& key, DaneWish wish) {
  auto& plan = plan_.hosts[key];
  auto host = DnsName::parse(key.first);
  if (list_error_) {
    plan.policy = SkipHost{*list_error_, "dnssec-invalid"};
  } else if (wish == DaneWish::Off) {
    plan.policy = NoDane{"the host is not in hosts_try_dane"};
  } else if (host) {
    plan = judge_host(*host, key.second, wish);
  } else {  // D-058: an address has no TLSA records
    plan.policy = host_policy(wish, MxTrust::Secure, NoTlsa{host.error().text});
  }
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
  if (!skip) return;
  const std::string why = skip->error.text;
  if (why != audited_)  // of a whole domain once, not once a host
    server_.note(
        format("DANE audit: {} would not be used for {}: {}", key.first, group_.domain, why));
  audited_ = why;
  plan.policy = NoDane{"dane_audit_domains: " + why};
}

// D-015: the domain is delivered without DANE. As audit, a list that cannot be matched is an error.
Result<bool> Planner::excepted() {
  auto except = server_.domain_in("dane_except_domains", group_.domain);
  if (!except || *except) return except;
  auto audit = server_.domain_in("dane_audit_domains", group_.domain);
  if (audit) audit_ = *audit;
  return audit ? Result<bool>(false) : audit;
}

void Planner::plan_hosts() {
  // RFC 7672 2.2.1, D-030: each host is a destination of its own.
  for (const auto& host : batch_.hosts) {
    const HostKey key{host.asked_name, plan_.port(host)};
    if (plan_.hosts.count(key) == 0) plan_host(key, strictest_wish(key));
    if (plan_.failure) return;
  }
}

DomainPlan Planner::plan() {
  plan_.domain = group_.domain;
  plan_.recipients = group_.recipients;
  auto port = server_.service_port();
  auto except = excepted();
  if (!port || !except) {
    plan_.failure = port ? except.error() : port.error();
    return plan_;
  }
  plan_.default_port = *port;
  resolver_.limit(end_);
  if (!*except) {
    plan_hosts();
  } else if (server_.debugging()) {
    server_.debug(format("DANE policy for {}: none (dane_except_domains)", group_.domain));
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
      return group.domain == recipient.domain && group.route == recipient.route;
    });
    if (same == groups.end()) same = groups.insert(same, {recipient.domain, recipient.route, {}});
    same->recipients.push_back(i);
  }
  return groups;
}

const HostPlan& DomainPlan::host(const BatchHost& host) const {
  static const HostPlan kUnplanned = {
      .policy = SkipHost{{ErrorKind::Internal, "no DANE policy was decided for this host"},
                         "dnssec-invalid"}};
  auto found = hosts.find({host.asked_name, port(host)});
  return found == hosts.end() ? kUnplanned : found->second;
}

bool DomainPlan::needs_us() const {
  return failure || std::any_of(hosts.begin(), hosts.end(), [](const auto& entry) {
           return !std::holds_alternative<NoDane>(entry.second.policy);
         });
}

DomainPlan plan_domain(MailServer& server, Resolver& resolver, const AddressBatch& batch,
                       RecipientGroup group, Deadline look_ups_end) {
  return Planner(server, resolver, batch, std::move(group), look_ups_end).plan();
}

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/domain_plan.h"

#include <algorithm>

#include "core/format.h"
#include "outcome/delivery_log.h"
#include "route/host_judge.h"
#include "route/host_reach.h"
#include "route/sts_judge.h"
#include "route/tls_requirement.h"

namespace danesmtp {
namespace {

class Planner {
 public:
  Planner(MailServer& server, const PolicySources& sources, const AddressBatch& batch,
          RecipientGroup group, Deadline end)
      : server_(server),
        batch_(batch),
        group_(std::move(group)),
        reach_(server, sources.resolver, batch, group_, plan_),
        judge_(server, sources.resolver, batch, group_, plan_, reach_, end),
        sts_(sources.sts, batch, group_, end) {}

  DomainPlan plan();

 private:
  [[nodiscard]] Result<ListedWish> strictest_wish(const HostKey& key);
  [[nodiscard]] Result<bool> listed(const HostListOption& option, const HostKey& key);
  [[nodiscard]] Result<bool> domain_listed(const DomainListOption& option);
  [[nodiscard]] Result<bool> excepted();
  void plan_hosts();
  std::vector<HostKey> used_hosts() const;
  void plan_host(const HostKey& key, const Result<ListedWish>& wish);
  HostPlan decide(const HostKey& key, const Result<ListedWish>& wish);
  void audit(const HostKey& key, HostPlan& plan);
  void explain(const HostKey& key, const HostPlan& plan);

  MailServer& server_;
  const AddressBatch& batch_;
  const RecipientGroup group_;
  DomainPlan plan_;
  HostReach reach_;
  HostJudge judge_;
  StsJudge sts_;
  std::optional<Listed> audit_;  // dane_audit_domains
  std::string audited_;          // what was last said of it
};

// A host has an entry an address; it is required to have DANE if any of them says so. A list that
// cannot be matched says nothing, least of all "no".
Result<ListedWish> Planner::strictest_wish(const HostKey& key) {
  const auto required = listed(kHostsRequireDane, key);
  if (!required) return tl::unexpected(required.error());
  if (*required) return DaneWish::Require;
  if (requires_tls(batch_)) return DaneWish::Try;
  const auto tried = listed(kHostsTryDane, key);
  if (!tried) return tl::unexpected(tried.error());
  if (const auto proof = NotListed::by(required, tried)) return *proof;
  return DaneWish::Try;
}

Result<bool> Planner::listed(const HostListOption& option, const HostKey& key) {
  for (HostIndex host; batch_.has(host); ++host) {
    if (plan_.key(batch_.host(host)) != key) continue;
    auto in = server_.host_in(option, host);
    if (!in || *in) return in;
  }
  return false;
}

HostPlan Planner::decide(const HostKey& key, const Result<ListedWish>& wish) {
  if (wish) return judge_.judge(key, *wish);
  HostPlan plan;
  plan.policy = SkipHost{wish.error()};
  return plan;
}

void Planner::plan_host(const HostKey& key, const Result<ListedWish>& wish) {
  auto& plan = plan_.hosts[key] = decide(key, wish);
  if (audit_) audit(key, plan);
  sts_.judge(key.first, plan);
  if (requires_tls(batch_)) apply_requirement(key.first, plan);
  explain(key, plan);
}

void Planner::explain(const HostKey& key, const HostPlan& plan) {
  if (!server_.debugging()) return;
  server_.debug(format("DANE policy for {} at {}:{}: {}", group_.domain, key.first, key.second,
                       policy_text(plan.policy)));
  if (plan.sts)
    server_.debug(format("MTA-STS policy for {} at {}:{}: {}", group_.domain, key.first, key.second,
                         policy_text(*plan.sts)));
  if (plan.sts_unavailable)
    server_.debug(format("MTA-STS policy for {} at {}:{}: {}", group_.domain, key.first, key.second,
                         unavailable_text(*plan.sts_unavailable)));
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
  const std::string why = skip ? skip->error.text : unproved_address_text();
  plan_.unproved.clear();
  if (why != audited_)  // of a whole domain once, not once a host
    server_.note(audited_host_text(key.first, group_.domain, why));
  audited_ = why;
  if (skip) plan.policy = NoDane(*audit_, "dane_audit_domains: " + why);
}

// A list names the domain that Exim was led to: that says something of the recipient's own only if
// it names that one too, or the validated DNS bears the rename out (D-041).
Result<bool> Planner::domain_listed(const DomainListOption& option) {
  auto in = server_.domain_in(option, group_.domain);
  if (!in || !*in) return in;
  for (const auto& rename : group_.renames) {
    auto from = server_.domain_in(option, rename.from);
    if (!from) return from;
    if (*from) continue;
    if (auto checked = reach_.check_renames(); !checked) return tl::unexpected(checked.error());
  }
  return true;
}

// D-015: the domain is delivered without DANE. As audit, a list that cannot be matched is an error.
// D-192: neither list has a say where the message requires TLS.
Result<bool> Planner::excepted() {
  if (requires_tls(batch_)) return false;
  auto except = domain_listed(kDaneExceptDomains);
  if (!except || *except) return except;
  auto audit = domain_listed(kDaneAuditDomains);
  audit_ = Listed::by(audit);
  return audit ? Result<bool>(false) : audit;
}

// Each once, in the order of the list.
std::vector<HostKey> Planner::used_hosts() const {
  std::vector<HostKey> keys;
  for (const auto& host : batch_.hosts)
    if (host.lookup == AddressLookup::Done &&
        std::find(keys.begin(), keys.end(), plan_.key(host)) == keys.end())
      keys.push_back(plan_.key(host));
  return keys;
}

void Planner::plan_hosts() {
  std::vector<std::pair<HostKey, Result<ListedWish>>> hosts;
  for (const auto& key : used_hosts()) hosts.emplace_back(key, strictest_wish(key));
  for (const auto& [key, wish] : hosts)
    if (wish) judge_.expect(key, *wish);
  // RFC 7672 2.2.1, D-030: each host is a destination of its own.
  for (const auto& [key, wish] : hosts) {
    plan_host(key, wish);
    if (plan_.failure) return;
  }
}

DomainPlan Planner::plan() {
  plan_.domain = group_.domain;
  plan_.recipients = group_.recipients;
  server_.about(group_.recipients);
  auto port = server_.service_port();
  auto except = excepted();
  if (!port || !except) {
    plan_.failure = port ? except.error() : port.error();
    return plan_;
  }
  plan_.default_port = *port;
  if (const auto proof = Listed::by(except)) {
    plan_.excepted = HostPlan{.policy = NoDane(*proof, kDaneExceptDomains.name)};
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

std::string policy_text(const StsDemand& demand) {
  const auto& [policy, enforcement, named] = demand;
  const bool audited = policy.mode == StsMode::Enforce && enforcement == Enforcement::Audit;
  return format("{}{}, mx: {}: {} (RFC 8461 5)", mode_text(policy.mode),
                audited ? " (dane_audit_domains: not enforced)" : "", join(policy.patterns, ", "),
                named ? "TLS, and a certificate for the host's name by the system's anchors"
                      : "the host is none of these");
}

std::string unavailable_text(const StsPolicy& policy) {
  return format("as without one: {}: {} (RFC 8461 5.1)", fault_text(policy.fault->type),
                policy.fault->text);
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
    same->recipients.emplace_back(i);
  }
  return groups;
}

const HostPlan& DomainPlan::host(const BatchHost& host) const {
  static const HostPlan kUndecided;
  static const HostPlan kUnproved = {.policy =
                                         SkipHost{{ErrorKind::DnsBogus, unproved_address_text()}}};
  if (excepted) return *excepted;
  auto found = hosts.find({host.asked_name, port(host)});
  if (found == hosts.end()) return kUndecided;
  const bool proved = unproved.count({host.asked_name, host.address}) == 0;
  return proved || std::holds_alternative<SkipHost>(found->second.policy) ? found->second
                                                                          : kUnproved;
}

bool DomainPlan::needs_us(const AddressBatch& batch) const {
  if (failure || requires_tls(batch)) return true;
  return std::any_of(batch.hosts.begin(), batch.hosts.end(), [&](const BatchHost& one) {
    if (one.lookup == AddressLookup::NoneByRouter) return false;
    const auto& plan = host(one);
    return one.lookup == AddressLookup::Failed || plan.sts ||
           !std::holds_alternative<NoDane>(plan.policy);
  });
}

const StsPolicy* DomainPlan::unavailable_policy() const {
  for (const auto& [key, plan] : hosts)
    if (plan.sts_unavailable) return &*plan.sts_unavailable;
  return nullptr;
}

DomainPlan plan_domain(MailServer& server, const PolicySources& sources, const AddressBatch& batch,
                       RecipientGroup group, Deadline look_ups_end) {
  sources.resolver.limit(look_ups_end);
  return Planner(server, sources, batch, std::move(group), look_ups_end).plan();
}

}  // namespace danesmtp

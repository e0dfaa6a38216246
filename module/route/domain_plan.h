// SPDX-License-Identifier: GPL-2.0-or-later
// What is decided for the recipients of one domain before any connection: the policy of each host
// of the batch, by look-ups of our own (the host list came through an unvalidated path, D-041). RFC
// 7672 2.2.1 for hosts from MX records, 2.2.2 for hosts that the configuration names. Nothing is
// connected to, and which host comes first is not decided here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/deadline.h"
#include "dns/resolver.h"
#include "route/host_plan.h"
#include "server/address_batch.h"
#include "server/mail_server.h"
#include "sts/sts_policy.h"

namespace danesmtp {

struct RecipientGroup {
  std::string domain;
  RouteKind route = RouteKind::Mx;
  std::vector<RecipientIndex> recipients;
  std::vector<DomainRename> renames{};
  std::string mx_names{};
  bool by_srv = false;
};

// In the order in which the domains first appear.
std::vector<RecipientGroup> recipients_by_domain(const AddressBatch& batch);

using HostKey = std::pair<std::string, std::uint16_t>;  // asked name and port

struct DomainPlan {
  std::string domain;
  std::vector<RecipientIndex> recipients;
  bool last = true;                    // no other domain of the batch is delivered after it
  std::optional<HostPlan> excepted{};  // of every host, by dane_except_domains
  std::optional<Error> failure;        // of a look-up for the whole domain: no host can be used
  std::uint16_t default_port = 25;
  std::map<HostKey, HostPlan> hosts;
  std::set<std::pair<std::string, std::string>> unproved;  // asked names and addresses

  std::uint16_t port(const BatchHost& host) const { return host.port.value_or(default_port); }
  HostKey key(const BatchHost& host) const { return {host.asked_name, port(host)}; }
  // For an address that is not one of the host's (D-041): not to be used.
  const HostPlan& host(const BatchHost& host) const;

  // False: it is proved for every host that can be used that there is no DANE, MTA-STS asks for
  // nothing, nor does the message; Exim's own driver takes the list as it is.
  bool needs_us(const AddressBatch& batch) const;

  // Of MTA-STS; the same for each host. NULL: there is none, or it is known.
  const StsPolicy* unavailable_policy() const;
};

// One line for debug output and the tool: the policy and the rule that it follows from.
std::string policy_text(const HostPolicy& policy);
std::string policy_text(const StsDemand& demand);
std::string unavailable_text(const StsPolicy& policy);  // it has a fault

// Who is asked for policies.
struct PolicySources {
  Resolver& resolver;
  StsPolicies& sts;
};

// For all look-ups of one call of the transport (D-013).
inline constexpr std::chrono::minutes kLookUps{2};

// All look-ups end by `look_ups_end`, those of one host within 40 seconds; what there is no time
// for has failed (D-013).
DomainPlan plan_domain(MailServer& server, const PolicySources& sources, const AddressBatch& batch,
                       RecipientGroup group, Deadline look_ups_end);

}  // namespace danesmtp

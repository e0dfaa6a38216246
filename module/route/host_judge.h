// SPDX-License-Identifier: GPL-2.0-or-later
// The policy of one host of a domain: what the administrator's lists, the way in which the host was
// found and its look-ups make of it. RFC 7672 2.2. Whether a peer keeps to it is for
// route/peer_judge, after a handshake.
#pragma once

#include <optional>
#include <variant>

#include "core/deadline.h"
#include "dane/tlsa_policy.h"
#include "dns/resolver.h"
#include "lookup/tlsa_lookup.h"
#include "route/domain_plan.h"
#include "route/host_reach.h"
#include "server/configuration.h"

namespace danesmtp {

// What the administrator's lists say of a host.
using ListedWish = std::variant<DaneWish, NotListed>;

class HostJudge {
 public:
  // Adds to `plan.unproved`. All look-ups end by `end`.
  HostJudge(Configuration& options, Resolver& resolver, const AddressBatch& batch,
            const RecipientGroup& group, DomainPlan& plan, HostReach& reach, Deadline end)
      : options_(options),
        resolver_(resolver),
        batch_(batch),
        group_(group),
        plan_(plan),
        reach_(reach),
        end_(end) {}

  HostPlan judge(const HostKey& key, const ListedWish& listed);
  // The host will be judged. What judge() is sure to ask for is under way after this, once the
  // domain is known.
  void expect(const HostKey& key, const ListedWish& listed);

 private:
  HostPlan judge_literal(const HostKey& key, DaneWish wish, AddressLiteral literal);
  HostPlan judge_unlisted(const HostKey& key, NotListed proof, const Reached& reached);
  HostPlan judge_records(const HostKey& key, DaneWish wish, const Reached& reached);
  template <class Ask>
  HostDns look_up(const HostKey& key, const DnsName& host, const Ask& ask);
  std::optional<DnsName> completed(const HostKey& key, const DnsName& host) const;
  bool listed_as(const HostKey& key, const DnsName& name) const;
  bool may_be_ignored(const Reached& reached);
  bool in_hosts_file(const BatchHost& host) const;
  bool any_in_hosts_file(const HostKey& key) const;
  void note_unproved(const HostKey& key, const HostDns& dns);

  Configuration& options_;
  Resolver& resolver_;
  const AddressBatch& batch_;
  const RecipientGroup& group_;
  DomainPlan& plan_;
  HostReach& reach_;
  Deadline end_;
};

}  // namespace danesmtp

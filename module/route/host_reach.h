// SPDX-License-Identifier: GPL-2.0-or-later
// How a host of Exim's list was found for the recipients' domain, by the validated DNS or the
// configuration: RFC 7672 2.2.1 and 2.2.2. The list came through an unvalidated path; a host that
// nothing vouches for is not reached (D-041). What is asked for the domain is asked once, and only
// if some host can have a policy.
#pragma once

#include <optional>
#include <string>

#include "core/dns_name.h"
#include "core/log.h"
#include "core/result.h"
#include "dane/proof.h"
#include "dane/reference_names.h"
#include "dns/resolver.h"
#include "lookup/mx_lookup.h"
#include "route/domain_plan.h"
#include "route/domain_renames.h"
#include "server/address_batch.h"

namespace danesmtp {

struct Reached {
  ReachedHost names;
  std::optional<ProvedUnsigned> unsigned_mx;  // what names it is proved not to be signed
};

class HostReach {
 public:
  // Sets `plan.failure` where a look-up of the whole domain fails. All outlive it.
  HostReach(Log& log, Resolver& resolver, const AddressBatch& batch, const RecipientGroup& group,
            DomainPlan& plan)
      : log_(log), resolver_(resolver), batch_(batch), group_(group), plan_(plan) {}

  // Before the two below.
  [[nodiscard]] Result<void> check_renames();

  // An error means that the host must not be used.
  [[nodiscard]] Result<Reached> reach(const HostKey& key, const DnsName& host);
  // An address in the place of a host; no proof: the configuration names it.
  [[nodiscard]] Result<std::optional<ProvedUnsigned>> reach_address(const HostKey& key);

  // An MX or SRV record that nobody has validated put it into the list, not the configuration.
  bool named_by_record(const HostKey& key) const;

 private:
  [[nodiscard]] Result<Reached> reach_by_record(const DnsName& host);
  [[nodiscard]] Result<DomainRoute> domain_route();
  [[nodiscard]] Result<DomainRoute> mx_route();

  Log& log_;
  Resolver& resolver_;
  const AddressBatch& batch_;
  const RecipientGroup& group_;
  DomainPlan& plan_;
  std::optional<Result<CheckedRenames>> renames_;
  std::optional<DomainRoute> route_;
  bool told_of_records_ = false;
};

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// What a delivery would come to: the transport's own walk through the hosts (route/host_loop), over
// what was found at their addresses.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <vector>

#include "probe.h"
#include "probe_server.h"
#include "route/domain_plan.h"

namespace danesmtp::tool {

class ExpectedDelivery {
 public:
  // Looks at a host's address once more, without TLS.
  using TryInClear = std::function<AddressReport(HostIndex host)>;

  // All of it outlives the object; `tried` has a report for each host of the batch.
  ExpectedDelivery(ProbeServer& server, const AddressBatch& batch, const DomainPlan& plan,
                   const std::vector<AddressReport>& tried, TryInClear try_in_clear)
      : server_(server),
        batch_(batch),
        plan_(plan),
        tried_(tried),
        try_in_clear_(std::move(try_in_clear)) {}

  // Fills in fate, host and reason.
  void tell(Report& report);

 private:
  AttemptResult as_delivery(HostIndex host, const AddressReport& address);
  const AddressReport& in_clear(HostIndex host);
  std::vector<HostIndex> order_with(HostIndex first) const;
  void walk(const std::vector<HostIndex>& order);
  void conclude(const RecipientOutcome& outcome, Report& report) const;

  ProbeServer& server_;
  const AddressBatch& batch_;
  const DomainPlan& plan_;
  const std::vector<AddressReport>& tried_;
  TryInClear try_in_clear_;
  std::map<HostIndex, AddressReport> in_clear_;  // those that were tried again without TLS
};

}  // namespace danesmtp::tool

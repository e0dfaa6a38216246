// SPDX-License-Identifier: GPL-2.0-or-later
// Which hosts are tried for the recipients of one domain, in what order and how many, and what is
// remembered of each for later attempts. The rules are those that administrators know from Exim's
// own driver: hosts_max_try, hosts_max_try_hardlimit, delay_after_cutoff, retry records,
// serialize_hosts. What TLS has to achieve on a host it passes on unread.
#pragma once

#include <functional>

#include "route/attempt.h"
#include "route/domain_plan.h"

namespace danesmtp {

// Makes one attempt; in production attempt_host().
using AttemptHost =
    std::function<AttemptResult(MailServer&, const AddressBatch&, const AttemptRequest&)>;

// Ends with an outcome for every recipient of the plan.
void try_hosts(MailServer& server, const AddressBatch& batch, const DomainPlan& plan,
               const AttemptHost& attempt);

}  // namespace danesmtp

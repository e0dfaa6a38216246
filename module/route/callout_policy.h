// SPDX-License-Identifier: GPL-2.0-or-later
// May Exim's core speak to the hosts of a recipient's domain by itself (a callout, a cutthrough
// delivery), where nobody verifies them by our rules? Only if no host of the list has a policy of
// DANE or MTA-STS, by the same plan as a delivery's; whatever is not known counts as a policy (RFC
// 7672 2.1.1, 2.2). What Exim does then is for the shim to see to.
#pragma once

#include <memory>
#include <string>

#include "core/deadline.h"
#include "dns/resolver.h"
#include "server/address_batch.h"
#include "server/mail_server.h"
#include "sts/sts_policy.h"

namespace danesmtp {

enum class CalloutPolicy { None, Found, Audited, Unknown };

struct CalloutAnswer {
  CalloutPolicy policy = CalloutPolicy::Unknown;
  std::string why;  // one line; empty for None
};

// A client waits for the reply to its RCPT meanwhile.
inline constexpr std::chrono::seconds kCalloutLookUps{20};

// The resolver is given up before the answer: no thread and no descriptor outlives the call.
CalloutAnswer callout_policy(MailServer& server, std::unique_ptr<Resolver> resolver,
                             StsPolicies& sts, const AddressBatch& batch, Deadline end);

}  // namespace danesmtp

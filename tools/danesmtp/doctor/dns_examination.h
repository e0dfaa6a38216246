// SPDX-License-Identifier: GPL-2.0-or-later
// Looks at the trust anchor and asks the name servers, with the readers and the validator of
// deliveries. Only resolvers are asked, and only for the root and a name that does not exist.
#pragma once

#include <optional>
#include <string>

#include "as_user.h"
#include "dns_findings.h"

namespace danesmtp::tool {

struct DnsFacts {
  AnchorFacts anchor;
  ResolutionFacts resolution;
  ClockFacts clock;
};

// `reader`: none if this process cannot become him.
DnsFacts examine_dns(const ResolverSettings& settings, const std::optional<DeliveryUser>& reader);

Findings judge_dns(const DnsFacts& facts);

}  // namespace danesmtp::tool

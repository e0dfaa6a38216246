// SPDX-License-Identifier: GPL-2.0-or-later
// One look at what a domain publishes: its record, and the policy if that may be another one than
// before (RFC 8461 3.1, 3.3).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "core/dns_name.h"
#include "dns/resolver.h"
#include "policy_site.h"
#include "published_policy.h"

namespace danesmtp::tool {

struct NoRecord {};
struct Unchanged {};  // the record has the id that was known
struct Published {
  std::string id;
  std::string text;
  PublishedPolicy policy;
};

// What came of it. Error: whether there is a record could not be found out.
using Finding = std::variant<NoRecord, Unchanged, Published, StsFault, Error>;

// How policies are fetched, once their hosts' addresses are known.
using FetchPolicy =
    std::function<Fetched(const DnsName& host, const std::vector<std::string>& addresses)>;

// `known_id`: of a policy that need not be fetched again.
Finding visit_domain(const DnsName& domain, const std::optional<std::string>& known_id,
                     Resolver& resolver, const FetchPolicy& fetch);

// One line.
std::string to_text(const Finding& finding);

}  // namespace danesmtp::tool

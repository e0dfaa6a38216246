// SPDX-License-Identifier: GPL-2.0-or-later
// Does a domain say that it has a policy of MTA-STS, and which one? RFC 8461 3.1: the TXT record at
// "_mta-sts." before its name. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/dns_name.h"
#include "core/result.h"

namespace danesmtp::tool {

// "_mta-sts.domain". BadInput: there is no room for it.
[[nodiscard]] Result<DnsName> sts_record_owner(const DnsName& domain);

// "mta-sts.domain", where the policy is (3.3). BadInput: there is no room for it.
[[nodiscard]] Result<DnsName> policy_host(const DnsName& domain);

// Of the texts of all TXT records there, the id of the one record of this version. Nothing: there
// is none, more than one, or the one is not well formed; the domain has no policy then.
std::optional<std::string> sts_record_id(const std::vector<std::string>& texts);

}  // namespace danesmtp::tool

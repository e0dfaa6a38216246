// SPDX-License-Identifier: GPL-2.0-or-later
// What the daemons that Postfix has for MTA-STS say of a domain: postfix-mta-sts-resolver and
// postfix-tlspol; and `danesmtp mta-sts-daemon`. Pure. Their answers are words of Postfix's TLS
// policy; only "secure" is about MTA-STS, and everything else they may order (dane, dane-only,
// encrypt) is not for us. Postfix does not look at what follows NOTFOUND: there the daemon of ours
// tells of policies that are tested, and of those that it could not get.
#pragma once

#include <optional>
#include <string_view>

#include "core/dns_name.h"
#include "core/result.h"
#include "sts/sts_policy.h"

namespace danesmtp {

// Nothing: no policy that is in force or tested. Protocol: the answer cannot be read, is about
// another domain, or says that the daemon has none now (TEMP, TIMEOUT, PERM).
[[nodiscard]] Result<std::optional<StsPolicy>> policy_in(std::string_view answer,
                                                         const DnsName& domain);

}  // namespace danesmtp

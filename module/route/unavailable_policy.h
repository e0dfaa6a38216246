// SPDX-License-Identifier: GPL-2.0-or-later
// What a domain is told where it says that it has a policy of MTA-STS, and nobody could get it: RFC
// 8460 4.3.2.2. It is the first failure, whatever comes of the session.
#pragma once

#include <optional>

#include "sts/sts_policy.h"
#include "tlsrpt/tls_attempt.h"

namespace danesmtp {

void tell_of_unavailable(const std::optional<StsPolicy>& policy, TlsAttempt& report);

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// `danesmtp ocsp-fetch --watch`: stays, and renews each proof when it is due, a little earlier by
// chance, so that many servers do not ask at the same moment. Ends on SIGTERM and SIGINT.
#pragma once

#include <functional>

#include "ocsp_renewal.h"

namespace danesmtp::tool {

// Told of each renewal and of each failure.
using TellRenewal = std::function<void(const Result<Renewed>&)>;

// Returns when a signal asks for it.
void watch_proofs(const std::vector<OcspTarget>& targets, const Patience& patience,
                  const TellRenewal& tell);

}  // namespace danesmtp::tool

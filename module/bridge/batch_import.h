// SPDX-License-Identifier: GPL-2.0-or-later
// The bridge's arrays of hosts and recipients as an AddressBatch. Conversions only; no decision.
#pragma once

#include "bridge/bridge.h"
#include "server/address_batch.h"

namespace danesmtp {

AddressBatch import_batch(const danesmtp_batch& batch);

}  // namespace danesmtp

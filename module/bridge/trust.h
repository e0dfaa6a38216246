// SPDX-License-Identifier: GPL-2.0-or-later
// What is known of the peer, in the bridge's words: shared by results and by $tls_out_...
#pragma once

#include <cstdint>

#include "bridge/bridge.h"
#include "server/recipient_result.h"

namespace danesmtp {

// DANESMTP_CERT_VERIFIED, DANESMTP_DANE_VERIFIED.
std::uint32_t trust_flags(PeerTrust trust);

danesmtp_ocsp bridge_ocsp(OcspResult result);

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// What a TLS session with a host is kept under (D-103): all that the digest of a policy is made of,
// and what else would make another session of it, the contents of the client's certificate and key
// among it. Whether a session may be kept at all is decided here too.
#pragma once

#include "core/bytes.h"
#include "route/attempt_context.h"
#include "route/host_tls.h"
#include "route/peer_judge.h"
#include "smtp/session.h"

namespace danesmtp {

// Empty: with this host no session is kept, or resumed.
Bytes session_key(const AttemptContext& attempt, const HostTls& tls,
                  const SessionSettings& settings);

// Whether the session with a peer that was not refused may be gone on with: it satisfied a policy,
// and its certificate does not want a fresh proof with each handshake (RFC 7633).
bool may_be_resumed(const HostPlan& plan, const TlsSettings& settings, PeerTrust trust,
                    const TlsInfo& info);

}  // namespace danesmtp

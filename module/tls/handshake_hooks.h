// SPDX-License-Identifier: GPL-2.0-or-later
// What GnuTLS does in a handshake of its own accord and should not, undone message by message, the
// look at the peer's key (tls/peer_key_guard) before it is used, and what GnuTLS does not tell of a
// ticket. Who the peer is they must not decide.
#pragma once

#include <gnutls/gnutls.h>

#include <chrono>
#include <optional>

#include "tls/peer_key_guard.h"

namespace danesmtp {

// Whether the key usage extension of the peer's certificate must allow what the handshake does with
// its key. Not where the key itself is what is trusted (RFC 7671 5.1, D-081).
enum class KeyUsage { Enforced, Ignored };

// The flag of gnutls_init() for a session that asks for no OCSP responses; 0 where GnuTLS has none.
unsigned no_status_request_flag();

// For such a session before its handshake (RFC 6066 8, D-120).
void leave_out_status_request(gnutls_session_t session);

// What the hook has seen, and what was done before.
struct HandshakeNotes {
  PeerKeyGuard key;
  std::optional<std::chrono::seconds> ticket_lifetime{};  // of the last one; nothing: none came
  bool session_offered = false;                           // an earlier one
};

// The one hook that a session has. HandshakeNotes are the session's pointer.
void set_handshake_hook(gnutls_session_t session, KeyUsage key_usage);

}  // namespace danesmtp

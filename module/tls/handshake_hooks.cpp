// SPDX-License-Identifier: GPL-2.0-or-later
#include "tls/handshake_hooks.h"

#include <gnutls/ocsp.h>

#include "core/bytes.h"

namespace danesmtp {

// RFC 6066 8, D-120: GnuTLS asks for OCSP responses unbidden. GNUTLS_NO_EXTENSIONS would take the
// extended master secret too; before the flag for this extension alone (3.8) its data can be taken
// away, which must be there again when the server has answered.
#if GNUTLS_VERSION_NUMBER >= 0x030800
unsigned no_status_request_flag() {
  return GNUTLS_NO_STATUS_REQUEST;
}
void leave_out_status_request(gnutls_session_t) {}
static void restore_status_request(gnutls_session_t) {}
#else
constexpr unsigned kStatusRequest = 5;  // RFC 6066 1.1
unsigned no_status_request_flag() {
  return 0;
}
void leave_out_status_request(gnutls_session_t session) {
  gnutls_ext_set_data(session, kStatusRequest, nullptr);
}
static void restore_status_request(gnutls_session_t session) {
  gnutls_ext_priv_data_t data = nullptr;
  if (gnutls_ext_get_data(session, kStatusRequest, &data) == 0 && data == nullptr)
    gnutls_ocsp_status_request_enable_client(session, nullptr, 0, nullptr);
}
#endif

namespace {

// RFC 8446 4.6.1, RFC 5077 3.3: both begin with it, four octets. GnuTLS has no function for it.
std::optional<std::chrono::seconds> ticket_lifetime(const gnutls_datum_t& ticket) {
  if (ticket.size < 4) return std::nullopt;
  return std::chrono::seconds(number_in({ticket.data, 4}));
}

// A session has one hook, so this is for every message.
int at_message(gnutls_session_t session, unsigned message, unsigned when, unsigned incoming,
               const gnutls_datum_t* octets) {
  auto& notes = *static_cast<HandshakeNotes*>(gnutls_session_get_ptr(session));
  if (message == GNUTLS_HANDSHAKE_SERVER_HELLO && when == GNUTLS_HOOK_POST)
    restore_status_request(session);
  const bool arrives = incoming != 0 && when == GNUTLS_HOOK_PRE;
  if (arrives && message == GNUTLS_HANDSHAKE_NEW_SESSION_TICKET)
    notes.ticket_lifetime = ticket_lifetime(*octets);
  return arrives ? look_at_peer_key(session, message, notes.key) : 0;
}

// RFC 7671 5.1, D-081: GnuTLS ends the handshake over a certificate whose key usage does not fit,
// and forgoes that only in its compatibility mode, which takes the extended master secret and
// encrypt-then-MAC with it (RFC 9325 3.5). Those are settled by now.
int forgo_key_usage(gnutls_session_t session, unsigned message, unsigned when, unsigned incoming,
                    const gnutls_datum_t* octets) {
  if (message == GNUTLS_HANDSHAKE_SERVER_HELLO && when == GNUTLS_HOOK_POST)
    gnutls_session_enable_compatibility_mode(session);
  return at_message(session, message, when, incoming, octets);
}

}  // namespace

void set_handshake_hook(gnutls_session_t session, KeyUsage key_usage) {
  const bool any_usage = key_usage == KeyUsage::Ignored;
  gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_BOTH,
                                     any_usage ? forgo_key_usage : at_message);
}

}  // namespace danesmtp

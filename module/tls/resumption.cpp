// SPDX-License-Identifier: GPL-2.0-or-later
#include "tls/resumption.h"

#include "x509/gnutls_handles.h"

namespace danesmtp {
namespace {

bool is_tls13(gnutls_session_t session) {
  return gnutls_protocol_get_version(session) >= GNUTLS_TLS1_3;
}

bool ticket_has_come(gnutls_session_t session) {
  return (gnutls_session_get_flags(session) & GNUTLS_SFLAGS_SESSION_TICKET) != 0;
}

bool has_session_id(gnutls_session_t session) {
  gnutls_datum_t id{nullptr, 0};
  return gnutls_session_get_id2(session, &id) == 0 && id.size > 0;
}

// Without a ticket GnuTLS would wait for one in TLS 1.3. RFC 7627 5.3: without the extended master
// secret a man in the middle may have made two sessions with the same secret.
bool can_be_resumed(gnutls_session_t session) {
  if (is_tls13(session)) return ticket_has_come(session);
  if (gnutls_session_ext_master_secret_status(session) == 0) return false;
  return ticket_has_come(session) || has_session_id(session);
}

}  // namespace

bool offer_session(gnutls_session_t session, const Bytes& octets) {
  if (octets.empty()) return false;
  return gnutls_session_set_data(session, octets.data(), octets.size()) == 0;
}

Result<void> check_resumed(gnutls_session_t session) {
  if (gnutls_session_is_resumed(session) == 0) return {};
  if (!is_tls13(session) && gnutls_session_ext_master_secret_status(session) == 0)
    return fail(ErrorKind::TlsHandshake, "a resumed session without the extended master secret");
  // RFC 8446 2.2: whoever learns the secret of an earlier session must not read this one.
  if (is_tls13(session) && gnutls_group_get(session) == GNUTLS_GROUP_INVALID)
    return fail(ErrorKind::TlsHandshake, "a resumed session without a key exchange of its own");
  return {};
}

std::optional<ResumableSession> resumable_part(
    gnutls_session_t session, std::optional<std::chrono::seconds> ticket_lifetime) {
  GnutlsOctets octets;
  if (!can_be_resumed(session) || gnutls_session_get_data2(session, &octets.datum) < 0)
    return std::nullopt;
  // RFC 5077 3.3: in TLS 1.2 none means that the server does not say.
  if (!is_tls13(session) && ticket_lifetime == std::chrono::seconds(0)) ticket_lifetime.reset();
  return ResumableSession{to_bytes(octets.datum), ticket_lifetime, ticket_has_come(session)};
}

}  // namespace danesmtp

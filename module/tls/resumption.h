// SPDX-License-Identifier: GPL-2.0-or-later
// What one TLS session leaves for a later one with the same server, which then needs no exchange of
// certificates. RFC 8446 2.2 and 4.6.1, RFC 5246 7.3, RFC 5077, RFC 7627 5.3. It holds a master
// secret: nothing for a log. Who may go on with it, and for how long, is decided elsewhere
// (route/host_sessions).
#pragma once

#include <gnutls/gnutls.h>

#include <chrono>
#include <optional>

#include "core/bytes.h"
#include "core/result.h"

namespace danesmtp {

struct ResumableSession {
  Bytes octets{};  // GnuTLS's form, the peer's certificates in it
  // As the server has it; nothing: it does not say.
  std::optional<std::chrono::seconds> lifetime{};
  bool new_ticket = false;  // of this session; else what its earlier one left
};

// How far it went with an earlier session.
struct ResumptionSteps {
  bool wanted = false;   // sessions with this server may be resumed
  bool offered = false;  // there was an earlier one
  bool ticket = false;   // the server has sent one
  bool used = false;     // this one goes on with the earlier one
};

// The flag of gnutls_init() for a session that neither resumes another one nor is to be resumed.
constexpr unsigned kNoResumption = GNUTLS_NO_TICKETS;

// Before the handshake. What GnuTLS cannot read is not offered; false: nothing is.
bool offer_session(gnutls_session_t session, const Bytes& octets);

// After the handshake: an error for a resumed session that protects less than a new one.
[[nodiscard]] Result<void> check_resumed(gnutls_session_t session);

// What has come by now. In TLS 1.2 only of a session that has the extended master secret.
std::optional<ResumableSession> resumable_part(gnutls_session_t session,
                                               std::optional<std::chrono::seconds> ticket_lifetime);

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// Looks at the key of the peer's certificate before GnuTLS computes with it in the handshake. The
// certificate is asked about too late for that: in TLS 1.3 GnuTLS calls verification functions when
// CertificateVerify has been verified. A hook on the message that uses the key first comes in time:
// CertificateVerify in TLS 1.3, ServerKeyExchange or ServerHelloDone in TLS 1.2. RFC 8446 4.4.3,
// RFC 5246 7.4. (DH groups of over 16,384 bits GnuTLS refuses itself.) Which keys are too much is
// decided in x509/key_limits; whose key it is nobody asks here.
#pragma once

#include <gnutls/gnutls.h>

#include <string>

namespace danesmtp {

struct PeerKeyGuard {
  bool looked = false;
  std::string why_unusable{};  // not empty: the handshake was ended for it
};

// For the session's hook, before `message` of the peer is read. A code of GnuTLS. Throws nothing:
// GnuTLS is C.
int look_at_peer_key(gnutls_session_t session, unsigned message, PeerKeyGuard& guard) noexcept;

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
#include "tls/peer_key_guard.h"

#include "x509/certificate.h"
#include "x509/key_limits.h"

namespace danesmtp {
namespace {

// In a certificate of fewer octets no modulus is over the limit, and one verification with any
// exponent takes a fraction of a second. The verdict looks at every key.
constexpr unsigned kAlwaysCheap = 2048;

bool uses_key(unsigned message) {
  return message == GNUTLS_HANDSHAKE_CERTIFICATE_VERIFY ||
         message == GNUTLS_HANDSHAKE_SERVER_KEY_EXCHANGE ||
         message == GNUTLS_HANDSHAKE_SERVER_HELLO_DONE;
}

// What cannot be read here GnuTLS cannot use either.
std::string why_peer_key_unusable(gnutls_session_t session) {
  unsigned count = 0;
  const auto* certificates = gnutls_certificate_get_peers(session, &count);
  if (certificates == nullptr || count == 0 || certificates[0].size < kAlwaysCheap) return {};
  auto certificate = read_by_gnutls({certificates[0].data, certificates[0].size});
  return certificate ? why_key_unusable(certificate->get()) : std::string();
}

}  // namespace

int look_at_peer_key(gnutls_session_t session, unsigned message, PeerKeyGuard& guard) noexcept {
  if (guard.looked || !uses_key(message)) return 0;
  guard.looked = true;
  try {
    guard.why_unusable = why_peer_key_unusable(session);
  } catch (...) {
    return GNUTLS_E_MEMORY_ERROR;
  }
  return guard.why_unusable.empty() ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// What a TLS session is known by after its handshake: facts for judges, log lines and variables.
// All of it is a copy; nothing here says whether it is good enough.
#pragma once

#include <gnutls/gnutls.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "tls/channel_binding.h"
#include "tls/resumption.h"
#include "x509/chain.h"

namespace danesmtp {

// What a completed handshake agreed on.
struct TlsInfo {
  std::string version{};              // "TLS1.3"
  std::string cipher{};               // as in Exim's X= without the group: "TLS1.3:...:256"
  std::string group{};                // key exchange group, "SECP256R1"; empty when there is none
  std::string standard_cipher{};      // IANA name, "TLS_AES_256_GCM_SHA384"; empty when unknown
  int key_bits = 0;                   // of the cipher
  PeerChain chain{};                  // empty only for an anonymous suite
  std::vector<Bytes> ocsp_staples{};  // one a certificate of the chain; empty where none came
  std::string peer_dn{};              // subject of the leaf (RFC 4514), as Exim's $tls_out_peerdn
  std::string sni{};                  // as sent; empty: none
  std::string alpn{};                 // as chosen by the peer; empty: none
  ResumptionSteps resumption{};
  ChannelBinding channel_binding{};
};

// After a completed handshake. Without the SNI, which GnuTLS does not keep for a client.
TlsInfo describe_session(gnutls_session_t session);

// The text, or an empty one for null.
std::string or_empty(const char* text);

// Exim's text for a cipher, from gnutls_session_get_desc(): "(TLS1.3)-(ECDHE-X25519)-(AES-256-GCM)"
// and 256 give "TLS1.3:ECDHE_X25519__AES_256_GCM:256".
std::string cipher_text(std::string_view description, int key_bits);

// A certificate as PEM text (RFC 7468 5), for those who want it in that form.
std::string certificate_pem(ByteView der);

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// The cipher suites that this GnuTLS has, by the names that OpenSSL gives them. The code point
// (IANA's TLS Cipher Suites registry) is what the two have in common.
#pragma once

#include <gnutls/gnutls.h>

#include <string>
#include <string_view>
#include <vector>

namespace danesmtp {

struct OpensslSuite {
  std::string name;         // "ECDHE-RSA-AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256"
  std::string gnutls_name;  // "TLS_ECDHE_RSA_AES_128_GCM_SHA256"
  gnutls_kx_algorithm_t kx = GNUTLS_KX_UNKNOWN;  // unknown: of TLS 1.3, which has it apart
  gnutls_cipher_algorithm_t cipher = GNUTLS_CIPHER_UNKNOWN;
  gnutls_mac_algorithm_t mac = GNUTLS_MAC_UNKNOWN;
  gnutls_protocol_t oldest = GNUTLS_VERSION_UNKNOWN;

  bool is_tls13() const { return kx == GNUTLS_KX_UNKNOWN; }
  unsigned bits() const { return static_cast<unsigned>(gnutls_cipher_get_key_size(cipher)) * 8; }
};

// With certificates and encryption, 128 bits or more. In GnuTLS's order.
std::vector<OpensslSuite> openssl_suites();

// IANA's name of a suite that GnuTLS names ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256").
std::string iana_name(std::string_view gnutls_name);

}  // namespace danesmtp

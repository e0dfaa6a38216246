// SPDX-License-Identifier: GPL-2.0-or-later
// Which public keys are never used. What a signature costs to verify grows with the square of the
// modulus and with the length of the exponent; a peer chooses both, and GnuTLS has no limit: 12
// seconds for one RSA key of 65,536 bits with an exponent as long. The limits are OpenSSL's: 16,384
// bits for RSA, 10,000 for DSA, exponents of 64 bits; that one for every size of modulus, where
// OpenSSL has it above 3,072 bits. RFC 8017 3.1, FIPS 186-4 4.2. Whose key it is, and what it is
// trusted for, it must not know.
#pragma once

#include <gnutls/abstract.h>

#include <string>

#include "core/bytes.h"
#include "core/result.h"
#include "x509/gnutls_handles.h"

namespace danesmtp {

// The key of a SubjectPublicKeyInfo in DER; BadInput with GnuTLS's reason.
[[nodiscard]] Result<GnutlsPubkey> import_public_key(ByteView public_key_info);

// One sentence; empty when the key may be used. Computes nothing with it.
std::string why_key_unusable(gnutls_pubkey_t key);

// Of the key in a certificate. Empty as well when GnuTLS cannot read it: it computes nothing with
// it.
std::string why_key_unusable(gnutls_x509_crt_t certificate);

}  // namespace danesmtp

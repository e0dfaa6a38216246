// SPDX-License-Identifier: GPL-2.0-or-later
#include "x509/sha256.h"

#include <gnutls/crypto.h>

namespace danesmtp {

Bytes sha256(ByteView octets) {
  Bytes digest(kSha256Octets);
  if (gnutls_hash_fast(GNUTLS_DIG_SHA256, octets.data(), octets.size(), digest.data()) < 0)
    return {};
  return digest;
}

}  // namespace danesmtp

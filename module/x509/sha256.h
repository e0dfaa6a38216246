// SPDX-License-Identifier: GPL-2.0-or-later
// SHA-256 (FIPS 180-4), for keys and for noticing damage.
#pragma once

#include "core/bytes.h"

namespace danesmtp {

constexpr std::size_t kSha256Octets = 32;

// Empty when GnuTLS has none.
Bytes sha256(ByteView octets);

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// What a peer presents, and the moment it is judged at: words that the judges of a chain share.
#pragma once

#include <chrono>
#include <vector>

#include "core/bytes.h"

namespace danesmtp {

// Dates of certificates and proofs are compared with it; seconds.
using WallTime = std::chrono::sys_seconds;

inline WallTime wall_time() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

// Certificates in DER, as the server sent them, leaf first.
using PeerChain = std::vector<Bytes>;

}  // namespace danesmtp

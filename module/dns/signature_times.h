// SPDX-License-Identifier: GPL-2.0-or-later
// For when a reply is signed, whether or not the signatures are good: for a person whose clock may
// be wrong. No delivery asks.
#pragma once

#include <cstdint>
#include <optional>

#include "core/bytes.h"

namespace danesmtp {

// Both included, in seconds since 1970 (RFC 4034 3.1.5).
struct SignatureTimes {
  std::uint32_t from = 0;
  std::uint32_t until = 0xffffffff;
};

// What the RRSIG records in the answer section of a message have in common; none: there is no such
// record, or the message is not well formed.
std::optional<SignatureTimes> signature_times(ByteView message);

}  // namespace danesmtp

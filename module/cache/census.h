// SPDX-License-Identifier: GPL-2.0-or-later
// All that lives in a cache file, one entry after the other: for a person who looks at it, never
// for a delivery.
#pragma once

#include <functional>

#include "cache/cache_file.h"
#include "cache/slot.h"

namespace danesmtp {

struct Occupant {
  Shelf shelf;
  ByteView key;
  ByteView value;
  std::chrono::seconds left{};
};

// `stays` says of each whether it stays. The number of those that went; Io: one could not be
// removed, or the time is not known.
[[nodiscard]] Result<std::size_t> go_through(const CacheFile& file,
                                             const std::function<bool(const Occupant&)>& stays);

}  // namespace danesmtp

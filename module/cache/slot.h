// SPDX-License-Identifier: GPL-2.0-or-later
// One slot of the cache file as octets: an entry with its whole key, its time and a checksum over
// all of it, so that what was half written, cut short or is of somebody else's making is no entry.
// The checksum finds accidents; who may write the file is the file's matter.
#pragma once

#include <optional>

#include "cache/moment.h"
#include "cache/store.h"

namespace danesmtp {

struct Entry {
  Moment kept{};
  std::int64_t seconds = 0;  // from `kept` on
  ByteView key;
  ByteView value;

  std::int64_t left(const Moment& now) const { return seconds_left(kept, seconds, now); }
};

// Empty: longer than `limit` octets.
Bytes slot_of(Shelf shelf, const Entry& entry, std::size_t limit);

// What the front of a slot says, without proof.
struct SlotFront {
  Moment kept{};
  std::int64_t seconds = 0;
  bool same_key = false;

  std::int64_t left(const Moment& now) const { return seconds_left(kept, seconds, now); }
};

// Octets that front_of() needs for such a key.
std::size_t front_size(ByteView key);

// Nothing: no entry of this shelf.
std::optional<SlotFront> front_of(Shelf shelf, ByteView key, ByteView slot);

// The entry at the front of `slot`, which it points into. Nothing: none of this shelf.
std::optional<Entry> entry_in(Shelf shelf, ByteView slot);

// FNV-1a of 64 bits, with a start that tells uses apart.
std::uint64_t hash_of(ByteView octets, std::uint8_t use);

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// Where the slots of the cache file are. An entry's key leads to a group of slots, and it is in one
// of them or nowhere. The file is sparse: what nobody wrote takes no room on the disk.
#pragma once

#include "cache/cache_file.h"
#include "cache/slot.h"

namespace danesmtp {

struct ShelfPlan {
  std::uint64_t offset = 0;
  std::size_t slot = 0;  // octets
  std::uint64_t groups = 0;

  constexpr std::uint64_t size() const { return groups * kSlotsOfGroup * slot; }
  static constexpr std::size_t kSlotsOfGroup = 4;
};

// 65,536 answers of at most 1 KiB (64 MiB), 4,096 sessions of at most 8 KiB (32 MiB).
constexpr ShelfPlan plan_of(Shelf shelf) {
  constexpr ShelfPlan answers{kSlotsBegin, 1024, 16384};
  constexpr ShelfPlan sessions{kSlotsBegin + answers.size(), 8192, 1024};
  return shelf == Shelf::Answers ? answers : sessions;
}

// In octets.
constexpr std::uint64_t group_size(Shelf shelf) {
  return plan_of(shelf).slot * ShelfPlan::kSlotsOfGroup;
}

// Where the group of a key begins.
inline std::uint64_t group_of(Shelf shelf, ByteView key) {
  constexpr std::uint8_t place = 1;
  const ShelfPlan plan = plan_of(shelf);
  return plan.offset + hash_of(key, place) % plan.groups * group_size(shelf);
}

// The slot there holds nothing any more. False: it still may.
inline bool wipe_slot(const CacheFile& file, std::uint64_t offset) {
  constexpr std::uint8_t nothing[64] = {};  // no head of an entry
  return file.write(offset, nothing);
}

}  // namespace danesmtp

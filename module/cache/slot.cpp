// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/slot.h"

#include <algorithm>
#include <cstring>

namespace danesmtp {
namespace {

constexpr std::uint32_t kMagic = 0x64736d31;
constexpr std::uint8_t kChecksum = 0;

// In the machine's own byte order: the file never leaves it.
struct Head {
  std::uint64_t checksum = 0;  // of everything after it
  std::uint32_t magic = kMagic;
  std::uint32_t shelf = 0;
  Moment kept;
  std::int64_t seconds = 0;
  std::uint32_t key = 0;    // octets
  std::uint32_t value = 0;  // octets
};
static_assert(sizeof(Head) == 64);  // no octets between the fields

std::uint64_t checksum_of(ByteView slot) {
  return hash_of(slot.subspan(sizeof(Head::checksum)), kChecksum);
}

std::optional<Head> head_of(Shelf shelf, ByteView slot) {
  Head head;
  if (slot.size() < sizeof(head)) return std::nullopt;
  std::memcpy(&head, slot.data(), sizeof(head));
  const bool ours = head.magic == kMagic && head.shelf == static_cast<std::uint32_t>(shelf);
  return ours ? std::optional(head) : std::nullopt;
}

}  // namespace

std::uint64_t hash_of(ByteView octets, std::uint8_t use) {
  constexpr std::uint64_t prime = 0x100000001b3;
  std::uint64_t hash = (0xcbf29ce484222325 ^ use) * prime;
  for (const auto octet : octets) hash = (hash ^ octet) * prime;
  return hash;
}

Bytes slot_of(Shelf shelf, const Entry& entry, std::size_t limit) {
  const std::size_t size = sizeof(Head) + entry.key.size() + entry.value.size();
  if (size > limit) return {};
  Bytes slot(size);
  Head head;
  head.shelf = static_cast<std::uint32_t>(shelf);
  head.kept = entry.kept;
  head.seconds = entry.seconds;
  head.key = static_cast<std::uint32_t>(entry.key.size());
  head.value = static_cast<std::uint32_t>(entry.value.size());
  std::memcpy(slot.data(), &head, sizeof(head));
  auto end = std::copy(entry.key.begin(), entry.key.end(), slot.begin() + sizeof(head));
  std::copy(entry.value.begin(), entry.value.end(), end);
  head.checksum = checksum_of(slot);
  std::memcpy(slot.data(), &head.checksum, sizeof(head.checksum));
  return slot;
}

std::size_t front_size(ByteView key) {
  return sizeof(Head) + key.size();
}

std::optional<SlotFront> front_of(Shelf shelf, ByteView key, ByteView slot) {
  const auto head = head_of(shelf, slot);
  if (!head) return std::nullopt;
  const ByteView behind = slot.subspan(sizeof(Head));
  const bool same = head->key == key.size() && behind.size() >= key.size() &&
                    std::ranges::equal(behind.first(key.size()), key);
  return SlotFront{head->kept, head->seconds, same};
}

std::optional<Entry> entry_in(Shelf shelf, ByteView slot) {
  const auto head = head_of(shelf, slot);
  if (!head) return std::nullopt;
  const std::uint64_t size = sizeof(Head) + std::uint64_t{head->key} + head->value;
  if (size > slot.size()) return std::nullopt;
  slot = slot.first(size);
  if (head->checksum != checksum_of(slot)) return std::nullopt;
  return Entry{head->kept, head->seconds, slot.subspan(sizeof(Head), head->key),
               slot.subspan(sizeof(Head) + head->key)};
}

}  // namespace danesmtp

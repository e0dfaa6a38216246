// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/file_store.h"

#include <algorithm>
#include <limits>

#include "cache/shelves.h"

namespace danesmtp {
namespace {

struct Found {
  std::uint64_t offset = 0;
  Kept kept;
};

// An answer's slot is read at once. Sessions are long: of those only the one that is meant is read
// to its end.
std::optional<Bytes> slot_with(const CacheFile& file, Shelf shelf, ByteView key, std::uint64_t at) {
  constexpr std::size_t at_once = 1024;
  const std::size_t size = plan_of(shelf).slot;
  Bytes slot = file.read(at, std::min(size, std::max(at_once, front_size(key))));
  const auto front = front_of(shelf, key, slot);
  if (!front || !front->same_key) return std::nullopt;
  return size > at_once ? file.read(at, size) : std::move(slot);
}

std::optional<Found> look(const CacheFile& file, Shelf shelf, ByteView key, const Moment& now) {
  const std::uint64_t begin = group_of(shelf, key);
  const std::uint64_t end = begin + group_size(shelf);
  for (std::uint64_t at = begin; at < end; at += plan_of(shelf).slot) {
    const auto slot = slot_with(file, shelf, key, at);
    const auto entry = slot ? entry_in(shelf, *slot) : std::nullopt;
    if (!entry || !std::ranges::equal(entry->key, key)) continue;
    const auto left = entry->left(now);
    if (left > 0)
      return Found{at,
                   {Bytes(entry->value.begin(), entry->value.end()), std::chrono::seconds(left)}};
  }
  return std::nullopt;
}

// Where the entry of a key is to be written: over the old one, else where nothing lives, else over
// what would end first.
std::uint64_t place_for(const CacheFile& file, Shelf shelf, ByteView key, const Moment& now) {
  const std::uint64_t begin = group_of(shelf, key);
  const std::uint64_t end = begin + group_size(shelf);
  std::uint64_t best = begin;
  auto least = std::numeric_limits<std::int64_t>::max();
  for (std::uint64_t at = begin; at < end; at += plan_of(shelf).slot) {
    const auto front = front_of(shelf, key, file.read(at, front_size(key)));
    if (front && front->same_key) return at;
    const std::int64_t left = front ? front->left(now) : 0;
    if (left < least) best = at;
    least = std::min(least, left);
  }
  return best;
}

}  // namespace

std::optional<Moment> FileStore::ready() {
  if (path_.empty()) return std::nullopt;
  if (!file_) {
    auto opened = CacheFile::open(path_);
    if (!opened) {
      path_.clear();
      if (note_) note_(opened.error().text);
      return std::nullopt;
    }
    file_ = std::move(*opened);
  }
  return this_moment();
}

std::optional<Kept> FileStore::find(Shelf shelf, ByteView key) {
  const auto now = ready();
  if (!now) return std::nullopt;
  auto found = look(*file_, shelf, key, *now);
  return found ? std::optional(std::move(found->kept)) : std::nullopt;
}

std::optional<Kept> FileStore::take(Shelf shelf, ByteView key) {
  const auto now = ready();
  if (!now) return std::nullopt;
  const auto seen = look(*file_, shelf, key, *now);
  if (!seen) return std::nullopt;
  std::optional<Kept> taken;
  file_->alone_with(seen->offset, plan_of(shelf).slot, [&] {
    auto found = look(*file_, shelf, key, *now);
    if (found && found->offset == seen->offset && wipe_slot(*file_, found->offset))
      taken = std::move(found->kept);
  });
  return taken;
}

void FileStore::keep(Shelf shelf, ByteView key, ByteView value, std::chrono::seconds time) {
  const auto now = time.count() > 0 ? ready() : std::nullopt;
  if (!now) return;
  const auto seconds = std::min(time, kLongestKept).count();
  const Bytes slot = slot_of(shelf, {*now, seconds, key, value}, plan_of(shelf).slot);
  // Whatever is wrong with the disk, the next process asks again.
  if (!slot.empty()) static_cast<void>(file_->write(place_for(*file_, shelf, key, *now), slot));
}

}  // namespace danesmtp

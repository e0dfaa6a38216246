// SPDX-License-Identifier: GPL-2.0-or-later
// What the cache file holds, whoever has written it: a slot is an entry of its shelf, within the
// slot, or none; an entry's value is an answer that would be kept as those very octets, or nothing.
#include "cache/slot.h"
#include "dns/answer_record.h"
#include "dns/cached_source.h"
#include "fuzz/fuzz_support.h"
#include "sts/daemon_policies.h"

using namespace danesmtp;
using fuzz::must;

namespace {

constexpr std::uint32_t kTtl = 60;  // seconds

void check_answer(ByteView record) {
  const auto said = said_by(record, kTtl);
  if (!said) return;
  if (*said) must((*said)->ttl == kTtl);
  if (*said && (*said)->nxdomain) must((*said)->records.empty());
  const Bytes again = record_of(*said);
  const auto once_more = said_by(again, kTtl);
  must(once_more && once_more->has_value() == said->has_value());
  if (*said) must((*once_more)->security == (*said)->security);
  if (*said) must((*once_more)->records == (*said)->records);
  if (!*said) must(once_more->error().kind == said->error().kind);
}

// What `danesmtp cache` shows of it.
void check_key(ByteView key) {
  if (const auto question = question_of(key)) must(as_text(key).ends_with(question->name));
  if (const auto domain = sts_domain_of(key)) must(as_text(key).ends_with(*domain));
}

bool inside(ByteView part, ByteView whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

void check_slot(Shelf shelf, ByteView slot) {
  const auto entry = entry_in(shelf, slot);
  if (!entry) return;
  must(inside(entry->key, slot) && inside(entry->value, slot));
  const auto front = front_of(shelf, entry->key, slot);
  must(front && front->same_key && front->seconds == entry->seconds);
  const Bytes again = slot_of(shelf, *entry, slot.size());
  must(!again.empty() && std::equal(again.begin(), again.end(), slot.begin()));
  check_answer(entry->value);
}

// As an entry that is whole, so that what is behind the checksum is reached.
void check_value(Shelf shelf, ByteView key, ByteView value) {
  const Moment now{};
  const Bytes slot = slot_of(shelf, {now, kTtl, key, value}, 1 << 16);
  if (slot.empty()) return;
  must(entry_in(shelf, slot).has_value());
  check_slot(shelf, slot);
  Bytes other = slot;
  other.back() = static_cast<std::uint8_t>(other.back() ^ 1);
  must(!entry_in(shelf, other));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView octets(data, size);
  check_slot(Shelf::Answers, octets);
  check_slot(Shelf::Sessions, octets);
  check_answer(octets);
  check_key(octets);
  fuzz::Input input(octets);
  const ByteView key = input.piece();
  check_value(Shelf::Answers, key, input.rest());
  return 0;
}

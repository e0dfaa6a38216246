// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/slot.h"

#include <algorithm>

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

const Bytes kKey = {1, 0, 2}, kValue = {9, 8, 7, 0};
const Moment kThen{{1, 2, 3}, 1000, 500};

Bytes a_slot() {
  return slot_of(Shelf::Answers, {kThen, 60, kKey, kValue}, 1024);
}

}  // namespace

START_TEST(what_was_put_in) {
  const Bytes slot = a_slot();
  const auto entry = entry_in(Shelf::Answers, slot);
  ck_assert(entry.has_value());
  ck_assert(std::ranges::equal(entry->key, kKey));
  ck_assert(std::ranges::equal(entry->value, kValue));
  ck_assert_int_eq(entry->left({kThen.boot, 1010, 505}), 50);
}
END_TEST

START_TEST(octets_behind_it_are_of_an_older_one) {
  Bytes slot = a_slot();
  slot.resize(1024, 0xaa);
  ck_assert(entry_in(Shelf::Answers, slot).has_value());
}
END_TEST

START_TEST(no_bit_may_be_another_one) {
  const Bytes slot = a_slot();
  for (std::size_t i = 0; i < slot.size() * 8; ++i) {
    Bytes other = slot;
    other[i / 8] = static_cast<std::uint8_t>(other[i / 8] ^ 1U << i % 8);
    other.resize(1024);
    ck_assert_msg(!entry_in(Shelf::Answers, other), "bit %zu", i);
  }
}
END_TEST

START_TEST(nothing_may_be_missing) {
  const Bytes slot = a_slot();
  for (std::size_t size = 0; size < slot.size(); ++size) {
    ck_assert(!entry_in(Shelf::Answers, ByteView(slot).first(size)));
    Bytes torn = slot;  // what was there before, from here on
    std::fill(torn.begin() + static_cast<std::ptrdiff_t>(size), torn.end(), std::uint8_t{0x55});
    ck_assert(!entry_in(Shelf::Answers, torn));
  }
}
END_TEST

START_TEST(the_front_alone) {
  const Bytes slot = a_slot();
  const auto front = front_of(Shelf::Answers, kKey, ByteView(slot).first(front_size(kKey)));
  ck_assert(front && front->same_key);
  ck_assert_int_eq(front->left({kThen.boot, 1010, 505}), 50);
  const Bytes other = {1, 0, 3}, shorter = {1, 0}, longer = {1, 0, 2, 9};
  for (const Bytes& key : {other, shorter, longer}) {
    const auto seen = front_of(Shelf::Answers, key, slot);
    ck_assert(seen && !seen->same_key);
  }
  ck_assert(!front_of(Shelf::Answers, kKey, ByteView(slot).first(10)));
  ck_assert(!front_of(Shelf::Answers, kKey, ByteView(slot).first(front_size(kKey) - 1))->same_key);
  ck_assert(!front_of(Shelf::Sessions, kKey, slot));
}
END_TEST

START_TEST(one_shelf_is_not_the_other) {
  ck_assert(!entry_in(Shelf::Sessions, a_slot()));
}
END_TEST

START_TEST(as_long_as_the_slot) {
  const std::size_t size = a_slot().size();
  ck_assert(!slot_of(Shelf::Answers, {kThen, 60, kKey, kValue}, size).empty());
  ck_assert(slot_of(Shelf::Answers, {kThen, 60, kKey, kValue}, size - 1).empty());
}
END_TEST

int main() {
  Suite* suite = suite_create("slot");
  TCase* all = tcase_create("all");
  tcase_add_test(all, what_was_put_in);
  tcase_add_test(all, octets_behind_it_are_of_an_older_one);
  tcase_add_test(all, no_bit_may_be_another_one);
  tcase_add_test(all, nothing_may_be_missing);
  tcase_add_test(all, the_front_alone);
  tcase_add_test(all, one_shelf_is_not_the_other);
  tcase_add_test(all, as_long_as_the_slot);
  suite_add_tcase(suite, all);
  return run_suite(suite);
}

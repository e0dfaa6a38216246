// SPDX-License-Identifier: GPL-2.0-or-later
// The cache file as a whole, while somebody damages it: octets anywhere, a slot in the place of
// another, an end too early, another head. What is found was once kept under that very key for as
// long at least; what was just kept is found; what was taken is there once less; and without
// damage all is found but what had to make room. `cache_entry` has a slot's octets, `kept_file` the
// head's. Damage with a checksum that is right would be taken for a fault: slot.h, it finds
// accidents.
#include <array>
#include <cerrno>
#include <map>
#include <optional>
#include <vector>

#include "cache/file_store.h"
#include "cache/shelves.h"
#include "fuzz/named_file.h"

using namespace danesmtp;
using fuzz::must;

namespace {

const fuzz::NamedFile kFile;
constexpr std::array kShelves{Shelf::Answers, Shelf::Sessions};
constexpr std::size_t kSlots = ShelfPlan::kSlotsOfGroup, kKeys = kSlots + 2;

// All in one group of either shelf, so that they have to share its slots.
std::vector<Bytes> keys_of_one_group() {
  std::vector<Bytes> keys;
  for (int i = 0; keys.size() < kKeys; ++i) {
    const auto text = "k" + std::to_string(i);
    const Bytes key(text.begin(), text.end());
    const auto is_beside = [&](Shelf shelf) {
      return keys.empty() || group_of(shelf, key) == group_of(shelf, keys.front());
    };
    if (is_beside(Shelf::Answers) && is_beside(Shelf::Sessions)) keys.push_back(key);
  }
  return keys;
}

const std::vector<Bytes> kKeyList = keys_of_one_group();

std::uint64_t slot_at(Shelf shelf, std::size_t number) {
  return group_of(shelf, kKeyList.front()) + number % kSlots * plan_of(shelf).slot;
}

// Slots with a living entry of the key.
int times_there(Shelf shelf, const Bytes& key) {
  const auto now = this_moment();
  int times = 0;
  for (std::size_t number = 0; now && number < kSlots; ++number) {
    const Bytes slot = kFile.read(slot_at(shelf, number), plan_of(shelf).slot);
    const auto entry = entry_in(shelf, slot);
    if (entry && std::ranges::equal(entry->key, key) && entry->left(*now) > 0) ++times;
  }
  return times;
}

// What was kept on one shelf.
struct Account {
  std::array<std::map<Bytes, std::chrono::seconds>, kKeys> ever;  // value: the longest time
  std::map<std::size_t, std::chrono::seconds> sure;               // keys that have to be there

  // One went for the newest; what ends first.
  void make_room(std::size_t newest, const std::vector<bool>& found) {
    if (sure.size() <= kSlots) return;
    std::optional<std::size_t> gone;
    auto least = kLongestKept;
    for (const auto& [key, time] : sure) {
      if (key != newest) least = std::min(least, time);
      if (!found[key]) must(!std::exchange(gone, key));
    }
    must(gone && sure.at(*gone) == least);
    sure.erase(*gone);
  }
};

class Trial {
 public:
  Trial() {
    kFile.remove();
    open_anew();
  }

  void step(fuzz::Input& input) {
    const auto what = input.octet();
    which_ = what / 8 % 2;
    key_ = what / 16 % kKeys;
    switch (what % 8) {
      case 0:
        return keep(input);
      case 1:
        return static_cast<void>(find());
      case 2:
        return take();
      case 3:
        return damage(input);
      case 4:
        return put_in_place_of(input);
      case 5:
        return cut(input);
      case 6:
        return change_head(input);
      default:
        return open_anew();
    }
  }

  void look_at_all() {
    for (which_ = 0; which_ < kShelves.size(); ++which_)
      for (key_ = 0; key_ < kKeys; ++key_) must(find() || !account().sure.contains(key_));
  }

 private:
  Shelf shelf() const { return kShelves[which_]; }
  const Bytes& key() const { return kKeyList[key_]; }
  Account& account() { return accounts_[which_]; }

  void open_anew() {
    told_ = false;
    store_.emplace(kFile.path(), [this](const std::string& why) {
      must(head_changed_ && !std::exchange(told_, true) && why.starts_with(kFile.path() + ": "));
    });
  }

  void keep(fuzz::Input& input) {
    const std::chrono::seconds wanted{input.octet() * 60};
    const auto time = std::min(wanted, kLongestKept);
    const std::size_t size = input.octet();
    const Bytes value(size * (which_ == 0 ? 4 : 32), input.octet());
    const bool fits = front_size(key()) + value.size() <= plan_of(shelf()).slot;
    const bool keeps = fits && time.count() > 0;
    if (keeps) {
      auto& longest = account().ever[key_][value];
      longest = std::max(longest, time);
    }
    store_->keep(shelf(), key(), value, wanted);
    if (told_ || !keeps) return;
    const auto kept = store_->find(shelf(), key());
    must(kept && kept->value == value && kept->left <= time);
    if (!damaged_) count_in(time);
  }

  void count_in(std::chrono::seconds time) {
    account().sure[key_] = time;
    std::vector<bool> found(kKeys);
    for (std::size_t one = 0; one < kKeys; ++one)
      found[one] = store_->find(shelf(), kKeyList[one]).has_value();
    account().make_room(key_, found);
  }

  std::optional<Kept> find() {
    auto kept = store_->find(shelf(), key());
    if (!kept) return kept;
    const auto& ever = account().ever[key_];
    const auto same = ever.find(kept->value);
    must(!told_ && same != ever.end() && kept->left <= same->second && kept->left.count() > 0);
    return kept;
  }
  void take() {
    const auto seen = find();
    const auto before = times_there(shelf(), key());
    const auto taken = store_->take(shelf(), key());
    must(taken.has_value() == seen.has_value() && (!taken || taken->value == seen->value));
    if (taken) must(times_there(shelf(), key()) == before - 1);
    account().sure.erase(key_);
  }

  void write(std::uint64_t offset, ByteView octets) {
    if (!octets.empty() && kFile.write(offset, octets)) has_damage();
  }
  void has_damage() {
    damaged_ = true;
    for (auto& one : accounts_) one.sure.clear();
  }
  std::uint64_t place_in_group(fuzz::Input& input) const {
    const std::size_t high = input.octet();
    return slot_at(shelf(), 0) + (high << 8 | input.octet()) % group_size(shelf());
  }
  void damage(fuzz::Input& input) {
    const auto place = place_in_group(input);
    write(place, input.piece());
  }

  // Also one of the other shelf.
  void put_in_place_of(fuzz::Input& input) {
    const auto where = input.octet();
    const auto from = kShelves[where % 2];
    const auto size = std::min(plan_of(from).slot, plan_of(shelf()).slot);
    write(slot_at(shelf(), where / 8U), kFile.read(slot_at(from, where / 2U), size));
  }

  // In a slot, or in the head.
  void cut(fuzz::Input& input) {
    const auto place = place_in_group(input);
    const auto end = static_cast<off_t>(place % 4 == 0 ? place / 4 % 20 : place);
    if (::truncate(kFile.path().c_str(), end) == 0)
      has_damage();
    else
      must(errno == ENOENT);
  }
  // Of the file that is open; who opens it later may find that it is another's.
  void change_head(fuzz::Input& input) {
    const auto place = input.octet() % 20U;
    const auto octets = input.piece();
    head_changed_ = head_changed_ || !octets.empty();
    write(place, octets);
  }

  std::optional<FileStore> store_;
  bool told_ = false;  // that the file cannot be used
  bool head_changed_ = false;
  bool damaged_ = false;
  std::size_t which_ = 0, key_ = 0;
  std::array<Account, 2> accounts_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(ByteView(data, size));
  Trial trial;
  for (int steps = 0; !input.empty() && steps < 64; ++steps) trial.step(input);
  trial.look_at_all();
  return 0;
}

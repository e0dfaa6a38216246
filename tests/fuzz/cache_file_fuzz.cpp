// SPDX-License-Identifier: GPL-2.0-or-later
// The cache file as a whole, while somebody damages it: octets anywhere, a slot in the place of
// another, an end too early, another head. What is found was once kept under that very key; what
// was just kept is found; what was taken is gone. `cache_entry` has a slot's octets, and
// `kept_file` the head's.
#include <array>
#include <cerrno>
#include <optional>
#include <set>
#include <vector>

#include "cache/file_store.h"
#include "cache/shelves.h"
#include "fuzz/named_file.h"

using namespace danesmtp;
using fuzz::must;

namespace {

const fuzz::NamedFile kFile;
constexpr std::array kShelves{Shelf::Answers, Shelf::Sessions};
constexpr std::size_t kKeys = ShelfPlan::kSlotsOfGroup + 2;

// All in one group, so that they have to share its slots.
std::vector<Bytes> keys_of_one_group(Shelf shelf) {
  std::vector<Bytes> keys;
  for (int i = 0; keys.size() < kKeys; ++i) {
    const auto text = "k" + std::to_string(i);
    Bytes key(text.begin(), text.end());
    if (keys.empty() || group_of(shelf, key) == group_of(shelf, keys.front())) keys.push_back(key);
  }
  return keys;
}

const std::array<std::vector<Bytes>, 2> kKeysOf{keys_of_one_group(Shelf::Answers),
                                                keys_of_one_group(Shelf::Sessions)};

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
        return find();
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
      for (key_ = 0; key_ < kKeys; ++key_) find();
  }

 private:
  Shelf shelf() const { return kShelves[which_]; }
  const Bytes& key() const { return kKeysOf[which_][key_]; }
  std::uint64_t group() const { return group_of(shelf(), key()); }
  std::set<Bytes>& values() { return values_[which_][key_]; }

  void open_anew() {
    store_.emplace(kFile.path(), [this](const std::string& why) {
      must(!std::exchange(told_, true) && why.starts_with(kFile.path() + ": "));
    });
    told_ = false;
  }

  void keep(fuzz::Input& input) {
    const std::chrono::seconds time{input.octet() * 60};
    const std::size_t size = input.octet();
    const Bytes value(size * (which_ == 0 ? 4 : 32), input.octet());
    const bool fits = front_size(key()) + value.size() <= plan_of(shelf()).slot;
    const bool keeps = fits && time.count() > 0;
    if (keeps) values().insert(value);
    store_->keep(shelf(), key(), value, time);
    if (told_ || !keeps) return;
    const auto kept = store_->find(shelf(), key());
    must(kept && kept->value == value && kept->left <= std::min(time, kLongestKept));
  }

  void must_be_ours(const std::optional<Kept>& kept) {
    must(!kept || (!told_ && values().contains(kept->value) && kept->left.count() > 0));
  }
  void find() { must_be_ours(store_->find(shelf(), key())); }
  void take() {
    const auto taken = store_->take(shelf(), key());
    must_be_ours(taken);
    if (taken && !copied_) must(!store_->find(shelf(), key()));
  }

  void write(std::uint64_t offset, ByteView octets) const {
    if (const auto file = CacheFile::open_existing(kFile.path())) file->write(offset, octets);
  }
  std::uint64_t place_in_group(fuzz::Input& input) const {
    const std::size_t high = input.octet();
    return group() + (high << 8 | input.octet()) % group_size(shelf());
  }
  void damage(fuzz::Input& input) {
    const auto place = place_in_group(input);
    copied_ = true;  // what was damaged and kept once more may become whole again
    write(place, input.piece());
  }

  // Also one of the other shelf.
  void put_in_place_of(fuzz::Input& input) {
    const auto where = input.octet();
    const auto from = kShelves[where % 2];
    const auto slot = [](Shelf of, std::size_t number) {
      const auto& first = kKeysOf[of == Shelf::Answers ? 0 : 1].front();
      return group_of(of, first) + number % ShelfPlan::kSlotsOfGroup * plan_of(of).slot;
    };
    const auto file = CacheFile::open_existing(kFile.path());
    if (!file) return;
    copied_ = true;
    const auto size = std::min(plan_of(from).slot, plan_of(shelf()).slot);
    file->write(slot(shelf(), where / 8U), file->read(slot(from, where / 2U), size));
  }

  void cut(fuzz::Input& input) const {
    const auto place = place_in_group(input);
    must(::truncate(kFile.path().c_str(), static_cast<off_t>(place)) == 0 || errno == ENOENT);
  }
  // Of the file that is open; who opens it later may find that it is another's.
  void change_head(fuzz::Input& input) const { write(input.octet() % 20U, input.piece()); }

  std::optional<FileStore> store_;
  bool told_ = false;    // that the file cannot be used
  bool copied_ = false;  // an entry may be there twice
  std::size_t which_ = 0, key_ = 0;
  std::array<std::array<std::set<Bytes>, kKeys>, 2> values_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(ByteView(data, size));
  Trial trial;
  for (int steps = 0; !input.empty() && steps < 64; ++steps) trial.step(input);
  trial.look_at_all();
  return 0;
}

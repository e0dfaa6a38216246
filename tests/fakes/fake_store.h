// SPDX-License-Identifier: GPL-2.0-or-later
// A store in memory. Its clock stands still: what is kept stays until it is taken, and `left` is
// all of the time.
#pragma once

#include <map>
#include <utility>

#include "cache/store.h"

namespace danesmtp::test {

class FakeStore final : public Store {
 public:
  std::map<std::pair<Shelf, Bytes>, Kept> entries;

  std::optional<Kept> find(Shelf shelf, ByteView key) override {
    const auto found = entries.find(place(shelf, key));
    return found == entries.end() ? std::nullopt : std::optional<Kept>(found->second);
  }
  std::optional<Kept> take(Shelf shelf, ByteView key) override {
    auto kept = find(shelf, key);
    entries.erase(place(shelf, key));
    return kept;
  }
  void keep(Shelf shelf, ByteView key, ByteView value, std::chrono::seconds time) override {
    entries[place(shelf, key)] = {Bytes(value.begin(), value.end()), time};
  }

 private:
  static std::pair<Shelf, Bytes> place(Shelf shelf, ByteView key) {
    return {shelf, Bytes(key.begin(), key.end())};
  }
};

}  // namespace danesmtp::test

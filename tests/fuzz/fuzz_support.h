// SPDX-License-Identifier: GPL-2.0-or-later
// What fuzz targets share: a property that must hold, what is fit for a log, and the input taken
// apart.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "core/bytes.h"

namespace danesmtp::fuzz {

// libFuzzer, and a replay, end and keep the input when it does not hold.
inline void must(bool property, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  if (property) return;
  std::fprintf(stderr, "%s:%d: a property does not hold\n", file, line);
  std::abort();
}

inline bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// Takes pieces from the front of an input. Past its end everything is empty.
class Input {
 public:
  explicit Input(ByteView octets) : rest_(octets) {}

  std::uint8_t octet() { return rest_.empty() ? std::uint8_t{0} : take(1)[0]; }

  // A length of two octets, then that many, or what is left.
  ByteView piece() {
    const std::size_t high = octet();
    return take(high << 8 | octet());
  }
  ByteView rest() { return take(rest_.size()); }
  bool empty() const { return rest_.empty(); }

 private:
  ByteView take(std::size_t count) {
    const auto taken = rest_.first(count < rest_.size() ? count : rest_.size());
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  ByteView rest_;
};

}  // namespace danesmtp::fuzz

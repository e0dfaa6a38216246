// SPDX-License-Identifier: GPL-2.0-or-later
// Which host and which recipient of the batch is meant: places in its two lists, of types that
// cannot be taken for each other.
#pragma once

#include <cstddef>

namespace danesmtp {

template <class List>
class Index {
 public:
  constexpr Index() = default;  // the first
  constexpr explicit Index(std::size_t value) : value_(value) {}
  // A number that stands in the source needs no name of its type; a variable does.
  // NOLINTNEXTLINE(google-explicit-constructor): which is why this one is implicit
  consteval Index(int value) : value_(static_cast<std::size_t>(value)) {}

  constexpr std::size_t value() const { return value_; }
  constexpr Index& operator++() {
    ++value_;
    return *this;
  }
  friend constexpr bool operator==(Index, Index) = default;
  friend constexpr bool operator<(Index one, Index other) { return one.value_ < other.value_; }

 private:
  std::size_t value_ = 0;
};

using HostIndex = Index<struct HostList>;
using RecipientIndex = Index<struct RecipientList>;

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// What the grammars of RFC 8461 3.1 and 3.2 have in common. Pure.
#pragma once

#include <algorithm>
#include <string_view>

namespace danesmtp::tool {

inline bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// The name of an extension, and of every field that there is.
inline bool is_field_name(std::string_view text) {
  constexpr std::size_t kLongest = 32;
  return !text.empty() && text.size() <= kLongest && is_alphanumeric(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alphanumeric(c) || c == '_' || c == '-' || c == '.'; });
}

}  // namespace danesmtp::tool

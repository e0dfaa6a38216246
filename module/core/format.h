// SPDX-License-Identifier: GPL-2.0-or-later
// fmt::format() with its body in one place: fmt's own header costs each file that includes it three
// seconds of compile time, its core a tenth. Format strings are checked at compile time all the
// same.
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <vector>

namespace danesmtp {

// The body of format(); not called by anybody else.
std::string format_arguments(fmt::string_view text, fmt::format_args arguments);

struct Format {
  template <class... T>
  std::string operator()(fmt::format_string<T...> text, T&&... arguments) const {
    return format_arguments(text, fmt::make_format_args(arguments...));
  }
};

// format("{}", ...): "{}" is replaced by each argument in turn; fmt's syntax. An object, not a
// function: then the namespaces of the arguments are not searched for another format(), and
// std::format() (C++20, GCC 13 and later) is no candidate.
inline constexpr Format format;

// The parts with `between` in each gap.
std::string join(const std::vector<std::string>& parts, std::string_view between);

}  // namespace danesmtp

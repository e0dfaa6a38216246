// SPDX-License-Identifier: GPL-2.0-or-later
// A policy of MTA-STS as its domain publishes it: the grammar and the meaning of RFC 8461 3.2.
// Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace danesmtp::tool {

enum class PublishedMode { None, Testing, Enforce };

const char* mode_text(PublishedMode mode);

// RFC 8461 3.2, about a year.
inline constexpr std::chrono::seconds kLongestAge{31557600};
// Octets of a policy (3.3 leaves it to us), and its hosts: all of them go into one answer.
inline constexpr std::size_t kLongestPolicy = 65536;
inline constexpr std::size_t kMostPatterns = 100;

struct PublishedPolicy {
  PublishedMode mode = PublishedMode::None;
  std::chrono::seconds max_age{0};
  std::vector<std::string> patterns{};  // "mx.example", "*.example": A-labels, in lower case
  std::vector<std::string> lines{};     // as published
};

// Protocol: it is no policy, and in which way: the same each time, without its octets.
[[nodiscard]] Result<PublishedPolicy> parse_policy(std::string_view text);

}  // namespace danesmtp::tool

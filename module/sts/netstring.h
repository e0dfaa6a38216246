// SPDX-License-Identifier: GPL-2.0-or-later
// Netstrings, of which socketmap's questions and answers are made: "12:hello world!,". Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace danesmtp {

// Octets of an answer. A policy is at most as long (RFC 8461 3.2 leaves it to us).
constexpr std::size_t kLongestAnswer = 65536;

std::string netstring_of(std::string_view text);

// What the one netstring that these octets are, or begin, holds. Nothing: its end has not come yet.
// Protocol: no netstring, one that is longer than an answer may be, or octets behind it.
[[nodiscard]] Result<std::optional<std::string>> netstring_in(std::string_view octets);

}  // namespace danesmtp

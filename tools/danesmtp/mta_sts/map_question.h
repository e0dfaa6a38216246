// SPDX-License-Identifier: GPL-2.0-or-later
// Questions as Postfix's socketmap has them: netstrings "MAP KEY", one after the other. Pure.
#pragma once

#include <optional>
#include <string>

#include "core/result.h"

namespace danesmtp::tool {

// Octets of a question; a domain and the name of a map are far shorter.
inline constexpr std::size_t kLongestQuestion = 1000;

// The key of the first question in `octets`, which is taken out of them. Nothing: its end has not
// come yet. Protocol: no question, or one that is too long.
[[nodiscard]] Result<std::optional<std::string>> take_question(std::string& octets);

}  // namespace danesmtp::tool

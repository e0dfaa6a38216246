// SPDX-License-Identifier: GPL-2.0-or-later
// The known word that was probably meant by a mistyped one.
#pragma once

#include <string>
#include <vector>

namespace danesmtp::tool {

// Empty: none is near.
std::string nearest_word(const std::string& word, const std::vector<std::string>& known);

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// Colour and progress are for terminals alone (and NO_COLOR turns colour off).
#pragma once

#include <string>

namespace danesmtp::tool {

enum class Colour { Never, Always };

// For standard output.
Colour colour_of_output();

// True when standard error is a terminal, so that progress may be shown on it.
bool may_show_progress();

// `text` between the escapes of an SGR code: 31 red, 32 green, 33 yellow.
std::string coloured(const std::string& text, int code, Colour colour);

}  // namespace danesmtp::tool

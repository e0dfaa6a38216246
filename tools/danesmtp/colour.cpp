// SPDX-License-Identifier: GPL-2.0-or-later
#include "colour.h"

#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "core/format.h"

namespace danesmtp::tool {

Colour colour_of_output() {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool dumb = !terminal || std::string_view(terminal) == "dumb";
  const bool unwanted = no_colour && *no_colour != '\0';
  return ::isatty(STDOUT_FILENO) && !unwanted && !dumb ? Colour::Always : Colour::Never;
}

bool may_show_progress() {
  return ::isatty(STDERR_FILENO) != 0;
}

std::string coloured(const std::string& text, int code, Colour colour) {
  return colour == Colour::Always ? format("\033[{}m{}\033[0m", code, text) : text;
}

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// The one file with fmt's definitions in it, so that neither the core library nor the tool has to
// open libfmt.
#define FMT_HEADER_ONLY 1
#include <fmt/format.h>

#include "core/format.h"

namespace danesmtp {

std::string format_arguments(fmt::string_view text, fmt::format_args arguments) {
  return fmt::vformat(text, arguments);
}

std::string join(const std::vector<std::string>& parts, std::string_view between) {
  std::string text;
  for (const auto& part : parts) {
    if (!text.empty()) text += between;
    text += part;
  }
  return text;
}

}  // namespace danesmtp

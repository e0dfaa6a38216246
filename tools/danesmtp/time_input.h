// SPDX-License-Identifier: GPL-2.0-or-later
// A point in time as the tool's user writes it.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "dane/dane_verify.h"

namespace danesmtp::tool {

// RFC 3339 5.6: "2026-11-22T15:30:00Z", or with a fraction (dropped) or an offset. BadInput
// otherwise.
[[nodiscard]] Result<WallTime> parse_rfc3339(std::string_view text);

// "2026-11-22T15:30:00Z".
std::string to_rfc3339(WallTime time);

}  // namespace danesmtp::tool

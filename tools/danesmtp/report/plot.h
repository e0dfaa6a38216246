// SPDX-License-Identifier: GPL-2.0-or-later
// Plots as inline SVG: bars that stretch to whatever width there is, without any text in them, so
// that the text around them has its own size on a phone as on paper.
#pragma once

#include <string>
#include <vector>

#include "mail_report.h"

namespace danesmtp::tool {

// & < > " ' for text and attributes of HTML and SVG.
std::string html_escaped(const std::string& text);

// A column a day, the protections on top of each other.
std::string day_plot(const std::vector<DayCounts>& days);

// One bar; its length is to the longest one's as `all` to `most`.
std::string share_bar(const Counts& counts, std::uint64_t most);
std::string bar(std::uint64_t value, std::uint64_t most);

// The largest number of recipients on a day.
std::uint64_t busiest(const std::vector<DayCounts>& days);

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
#include "plot.h"

#include <algorithm>

#include "core/format.h"

namespace danesmtp::tool {
namespace {

// Of a plot, in its own units.
constexpr std::uint64_t kLength = 10'000;

std::uint64_t scaled(std::uint64_t value, std::uint64_t most) {
  return most == 0 ? 0 : value * kLength / most;
}

std::string rectangle(const char* kind, const std::string& place) {
  return format("<rect class=\"{}\" {}/>", kind, place);
}

std::string day_title(const DayCounts& day) {
  std::string title = format("{}: {}", html_escaped(day.day), day.counts.delivered());
  for (const Count count : kProtections)
    title += format(", {} {}", count_word(count), day.counts[count]);
  return format("<title>{}</title>", title);
}

std::string column(const DayCounts& day, std::size_t place, std::uint64_t most) {
  std::string shapes;
  std::uint64_t below = 0;
  for (const Count count : kProtections) {
    const auto bottom = scaled(below, most);
    below += day.counts[count];
    const auto top = scaled(below, most);
    if (top > bottom)
      shapes += rectangle(count_word(count), format("x=\"{}\" y=\"{}\" width=\"86\" height=\"{}\"",
                                                    place * 100 + 7, kLength - top, top - bottom));
  }
  return format("<g>{}{}</g>", day_title(day), shapes);
}

std::string gridlines(std::size_t width) {
  std::string lines;
  for (std::uint64_t quarter = 0; quarter <= 4; ++quarter)
    lines += format("<path class=\"grid\" d=\"M0 {}H{}\"/>", quarter * kLength / 4, width);
  return lines;
}

}  // namespace

std::string html_escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  return escaped;
}

std::uint64_t busiest(const std::vector<DayCounts>& days) {
  std::uint64_t most = 0;
  for (const auto& day : days) most = std::max(most, day.counts.delivered());
  return most;
}

std::string day_plot(const std::vector<DayCounts>& days) {
  const auto most = busiest(days);
  const auto width = days.size() * 100;
  std::string shapes = gridlines(width);
  for (std::size_t i = 0; i < days.size(); ++i) shapes += column(days[i], i, most);
  return format(
      "<svg class=\"days\" role=\"img\" aria-label=\"Recipients by day\" viewBox=\"0 0 {} {}\" "
      "preserveAspectRatio=\"none\">{}</svg>",
      width, kLength, shapes);
}

std::string share_bar(const Counts& counts, std::uint64_t most) {
  std::string shapes;
  std::uint64_t before = 0;
  for (const Count count : kProtections) {
    const auto begin = scaled(before, most);
    before += counts[count];
    const auto end = scaled(before, most);
    if (end > begin)
      shapes += rectangle(count_word(count),
                          format("x=\"{}\" y=\"0\" width=\"{}\" height=\"1\"", begin, end - begin));
  }
  return format(
      "<svg class=\"bar\" aria-hidden=\"true\" viewBox=\"0 0 {} 1\" preserveAspectRatio=\"none\">"
      "{}</svg>",
      kLength, shapes);
}

std::string bar(std::uint64_t value, std::uint64_t most) {
  return format(
      "<svg class=\"bar\" aria-hidden=\"true\" viewBox=\"0 0 {} 1\" preserveAspectRatio=\"none\">"
      "{}</svg>",
      kLength,
      rectangle("deferred",
                format("x=\"0\" y=\"0\" width=\"{}\" height=\"1\"", scaled(value, most))));
}

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
#include "mail_report.h"

#include <ctime>
#include <numeric>

#include "core/format.h"

namespace danesmtp::tool {

const char* count_word(Count count) {
  constexpr std::array<const char*, kCounts> kWords{"dane",     "verified", "encrypted", "clear",
                                                    "deferred", "failed",   "audited"};
  return kWords[static_cast<std::size_t>(count)];
}

const char* state_word(HostState state) {
  switch (state) {
    case HostState::Dane:
      return "dane";
    case HostState::NoDane:
      return "no-dane";
    case HostState::Refused:
      return "refused";
  }
  return "no-dane";
}

std::uint64_t Counts::delivered() const {
  std::uint64_t sum = 0;
  for (const Count count : kProtections) sum += (*this)[count];
  return sum;
}

std::string percent(std::uint64_t part, std::uint64_t all) {
  if (all == 0) return "-";
  const auto tenths = part * 1000 / all;
  return format("{}.{}", tenths / 10, tenths % 10);
}

std::string time_text(std::int64_t since_1970) {
  const std::time_t seconds = since_1970;
  std::tm parts{};
  if (!gmtime_r(&seconds, &parts)) return "-";
  return format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace danesmtp::tool

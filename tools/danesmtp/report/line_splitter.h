// SPDX-License-Identifier: GPL-2.0-or-later
// Lines out of octets that come in pieces.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "log_input.h"

namespace danesmtp::tool {

class LineSplitter {
 public:
  // Exim's own lines end at 8 KiB (LOG_BUFFER_SIZE).
  static constexpr std::size_t kLongest = 65'536;

  // Borrowed.
  explicit LineSplitter(const LineSink& sink) : sink_(sink) {}

  void add(std::string_view octets);
  void finish();  // what has no end is a line as well

 private:
  void end_line(std::string_view rest);

  const LineSink& sink_;
  std::string begun_;
  bool too_long_ = false;
};

}  // namespace danesmtp::tool

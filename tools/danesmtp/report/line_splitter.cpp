// SPDX-License-Identifier: GPL-2.0-or-later
#include "line_splitter.h"

namespace danesmtp::tool {

void LineSplitter::end_line(std::string_view rest) {
  if (too_long_ || begun_.size() + rest.size() > kLongest) {
    sink_.too_long();
  } else if (begun_.empty()) {
    sink_.line(rest);
  } else {
    begun_.append(rest);
    sink_.line(begun_);
  }
  begun_.clear();
  too_long_ = false;
}

void LineSplitter::add(std::string_view octets) {
  while (!octets.empty()) {
    const auto end = octets.find('\n');
    if (end == std::string_view::npos) break;
    end_line(octets.substr(0, end));
    octets.remove_prefix(end + 1);
  }
  if (too_long_ || begun_.size() + octets.size() > kLongest) {
    too_long_ = too_long_ || !octets.empty();
    if (too_long_) begun_.clear();
    return;
  }
  begun_.append(octets);
}

void LineSplitter::finish() {
  if (too_long_ || !begun_.empty()) end_line({});
}

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
#include "target_list.h"

#include <cerrno>
#include <cstring>
#include <iostream>

#include "core/format.h"

namespace danesmtp::tool {
namespace {

std::string stripped(const std::string& line) {
  constexpr const char* kBlank = " \t\r";
  const std::string text = line.substr(0, line.find('#'));
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

}  // namespace

Result<void> TargetList::open(const std::string& path) {
  lines_ = &std::cin;
  if (path == "-") return {};
  file_.open(path);
  lines_ = &file_;
  // A directory opens, and fails to be read.
  if (file_.is_open() && (file_.peek() != std::char_traits<char>::eof() || !file_.bad())) {
    file_.clear();
    return {};
  }
  return fail(ErrorKind::Io, format("--list: {}: {}; name a file with one domain a line, or - for "
                                    "standard input",
                                    path, std::strerror(errno)));
}

std::optional<std::string> TargetList::next() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (given_ < targets_.size()) return targets_[given_++];
  std::string line;
  while (lines_ && std::getline(*lines_, line)) {
    line = stripped(line);
    if (!line.empty()) return line;
  }
  return std::nullopt;
}

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// The targets of a run, one at a time: those of the command line, then the lines of a file or of
// standard input. Workers share it; a list of any length takes no more memory than one line.
#pragma once

#include <fstream>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"

namespace danesmtp::tool {

class TargetList {
 public:
  explicit TargetList(std::vector<std::string> targets) : targets_(std::move(targets)) {}

  // Adds the lines of a file, "-" for standard input. Io, naming the file.
  [[nodiscard]] Result<void> open(const std::string& path);

  // The next target; none: that was all. Blank lines and what follows a '#' are passed over.
  std::optional<std::string> next();

 private:
  std::mutex mutex_;
  std::vector<std::string> targets_;
  std::size_t given_ = 0;
  std::ifstream file_;
  std::istream* lines_ = nullptr;
};

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// The targets of a run, one at a time: those of the command line, then those in the lines of a file
// or of standard input, which may be the members of a mailing list. Workers share it.
#pragma once

#include <deque>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/result.h"

namespace danesmtp::tool {

// Those in a line of a list: of "Bob <bob@example.org>" and "a@example.org, b@example.net" the
// domains; a line without an address is one target. None: the line is blank, or a comment.
std::vector<std::string> targets_in(const std::string& line);

class TargetList {
 public:
  explicit TargetList(const std::vector<std::string>& targets)
      : waiting_(targets.begin(), targets.end()) {}

  // Adds the lines of a file, "-" for standard input. Io, naming the file.
  [[nodiscard]] Result<void> open(const std::string& path);

  // The next target; none: that was all.
  std::optional<std::string> next();
  // Whether this is asked of `target` for the first time.
  bool is_new(const std::string& target);

 private:
  std::mutex mutex_;
  std::deque<std::string> waiting_;
  std::unordered_set<std::string> given_;
  std::ifstream file_;
  std::istream* lines_ = nullptr;
};

}  // namespace danesmtp::tool

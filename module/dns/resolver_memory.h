// SPDX-License-Identifier: GPL-2.0-or-later
// Which upstream was of use lately, for the processes that come after: each message is one. A file
// of a few lines below the spool directory, with an expiry of its own. What it says is one of the
// choices that the configuration leaves; whichever is taken is validated all the same, so a
// missing, damaged or forged file costs time and nothing else.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "core/result.h"

namespace danesmtp {

class ResolverMemory {
 public:
  // `file` empty: nothing is remembered. `question` is what was to choose from: an answer to
  // another one is none.
  ResolverMemory(std::string file, std::string question)
      : file_(std::move(file)), question_(std::move(question)) {}

  std::optional<std::string> recall() const;

  // For `time`, at most an hour.
  [[nodiscard]] Result<void> remember(const std::string& choice, std::chrono::seconds time) const;

  void forget() const;

 private:
  std::string file_;
  std::string question_;
};

}  // namespace danesmtp

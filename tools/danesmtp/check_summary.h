// SPDX-License-Identifier: GPL-2.0-or-later
// What a run of `danesmtp check` over many targets came to.
#pragma once

#include <array>
#include <chrono>
#include <string>

#include "check_report.h"

namespace danesmtp::tool {

class CheckSummary {
 public:
  void add(const Checked& checked);
  void add_duplicate() { ++duplicates_; }

  std::size_t done() const;
  std::size_t waiting() const { return waiting_; }
  std::size_t bad() const { return bad_; }  // names no target

  // "4 targets: 1 critical, 1 warning, 2 ok; 1 named again; slowest: ee.lab, 0.204 s".
  std::string line() const;

 private:
  std::array<std::size_t, 4> by_state_{};
  std::size_t waiting_ = 0;
  std::size_t bad_ = 0;
  std::size_t duplicates_ = 0;
  std::string slowest_;
  std::chrono::milliseconds took_{-1};
};

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// `danesmtp check --nagios`: one line for Nagios, Icinga and what else runs monitoring plugins,
// with performance data, and the exit code that they read: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "check_report.h"

namespace danesmtp::tool {

int nagios_code(State state);

// "OK", "WARNING", "CRITICAL", "UNKNOWN".
const char* plugin_word(State state);

// "DANE UNKNOWN - text", for what keeps the check from being made.
std::string nagios_unknown(const std::string& text);

class NagiosReport {
 public:
  void add(const Checked& checked);

  // The worst state so far; Unknown when nothing was added.
  State state() const;
  std::string line() const;  // without its end

 private:
  std::array<int, 4> counts_{};   // by State
  std::string worst_text_;        // of the first target in the worst state
  std::optional<int> days_left_;  // of the certificate that ends first
  std::chrono::milliseconds took_{0};
  State worst_ = State::Ok;
};

}  // namespace danesmtp::tool

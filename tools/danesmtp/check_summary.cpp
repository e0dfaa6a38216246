// SPDX-License-Identifier: GPL-2.0-or-later
#include "check_summary.h"

#include <numeric>

#include "core/format.h"

namespace danesmtp::tool {

void CheckSummary::add(const Checked& checked) {
  ++by_state_[static_cast<std::size_t>(checked.state)];
  if (is_lost(checked.report.fate)) ++waiting_;
  if (checked.report.fate == Fate::Unknown) {
    ++bad_;
  } else if (checked.report.took > took_) {
    took_ = checked.report.took;
    slowest_ = checked.report.target.text;
  }
}

std::size_t CheckSummary::done() const {
  return std::accumulate(by_state_.begin(), by_state_.end(), std::size_t{0});
}

std::string CheckSummary::line() const {
  std::vector<std::string> counts;
  for (const State state : {State::Critical, State::Unknown, State::Warning, State::Ok})
    if (const auto count = by_state_[static_cast<std::size_t>(state)])
      counts.push_back(format("{} {}", count, state_word(state)));
  std::string line = format("{} targets: {}", done(), join(counts, ", "));
  if (duplicates_ > 0) line += format("; {} named again", duplicates_);
  if (!slowest_.empty())
    line +=
        format("; slowest: {}, {}.{:03} s", slowest_, took_.count() / 1000, took_.count() % 1000);
  return line;
}

}  // namespace danesmtp::tool

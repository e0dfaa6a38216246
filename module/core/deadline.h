// SPDX-License-Identifier: GPL-2.0-or-later
// A point in monotonic time by which a step must be done. Every wait in the core takes one, so no
// step is longer than its time-out however slowly a peer sends.
#pragma once

#include <algorithm>
#include <chrono>

namespace danesmtp {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  static Deadline in(std::chrono::milliseconds duration) {
    return Deadline(Clock::now() + duration);
  }

  bool passed() const { return Clock::now() >= at_; }

  // What is left in whole milliseconds for poll(2): 0 when the deadline has passed.
  int left() const {
    auto rest = std::chrono::ceil<std::chrono::milliseconds>(at_ - Clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(rest.count(), 0, 24L * 3600 * 1000));
  }

  friend Deadline earlier(Deadline a, Deadline b) { return a.at_ < b.at_ ? a : b; }

 private:
  explicit Deadline(Clock::time_point at) : at_(at) {}
  Clock::time_point at_;
};

}  // namespace danesmtp

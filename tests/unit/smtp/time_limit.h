// SPDX-License-Identifier: GPL-2.0-or-later
// Measures that a step used the time it was given and not more.
#pragma once

#include <chrono>

#include "unit/check_support.h"

namespace danesmtp::test {

enum class TimeUse { Part, All, MoreForSeveral };

class TimeLimit {
 public:
  TimeLimit(std::chrono::milliseconds limit, TimeUse use) : limit_(limit), use_(use) {}

  // The slack is for a busy machine; it is far below what an unbounded wait would take.
  void check() const {
    auto used = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start_);
    constexpr std::chrono::milliseconds kSlack{1500};
    if (use_ == TimeUse::Part) ck_assert_msg(used < limit_ + kSlack, "took too long");
    if (use_ != TimeUse::Part) ck_assert_msg(used >= limit_, "gave up early");
    if (use_ == TimeUse::All) ck_assert_msg(used < limit_ + kSlack, "took too long");
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::chrono::milliseconds limit_;
  TimeUse use_;
  Clock::time_point start_ = Clock::now();
};

}  // namespace danesmtp::test

// SPDX-License-Identifier: GPL-2.0-or-later
// What a row of a judge's table expects.
#pragma once

#include "doctor/finding.h"
#include "unit/check_support.h"

namespace danesmtp::test {

struct Expected {
  tool::Health health;
  const char* seen;  // part of it
  const char* mend;  // part of it; nullptr: there is none
};

inline void assert_finding(const tool::Finding& finding, const Expected& expected) {
  ck_assert_msg(finding.health == expected.health, "health %d: %s",
                static_cast<int>(finding.health), finding.seen.c_str());
  assert_contains(finding.seen, expected.seen);
  ck_assert(finding.seen.find('\n') == finding.seen.npos);
  if (expected.mend)
    assert_contains(finding.mend, expected.mend);
  else
    assert_text(finding.mend, "");
  ck_assert_msg(finding.mend.empty() == (finding.health == tool::Health::Ok), "\"%s\"",
                finding.mend.c_str());
}

}  // namespace danesmtp::test

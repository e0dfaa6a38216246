// SPDX-License-Identifier: GPL-2.0-or-later
// What the fakes of all roles have in common.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace danesmtp::test {

class FakeState {
 public:
  std::vector<std::string> calls;        // that leave a trace in a real Exim, in their order
  std::set<std::string> broken_options;  // their expansion, or their list's look-up, fails

  std::string trace() const {
    std::string text;
    for (const auto& call : calls) text += (text.empty() ? "" : "; ") + call;
    return text;
  }
};

}  // namespace danesmtp::test

// SPDX-License-Identifier: GPL-2.0-or-later
// `danesmtp ocsp-fetch --check`: the proofs that servers show now, for Nagios and its like. It
// reads the files and asks nobody.
#pragma once

#include "check_report.h"
#include "ocsp_target.h"

namespace danesmtp::tool {

struct OcspLimits {
  std::optional<std::chrono::seconds> warning;   // less is left; unset: a quarter of its life
  std::optional<std::chrono::seconds> critical;  // unset: a tenth
};

struct OcspCheck {
  State state = State::Unknown;
  std::string line;  // with performance data
};

// The worst of the targets decides, and the first of the worst is told.
OcspCheck check_proofs(const std::vector<OcspTarget>& targets, const OcspLimits& limits,
                       WallTime now);

}  // namespace danesmtp::tool

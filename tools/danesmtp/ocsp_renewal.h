// SPDX-License-Identifier: GPL-2.0-or-later
// One renewal of one proof: is it due, is there a better one, put it in its place. The file that is
// there is never made worse: it stays on any failure, and where the new proof does not last longer.
#pragma once

#include "ocsp_proof.h"

namespace danesmtp::tool {

// How to ask.
struct Patience {
  std::chrono::milliseconds time_limit{15000};  // for one question
  int tries = 4;
  std::chrono::seconds early{0};          // renewed that long before it is due
  std::chrono::milliseconds pause{1000};  // before the second try; twice as long before each next
};

enum class Renewal { Kept, Replaced };

struct Renewed {
  Renewal what = Renewal::Kept;
  WallTime due;      // when to renew it next
  std::string text;  // one line
};

// When a proof is to be renewed.
WallTime renewal_time(const OcspProof& proof, const OcspTarget& target);

// Fetches when the proof is due at `now` or is no good. Errors say in one line what went wrong with
// this target; BadInput is a mistake in its files or options.
[[nodiscard]] Result<Renewed> renew(const OcspTarget& target, const Patience& patience,
                                    WallTime now);

}  // namespace danesmtp::tool

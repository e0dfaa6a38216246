// SPDX-License-Identifier: GPL-2.0-or-later
// `danesmtp verify --jsonl`: many questions in one run, one JSON object a line (RFC 8259).
#pragma once

#include <iosfwd>
#include <string>

namespace danesmtp::tool {

// Judges each line of `in` and writes one line to `out`, flushed at once, in the same order. A line
// that cannot be understood gives {"id", "verdict":"error", "reason"}; then the exit code, which is
// returned, is kBadInput in the end, else kDone.
int verify_lines(std::istream& in, std::ostream& out);

}  // namespace danesmtp::tool

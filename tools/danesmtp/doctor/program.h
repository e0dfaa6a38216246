// SPDX-License-Identifier: GPL-2.0-or-later
// Another program, run to its end without a shell, and what it said.
#pragma once

#include <string>
#include <vector>

#include "core/deadline.h"
#include "core/result.h"

namespace danesmtp::tool {

struct ProgramOutput {
  int status = 0;  // its exit status; that of one that ended by a signal is 128 and more
  std::string out;
  std::string errors;
};

// `argv` begins with the path. Its standard input is empty, its environment has PATH alone. Io: it
// cannot be run; Timeout: it was ended when the deadline passed. More than a megabyte of output is
// left out.
[[nodiscard]] Result<ProgramOutput> run_program(const std::vector<std::string>& argv,
                                                Deadline deadline);

}  // namespace danesmtp::tool

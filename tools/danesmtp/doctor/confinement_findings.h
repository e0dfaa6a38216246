// SPDX-License-Identifier: GPL-2.0-or-later
// Whether the kernel takes the filter of system calls under which a process keeps a connection
// (net/confinement). It is tried in a process that ends at once.
#pragma once

#include <string>

#include "finding.h"

namespace danesmtp::tool {

// Why it is not taken; empty: it is in force.
std::string confinement_trouble();

Finding judge_confinement(const std::string& trouble);

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// Memory that runs out: for a program, or a library, that this is linked into. It replaces operator
// new; what C libraries allocate is left alone.
#pragma once

namespace danesmtp::test {

// Of this thread: so many allocations succeed, and none after them; negative: no limit.
extern thread_local long allocations_left;

}  // namespace danesmtp::test

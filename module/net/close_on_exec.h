// SPDX-License-Identifier: GPL-2.0-or-later
// Descriptors that libraries opened (libunbound: its pipes, its sockets) stay open in every program
// that Exim starts for us (a transport filter, ${run}), unless they are marked. Whose they are it
// does not know.
#pragma once

namespace danesmtp {

// Marks every descriptor but the standard three close-on-exec. What Exim hands to a program it puts
// on those three.
void close_all_on_exec();

}  // namespace danesmtp

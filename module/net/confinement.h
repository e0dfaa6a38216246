// SPDX-License-Identifier: GPL-2.0-or-later
// What a process of ours gives up, for good, once it has all that it needs
// (doc/decisions/0042-hardening.md).
#pragma once

namespace danesmtp {

// From here on this process can read, write, wait for and close the descriptors that it has, and
// allocate memory. Any other system call fails with EPERM: it opens, connects, starts and signals
// nothing, and no memory becomes executable. Only for a process with one thread that will never be
// another program: a child inherits it. False, and errno says why, where the kernel has no such
// filter, or we have none for this kind of machine (ENOSYS); nothing has changed then.
[[nodiscard]] bool confine_to_descriptors();

// No core file of this process is written, and no other process of its user may look into its
// memory: root alone can. An exec ends it.
void keep_out_of_core_files();

}  // namespace danesmtp

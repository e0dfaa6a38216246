// SPDX-License-Identifier: GPL-2.0-or-later
// A lock on octets of a file, between processes (fcntl(2), open file description locks). It ends
// with the descriptor at the latest, so a process that is killed holds nothing up.
#pragma once

#include <cstdint>

namespace danesmtp {

// Does not wait. `length` 0: to the end of the file. False: another process has some of them.
[[nodiscard]] bool lock_octets(int fd, std::uint64_t offset, std::uint64_t length);

void unlock_octets(int fd, std::uint64_t offset, std::uint64_t length);

}  // namespace danesmtp

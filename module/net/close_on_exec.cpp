// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/close_on_exec.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <unistd.h>

namespace danesmtp {

void close_all_on_exec() {
  constexpr int kFirst = STDERR_FILENO + 1;
  if (::close_range(kFirst, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  // A kernel before 5.11. Exim opens few files: none of ours has a number beyond these.
  for (int fd = kFirst; fd < 1024; ++fd)
    if (::fcntl(fd, F_GETFD) == 0) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

}  // namespace danesmtp

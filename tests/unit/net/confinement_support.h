// SPDX-License-Identifier: GPL-2.0-or-later
// Whether this machine's kernel filters system calls for us at all.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "net/confinement.h"

namespace danesmtp::test {

inline int wait_status(pid_t child) {
  int status = -1;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

inline bool filters_here() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(confine_to_descriptors() ? 0 : 1);
  return wait_status(child) == 0;
}

}  // namespace danesmtp::test

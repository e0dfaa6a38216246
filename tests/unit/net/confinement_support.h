// SPDX-License-Identifier: GPL-2.0-or-later
// Whether a process can be confined on this machine, asked without the code under test: it must be
// where the kernel has such filters and doc/decisions/0042 this kind of machine.
#pragma once

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "net/confinement.h"

namespace danesmtp::test {

inline int wait_status(pid_t child) {
  int status = -1;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

// Of each of these every call of the list is a call of its own.
#if defined(__x86_64__) || (defined(__aarch64__) && defined(__AARCH64EL__)) ||              \
    (defined(__arm__) && defined(__ARMEL__)) || (defined(__riscv) && __riscv_xlen == 64) || \
    (defined(__powerpc64__) && defined(__LITTLE_ENDIAN__))
constexpr bool kMachineOfTheDecision = true;
#else
constexpr bool kMachineOfTheDecision = false;
#endif

// No, too, where a sandbox refuses seccomp(2), which asks it.
inline bool filters_here() {
  std::uint32_t action = SECCOMP_RET_ERRNO;
  return kMachineOfTheDecision && ::prctl(PR_GET_SECCOMP) >= 0 &&
         ::syscall(__NR_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

}  // namespace danesmtp::test

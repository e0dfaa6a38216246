// SPDX-License-Identifier: GPL-2.0-or-later
// The filter is a list of numbers for the kernel's BPF machine, made when it is asked for. A call
// that is not on the list fails and does not kill: a C library that asks for something new goes on
// without it, and a message that is under way is not lost with the process.
#include "net/confinement.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace danesmtp {
namespace {

// As the kernel tells kinds of machines apart; a number is a different call on each. 0: none of
// those where each call of the list is a call of its own.
#if defined(__x86_64__)
constexpr std::uint32_t kMachine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__) && defined(__AARCH64EL__)
constexpr std::uint32_t kMachine = AUDIT_ARCH_AARCH64;
#elif defined(__arm__) && defined(__ARMEL__)
constexpr std::uint32_t kMachine = AUDIT_ARCH_ARM;
#elif defined(__riscv) && __riscv_xlen == 64
constexpr std::uint32_t kMachine = AUDIT_ARCH_RISCV64;
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
constexpr std::uint32_t kMachine = AUDIT_ARCH_PPC64LE;
#else
constexpr std::uint32_t kMachine = 0;
#endif

constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t kRefuse = SECCOMP_RET_ERRNO | EPERM;

// Their third argument says whether the pages can be executed.
constexpr std::uint32_t kMakesPages[] = {
#ifdef __NR_mmap2
    __NR_mmap2,
#else
    __NR_mmap,
#endif
    __NR_mprotect,
};

constexpr std::uint32_t kAllowed[] = {
    // descriptors
    __NR_read,
    __NR_write,
    __NR_recvfrom,
    __NR_recvmsg,
    __NR_sendto,
    __NR_sendmsg,
    __NR_shutdown,
    __NR_close,
    __NR_ppoll,
#ifdef __NR_poll
    __NR_poll,
#endif
#ifdef __NR_ppoll_time64
    __NR_ppoll_time64,
#endif
    __NR_restart_syscall,
    // the clock, where the C library cannot read it by itself
    __NR_clock_gettime,
    __NR_gettimeofday,
#ifdef __NR_clock_gettime64
    __NR_clock_gettime64,
#endif
    // memory and locks
    __NR_brk,
    __NR_munmap,
    __NR_mremap,
    __NR_madvise,
    __NR_futex,
#ifdef __NR_futex_time64
    __NR_futex_time64,
#endif
    // random octets of the TLS library, and who is asking
    __NR_getrandom,
    __NR_getrusage,
    __NR_getpid,
    __NR_gettid,
    // handlers that Exim has, what a sanitizer asks before the end, and the end
    __NR_sigaltstack,
    __NR_rt_sigprocmask,
    __NR_rt_sigreturn,
#ifdef __NR_sigreturn
    __NR_sigreturn,
#endif
    __NR_exit,
    __NR_exit_group,
};

sock_filter load(std::size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}

sock_filter end(std::uint32_t action) {
  return BPF_STMT(BPF_RET | BPF_K, action);
}

// Skips so many instructions if what was loaded is the value, else so many others.
sock_filter compare(std::uint32_t value, std::uint8_t if_equal, std::uint8_t if_not) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, if_equal, if_not);
}

// Every machine above has the lower half of an argument first.
constexpr std::size_t kThirdArgument = offsetof(seccomp_data, args) + 2 * sizeof(std::uint64_t);

std::vector<sock_filter> filter() {
  std::vector<sock_filter> program{load(offsetof(seccomp_data, arch)), compare(kMachine, 1, 0),
                                   end(kRefuse), load(offsetof(seccomp_data, nr))};
  for (const auto call : kAllowed)
    for (const auto step : {compare(call, 0, 1), end(kAllow)}) program.push_back(step);
  const sock_filter executable = BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1);
  for (const auto call : kMakesPages)
    for (const auto step :
         {compare(call, 0, 4), load(kThirdArgument), executable, end(kRefuse), end(kAllow)})
      program.push_back(step);
  program.push_back(end(kRefuse));
  return program;
}

}  // namespace

bool confine_to_descriptors() {
  if (kMachine == 0) {
    errno = ENOSYS;
    return false;
  }
  auto steps = filter();
  const sock_fprog program{static_cast<unsigned short>(steps.size()), steps.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

void keep_out_of_core_files() {
  ::prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL);
}

}  // namespace danesmtp

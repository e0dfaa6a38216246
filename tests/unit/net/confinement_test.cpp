// SPDX-License-Identifier: GPL-2.0-or-later
// What a process can and cannot do once it has given up the rest. Each row runs in a child, once
// before it has and once after: what is refused must have worked without.
#include "net/confinement.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include "unit/net/confinement_support.h"
#include "unit/own_directory.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

// 0, or what was wrong.
int outcome(long returned) {
  return returned >= 0 ? 0 : errno;
}

// The errno that `act` had in a child, or 0. Its end is by _exit(), which must not be refused.
int errno_in_child(bool confined, int (*act)()) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (confined && !confine_to_descriptors()) ::_exit(200);
    ::_exit(act());
  }
  const int status = wait_status(child);
  ck_assert(WIFEXITED(status));
  ck_assert_int_ne(WEXITSTATUS(status), 200);
  return WEXITSTATUS(status);
}

struct Act {
  const char* name;
  int (*act)();
};

int map_pages(int protection) {
  void* at = ::mmap(nullptr, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return at == MAP_FAILED ? errno : 0;
}

int protect_pages(int protection) {
  static char pages[8192];
  auto* start = pages + 4096 - reinterpret_cast<std::uintptr_t>(pages) % 4096;
  return outcome(::mprotect(start, 4096, protection));
}

int start_program() {
  pid_t child = 0;
  char name[] = "true";
  char* const arguments[] = {name, nullptr};
  return ::posix_spawn(&child, "/bin/true", nullptr, nullptr, arguments, nullptr);
}

int connect_to_itself() {
  sockaddr_storage nowhere{};
  nowhere.ss_family = AF_UNSPEC;
  return outcome(::connect(0, reinterpret_cast<sockaddr*>(&nowhere), sizeof nowhere));
}

int replace_by_program() {
  ::execl("/bin/true", "true", nullptr);
  return errno;
}

const Act kRefused[] = {
    {"opens a file", [] { return outcome(::open("/dev/null", O_RDONLY)); }},
    {"opens a socket", [] { return outcome(::socket(AF_UNIX, SOCK_STREAM, 0)); }},
    {"connects", connect_to_itself},
    {"is another program", replace_by_program},
    {"starts a program", start_program},
    {"forks", [] { return outcome(::fork()); }},
    {"signals another process", [] { return outcome(::kill(::getppid(), 0)); }},
    {"maps executable pages", [] { return map_pages(PROT_READ | PROT_EXEC); }},
    {"makes pages executable", [] { return protect_pages(PROT_READ | PROT_EXEC); }},
    {"looks for a file", [] { return outcome(::access("/", F_OK)); }},
    {"becomes another user", [] { return outcome(::setuid(::getuid())); }},
    {"reads another's memory",
     [] {
       return outcome(::syscall(SYS_process_vm_readv, ::getpid(), nullptr, 0, nullptr, 0, 0));
     }},
};

int allocate() {
  std::vector<std::vector<char>> blocks;
  for (std::size_t size = 1; size < 40'000'000; size *= 3) blocks.emplace_back(size, 'x');
  return blocks.back().back() == 'x' ? 0 : 1;
}

int wait_a_moment() {
  pollfd nothing{-1, POLLIN, 0};
  return outcome(::poll(&nothing, 1, 1));
}

const Act kAllowed[] = {
    {"allocates and frees", allocate},
    {"waits", wait_a_moment},
    {"asks for random octets",
     [] {
       unsigned char octet = 0;
       return outcome(::syscall(SYS_getrandom, &octet, 1, 0));
     }},
    {"maps pages", [] { return map_pages(PROT_READ | PROT_WRITE); }},
    {"closes", [] { return outcome(::close(0)); }},
};

// Not in the program file, so nor in a core for that reason.
std::string secret() {
  std::string words = "drowssap eht";
  std::reverse(words.begin(), words.end());
  return words + " of " + std::to_string(::getppid() > 0 ? 77 : 0);
}

[[noreturn]] void die_with_a_secret(const std::string& directory, bool kept_out) {
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  ::setrlimit(RLIMIT_CORE, &unlimited);
  if (::chdir(directory.c_str()) != 0) ::_exit(1);
  static const std::string held = secret();
  if (kept_out) keep_out_of_core_files();
  ::signal(SIGABRT, SIG_DFL);
  std::abort();
}

int files_with(const std::string& directory, const std::string& text) {
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    if (content_of(entry.path()).find(text) != std::string::npos) ++found;
  return found;
}

// A core file is a file in the directory of the process that dies, and may be written. One of a
// sanitizer's process would be of many terabytes.
bool core_files_here() {
  constexpr unsigned long kManyPages = 1UL << 28;
  if (std::stoul(content_of("/proc/self/statm")) > kManyPages) return false;
  const std::string pattern = content_of("/proc/sys/kernel/core_pattern");
  rlimit limit{};
  ::getrlimit(RLIMIT_CORE, &limit);
  return pattern.find('/') == std::string::npos && limit.rlim_max > 1'000'000'000;
}

}  // namespace

START_TEST(refused) {
  const Act& row = kRefused[_i];
  ck_assert_msg(errno_in_child(false, row.act) != EPERM, "%s: refused anyway", row.name);
  ck_assert_msg(errno_in_child(true, row.act) == EPERM, "%s: not refused", row.name);
}
END_TEST

START_TEST(allowed) {
  const Act& row = kAllowed[_i];
  ck_assert_msg(errno_in_child(true, row.act) == 0, "%s: refused", row.name);
}
END_TEST

// What the relay lives by: two descriptors that it has.
START_TEST(descriptors_are_used) {
  int ends[2];
  ck_assert_int_eq(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    char octet = 0;
    const bool confined = confine_to_descriptors();
    const bool heard = ::recv(ends[1], &octet, 1, 0) == 1;
    const bool said = ::send(ends[1], "y", 1, MSG_NOSIGNAL) == 1;
    ::_exit(confined && heard && said ? 0 : 1);
  }
  char octet = 0;
  ck_assert_int_eq(::send(ends[0], "x", 1, MSG_NOSIGNAL), 1);
  ck_assert_int_eq(::recv(ends[0], &octet, 1, 0), 1);
  ck_assert_int_eq(wait_status(child), 0);
}
END_TEST

// The kernel writes the core of a process where that is, unless core_pattern has other ideas.
START_TEST(no_core_file) {
  const bool kept_out = _i == 1;
  const OwnDirectory own;
  const pid_t child = ::fork();
  if (child == 0) die_with_a_secret(own.path, kept_out);
  const int status = wait_status(child);
  ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
  ck_assert_int_eq(WCOREDUMP(status) != 0, !kept_out);
  ck_assert_int_eq(files_with(own.path, secret()), kept_out ? 0 : 1);
}
END_TEST

// Wherever core files go.
START_TEST(memory_is_closed) {
  const pid_t child = ::fork();
  if (child == 0) {
    keep_out_of_core_files();
    ::_exit(::prctl(PR_GET_DUMPABLE));
  }
  ck_assert_int_eq(wait_status(child), 0);
  ck_assert_int_eq(::prctl(PR_GET_DUMPABLE), 1);
}
END_TEST

int main() {
  Suite* suite = suite_create("confinement");
  TCase* tc = tcase_create("confinement");
  const bool filters = filters_here();
  if (!filters) std::puts("no filters on this machine: only what needs none");
  if (filters) tcase_add_loop_test(tc, refused, 0, static_cast<int>(std::size(kRefused)));
  if (filters) tcase_add_loop_test(tc, allowed, 0, static_cast<int>(std::size(kAllowed)));
  if (filters) tcase_add_test(tc, descriptors_are_used);
  if (core_files_here())
    tcase_add_loop_test(tc, no_core_file, 0, 2);
  else
    std::puts("no core files in the directory of a process: not tried");
  tcase_add_test(tc, memory_is_closed);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Linked into the Exim of `scripts/get-exim asan`, which is not instrumented itself and brings the runtimes for a
 * module that is. Exim clears its environment and starts itself anew, setuid: so nothing can be said there.
 * What a runtime finds is a file REPORTS/KIND.PID. Exim ends without freeing what it has.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define HOOK __attribute__((visibility("default"), used))

const char *__asan_default_options(void);
const char *__ubsan_default_options(void);
void __ubsan_on_report(void);

HOOK const char *__asan_default_options(void)
{
  return "log_path=" REPORTS
         "/address:print_cmdline=1:detect_leaks=0:detect_stack_use_after_return=1:check_initialization_order="
         "1:"
         "strict_init_order=1:allocator_may_return_null=1:handle_segv=2:handle_sigbus=2:handle_sigfpe=2:"
         "handle_sigill=2";
}

HOOK const char *__ubsan_default_options(void)
{
  return "print_stacktrace=1";
}

/* Where the two runtimes are in one process, GCC's UBSan writes to stderr whatever log_path says, and Exim's leads
 * nowhere. It calls this first, and ends the process afterwards. */
HOOK void __ubsan_on_report(void)
{
  char path[sizeof REPORTS + 32];
  snprintf(path, sizeof path, "%s/undefined.%d", REPORTS, (int)getpid());
  int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
  if (file >= 0) dup2(file, STDERR_FILENO);
}

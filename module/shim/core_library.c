/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens the core library in the delivery process, at the first delivery that needs it. Its place is
 * beside this module's own file, or fixed at build time; never from the environment. */
#include "core/own_library.h"
#include "shim.h"

static const struct danesmtp_own_library wanted = { .called = "core library",
                                                    .symbol = DANESMTP_CORE_SYMBOL,
                                                    .head = { .version = DANESMTP_BRIDGE_VERSION,
                                                              .size = sizeof(struct danesmtp_core_table) } };

static BOOL core_path(char *path, size_t size)
{
#ifdef DANESMTP_CORE_PATH
  return (size_t)snprintf(path, size, "%s", DANESMTP_CORE_PATH) < size;
#else
  return danesmtp_path_beside(&wanted, "danesmtp/core.so", path, size) != 0;
#endif
}

const struct danesmtp_core_table *core_library(const char **why)
{
  static const struct danesmtp_core_table *core;
  static char problem[512] = "danesmtp: ";
  const size_t prefix = sizeof("danesmtp: ") - 1;
  char path[PATH_MAX];
  if (core) return core;

  *why = problem;
  if (core_path(path, sizeof(path)))
    core = danesmtp_open_library(path, &wanted, problem + prefix, sizeof(problem) - prefix);
  else
    snprintf(problem + prefix, sizeof(problem) - prefix, "cannot tell where its core library is");
  return core;
}

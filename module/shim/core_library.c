/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens the core library in the delivery process, at the first delivery that needs it. Its place is
 * beside this module's own file, or fixed at build time; never from the environment. */
#define _GNU_SOURCE
#include <dlfcn.h>

#include "shim.h"

static char problem[512];

static BOOL core_path(char *path, size_t size)
{
#ifdef DANESMTP_CORE_PATH
  return (size_t)snprintf(path, size, "%s", DANESMTP_CORE_PATH) < size;
#else
  Dl_info info;
  const char *slash;
  if (!dladdr((void *)&core_library, &info) || !info.dli_fname) return FALSE;
  if (!(slash = strrchr(info.dli_fname, '/'))) return FALSE;
  return (size_t)snprintf(path, size, "%.*s/danesmtp/core.so", (int)(slash - info.dli_fname),
                          info.dli_fname) < size;
#endif
}

const struct danesmtp_core_table *core_library(const char **why)
{
  static const struct danesmtp_core_table *core;
  char path[PATH_MAX];
  void *library;
  if (core) return core;

  *why = problem;
  if (!core_path(path, sizeof(path))) {
    snprintf(problem, sizeof(problem), "danesmtp: cannot tell where its core library is");
    return NULL;
  }
  if (!(library = dlopen(path, RTLD_NOW | RTLD_LOCAL))) {
    snprintf(problem, sizeof(problem), "danesmtp: cannot open its core library: %.400s", dlerror());
    return NULL;
  }
  core = dlsym(library, DANESMTP_CORE_SYMBOL);
  if (!core || core->version != DANESMTP_BRIDGE_VERSION || core->size != sizeof(*core)) {
    snprintf(problem, sizeof(problem), "danesmtp: %.400s does not belong to this module", path);
    return core = NULL;
  }
  return core;
}

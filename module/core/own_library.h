/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens a library of this package that stands in a place known by another of its files, never by
 * the environment. What such a library exports is one table, which begins with its version and its
 * size. C, for the shim opens the core by it and the core what it needs later. */
#ifndef DANESMTP_OWN_LIBRARY_H
#define DANESMTP_OWN_LIBRARY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct danesmtp_table_head {
  uint32_t version;
  uint32_t size; /* of the table, this included; octets */
};

struct danesmtp_own_library {
  const char* called; /* in texts: "core library" */
  const char* symbol; /* its table */
  struct danesmtp_table_head head;
};

/* The path of `name` in the folder of the file that `address` was loaded from. 0: it cannot be told
 * or is too long. */
int danesmtp_path_beside(const void* address, const char* name, char* path, size_t size);

/* The table, which is there until the process ends. NULL: the file is not there, not whole or not
 * of this package's build; one line in `problem`. A file that is cut short is not opened: it would
 * end the process by SIGBUS. */
const void* danesmtp_open_library(const char* path, const struct danesmtp_own_library* wanted,
                                  char* problem, size_t size);

#ifdef __cplusplus
}
#endif

#endif

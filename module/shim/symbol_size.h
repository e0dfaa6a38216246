/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DANESMTP_SYMBOL_SIZE_H
#define DANESMTP_SYMBOL_SIZE_H

#include <stddef.h>

/* st_size of the symbol that the running program exports by this name; 0: there is none, or its size
 * or the hash section is not known. */
size_t program_symbol_size(const char *name);

#endif

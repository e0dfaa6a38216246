/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How large a symbol of the running program is, by the program's own ELF tables. What a size shows is for
 * abi_check.c and misfit.c to say. */
#ifndef DANESMTP_SYMBOL_SIZE_H
#define DANESMTP_SYMBOL_SIZE_H

#include <stddef.h>

/* st_size of the symbol that the running program exports by this name; 0: there is none, or its size
 * or the hash section is not known. */
size_t program_symbol_size(const char *name);

#endif

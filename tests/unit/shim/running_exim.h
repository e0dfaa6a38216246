/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An Exim that fits the module, and one that differs in one fact. */
#ifndef DANESMTP_TESTS_RUNNING_EXIM_H
#define DANESMTP_TESTS_RUNNING_EXIM_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum change {
  CHANGE_VALUE, /* another size or offset */
  CHANGE_THERE, /* a symbol without a known size; an option that is gone, or has come */
};

void running_exim_as_compiled(void);

/* Changes the fact of that number, from 0. Returns what a refusal has to name; NULL: there is no
 * such fact. may_lack: an Exim may be without it. */
const char* running_exim_changed(size_t fact, enum change change, int* may_lack);

/* module/shim/abi_check.c */
const char* abi_difference(void);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions of libunbound that are used here, as a table. Opening libunbound takes longer than
 * all else of the core together, and a delivery whose questions are answered from elsewhere has no
 * use for it: unbound.so is linked with it and exports the table, and core.so opens that at the
 * first question (unbound_library.h; doc/decisions/0018). */
#ifndef DANESMTP_UNBOUND_TABLE_H
#define DANESMTP_UNBOUND_TABLE_H

#include <unbound.h>

#include "core/own_library.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One more with each change of the table. */
#define DANESMTP_UNBOUND_VERSION 1u
#define DANESMTP_UNBOUND_SYMBOL "danesmtp_unbound"

struct danesmtp_unbound_table {
  struct danesmtp_table_head head;
  size_t result_size; /* of struct ub_result, as unbound.so was compiled with it */
  __typeof__(&ub_ctx_create) ctx_create;
  __typeof__(&ub_ctx_delete) ctx_delete;
  __typeof__(&ub_ctx_get_option) ctx_get_option;
  __typeof__(&ub_ctx_set_option) ctx_set_option;
  __typeof__(&ub_ctx_config) ctx_config;
  __typeof__(&ub_ctx_set_fwd) ctx_set_fwd;
  __typeof__(&ub_ctx_add_ta) ctx_add_ta;
  __typeof__(&ub_ctx_debugout) ctx_debugout;
  __typeof__(&ub_ctx_async) ctx_async;
  __typeof__(&ub_resolve_async) resolve_async;
  __typeof__(&ub_resolve_free) resolve_free;
  __typeof__(&ub_cancel) cancel;
  __typeof__(&ub_fd) fd;
  __typeof__(&ub_process) process;
  __typeof__(&ub_strerror) strerror;
};

extern const struct danesmtp_unbound_table danesmtp_unbound;

#ifdef __cplusplus
}
#endif

#endif

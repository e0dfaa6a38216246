/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns/unbound_table.h"

const struct danesmtp_unbound_table danesmtp_unbound = {
    .head = {.version = DANESMTP_UNBOUND_VERSION, .size = sizeof(struct danesmtp_unbound_table)},
    .result_size = sizeof(struct ub_result),
    .ctx_create = ub_ctx_create,
    .ctx_delete = ub_ctx_delete,
    .ctx_get_option = ub_ctx_get_option,
    .ctx_set_option = ub_ctx_set_option,
    .ctx_config = ub_ctx_config,
    .ctx_set_fwd = ub_ctx_set_fwd,
    .ctx_add_ta = ub_ctx_add_ta,
    .ctx_debugout = ub_ctx_debugout,
    .ctx_async = ub_ctx_async,
    .resolve_async = ub_resolve_async,
    .resolve_free = ub_resolve_free,
    .cancel = ub_cancel,
    .fd = ub_fd,
    .process = ub_process,
    .strerror = ub_strerror};

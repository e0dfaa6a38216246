// SPDX-License-Identifier: GPL-2.0-or-later
// Owners of what libunbound allocates, by the table that it was allocated with.
#pragma once

#include <memory>

#include "dns/unbound_table.h"

namespace danesmtp {

struct UnboundContextDelete {
  const danesmtp_unbound_table* unbound;
  void operator()(ub_ctx* context) const { unbound->ctx_delete(context); }  // ends its thread
};
struct UnboundResultFree {
  const danesmtp_unbound_table* unbound;
  void operator()(ub_result* result) const { unbound->resolve_free(result); }
};

using UnboundContext = std::unique_ptr<ub_ctx, UnboundContextDelete>;
using UnboundResult = std::unique_ptr<ub_result, UnboundResultFree>;

}  // namespace danesmtp

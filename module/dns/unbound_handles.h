// SPDX-License-Identifier: GPL-2.0-or-later
// Owners of what libunbound allocates.
#pragma once

#include <unbound.h>

#include <memory>

namespace danesmtp {

struct UnboundContextDelete {
  void operator()(ub_ctx* context) const { ub_ctx_delete(context); }  // ends its thread
};
struct UnboundResultFree {
  void operator()(ub_result* result) const { ub_resolve_free(result); }
};

using UnboundContext = std::unique_ptr<ub_ctx, UnboundContextDelete>;
using UnboundResult = std::unique_ptr<ub_result, UnboundResultFree>;

}  // namespace danesmtp

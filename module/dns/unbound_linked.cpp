// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/unbound_library.h"

namespace danesmtp {

Result<const UnboundTable*> unbound_library() {
  return &danesmtp_unbound;
}

}  // namespace danesmtp

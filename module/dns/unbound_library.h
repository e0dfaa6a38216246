// SPDX-License-Identifier: GPL-2.0-or-later
// Where libunbound's functions are had from. One of two files has it: unbound_opened.cpp in what
// Exim opens, unbound_linked.cpp in the tool and in tests.
#pragma once

#include "core/result.h"
#include "dns/unbound_table.h"

namespace danesmtp {

using UnboundTable = danesmtp_unbound_table;

// DnsFailure, for the operator: the library is missing, not whole or of another build. Asked again
// it is looked for again.
[[nodiscard]] Result<const UnboundTable*> unbound_library();

}  // namespace danesmtp

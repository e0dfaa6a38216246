// SPDX-License-Identifier: GPL-2.0-or-later
// Why a zone that has keys counts as unsigned all the same: an algorithm that validators do not
// know, or a parent without DS record (RFC 4035 5.2, RFC 8624 3.1). It changes no verdict.
#pragma once

#include <string>

#include "dns/record_source.h"
#include "probe.h"

namespace danesmtp::tool {

// "example.org is signed with algorithm 100, which ...", of the first name of the report that
// counts as unsigned; empty: nothing there is signed, or it cannot be told.
std::string broken_signing(RecordSource& source, const Report& report);

}  // namespace danesmtp::tool

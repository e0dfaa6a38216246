// SPDX-License-Identifier: GPL-2.0-or-later
// A TLSA record as a line of a zone file (RFC 6698 2.2), or in the form that name servers take
// without knowing TLSA (RFC 3597 5).
#pragma once

#include <string>

#include "core/dns_name.h"
#include "dane/tlsa_record.h"

namespace danesmtp::tool {

// Both without the line's end.
std::string zone_line(const DnsName& owner, const TlsaRecord& record);
std::string generic_zone_line(const DnsName& owner, const TlsaRecord& record);

// "3 1 1 ab12...", cut where it is long.
std::string shown(const TlsaRecord& record);

}  // namespace danesmtp::tool

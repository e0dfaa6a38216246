// SPDX-License-Identifier: GPL-2.0-or-later
// Does a domain want reports? RFC 8460 3: the TXT record at "_smtp._tls." before its name. Where
// the reports go (rua) is read by whoever sends them, and only looked at here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/dns_name.h"
#include "core/result.h"

namespace danesmtp {

// "_smtp._tls.domain". BadInput: there is no room for it.
[[nodiscard]] Result<DnsName> report_record_owner(const DnsName& domain);

// Of the texts of all TXT records there, the one record that asks for reports, octet for octet.
// Nothing: there is none, more than one, or the one is not well formed.
std::optional<std::string> report_record(const std::vector<std::string>& texts);

}  // namespace danesmtp

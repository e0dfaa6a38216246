// SPDX-License-Identifier: GPL-2.0-or-later
// Addresses that lead nowhere when they stand in the DNS of somebody else. RFC 6890 2.2.2.
#pragma once

#include <string>

namespace danesmtp::tool {

// Of this machine or of its wire: loopback, link-local, unspecified. `address` is a literal.
bool is_own_address(const std::string& address);

}  // namespace danesmtp::tool

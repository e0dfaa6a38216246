// SPDX-License-Identifier: GPL-2.0-or-later
// Whether a certificate is for a host. RFC 7672 3.2.3, RFC 6125 6.4, RFC 5280 4.2.1.6. Which names
// are asked for, and why, it does not know.
#pragma once

#include <string>

#include "x509/certificate.h"

namespace danesmtp {

// By a dNSName alone, as RFC 8461 4.2 has it; otherwise as below.
bool has_dns_name(const Certificate& certificate, const std::string& name);

// `name` in A-labels, in lower case. A dNSName counts, and where there is no dNSName each CN of the
// subject; either is the name itself, or a wildcard in the place of its leftmost label.
bool is_for_host(const Certificate& certificate, const std::string& name);

}  // namespace danesmtp

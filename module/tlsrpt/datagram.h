// SPDX-License-Identifier: GPL-2.0-or-later
// One report event in the form that the collector of TLSRPT takes (tlsrpt-collectd, and so
// libtlsrpt): one JSON object a datagram. Pure.
#pragma once

#include <string>

#include "tlsrpt/tls_attempt.h"

namespace danesmtp {

// The longest datagram that is sent, in octets: a collector has a row for what it is told.
inline constexpr std::size_t kLongestDatagram = 65536;

// `record`: the domain's, octet for octet. UTF-8; octets that are not, in texts of a server, are
// replaced.
std::string report_datagram(const TlsAttempt& attempt, const std::string& record);

}  // namespace danesmtp

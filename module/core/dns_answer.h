// SPDX-License-Identifier: GPL-2.0-or-later
// The shape of an answer of the DNS. It is Secure or Insecure; proved absence is an Answer without
// records. Bogus, SERVFAIL, a time-out or a malformed reply is never an Answer but an Error
// (DnsBogus, DnsFailure): D-001 to D-003, RFC 7672 2.1.1.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/dns_name.h"

namespace danesmtp {

enum class DnsSecurity { Secure, Insecure };

template <class T>
struct Answer {
  DnsSecurity security = DnsSecurity::Insecure;  // of the whole CNAME chain and the records (D-009)
  std::vector<T> records;                        // empty: NODATA or NXDOMAIN
  DnsName canonical;                             // the end of the CNAME chain; the question if none
  std::uint32_t ttl = 0;                         // seconds
  bool nxdomain = false;

  bool secure() const { return security == DnsSecurity::Secure; }
};

struct MxRecord {
  std::uint16_t preference = 0;
  std::string exchange;  // as text, lower case, no trailing dot; "" is the null MX (RFC 7505)

  friend bool operator==(const MxRecord&, const MxRecord&) = default;
};

}  // namespace danesmtp

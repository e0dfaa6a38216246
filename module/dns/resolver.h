// SPDX-License-Identifier: GPL-2.0-or-later
// The questions the core asks of the DNS, and the shape of an answer. An answer is Secure or
// Insecure; proved absence is an Answer without records. Bogus, SERVFAIL, a time-out or a malformed
// reply is never an Answer but an Error (DnsBogus, DnsFailure): D-001 to D-003, RFC 7672 2.1.1.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/deadline.h"
#include "core/dns_name.h"
#include "core/result.h"

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

enum class AddressFamily { Inet, Inet6 };

class Resolver {
 public:
  virtual ~Resolver() = default;
  Resolver() = default;
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Questions from here on end by then at the latest, with DnsFailure (D-013).
  virtual void limit(Deadline deadline) = 0;

  [[nodiscard]] virtual Result<Answer<MxRecord>> mx(const DnsName& domain) = 0;

  // Addresses in text form (inet_ntop).
  [[nodiscard]] virtual Result<Answer<std::string>> addresses(const DnsName& host,
                                                              AddressFamily family) = 0;

  // The rdata of each TLSA record, uninterpreted (RFC 6698 2.1).
  [[nodiscard]] virtual Result<Answer<Bytes>> tlsa(const DnsName& owner) = 0;

  // The CNAME record of `name` itself, not followed: whether the first link of a chain is secure
  // when its end is not (D-010, D-054).
  [[nodiscard]] virtual Result<Answer<DnsName>> cname(const DnsName& name) = 0;
};

}  // namespace danesmtp

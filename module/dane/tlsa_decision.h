// SPDX-License-Identifier: GPL-2.0-or-later
// What the TLSA look-up of one host said. The four cases are never merged (RFC 7672 2.2): to visit
// the variant is to decide all four. What follows from each is dane/tlsa_policy's.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/dns_name.h"
#include "core/error.h"
#include "dane/proof.h"
#include "dane/tlsa_record.h"

namespace danesmtp {

// No secure TLSA records: proved absent, insecure, or not looked up since the addresses are
// insecure. Only made with the proof.
struct NoTlsa {
  NoTlsa(ProvedUnsigned, std::string why_) : why(std::move(why_)) {}
  NoTlsa(ProvedAbsent, std::string why_) : why(std::move(why_)) {}
  NoTlsa(NoRoomForOwner, std::string why_) : why(std::move(why_)) {}
  NoTlsa(AddressLiteral, std::string why_) : why(std::move(why_)) {}

  std::string why;  // for debug output and `danesmtp check`
};

// Secure records, none of them usable: TLS is mandatory, authentication is not possible (D-021).
struct TlsaUnusable {
  DnsName base_domain;
  std::vector<std::string> reasons;  // one a record
  std::vector<Bytes> published{};    // rdata of all records
};

// At least one usable record: authenticate, or do not send (D-020).
struct TlsaUsable {
  DnsName base_domain;  // SNI and first reference identifier (RFC 7672 2.2.3, 8.1)
  UsableTlsa records;
  std::vector<Bytes> published{};  // as above
};

// The look-up failed for a host that is securely identified: do not use this host (D-007).
struct TlsaLookupFailed {
  Error error;
};

using TlsaDecision = std::variant<NoTlsa, TlsaUnusable, TlsaUsable, TlsaLookupFailed>;

}  // namespace danesmtp

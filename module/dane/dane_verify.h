// SPDX-License-Identifier: GPL-2.0-or-later
// The verdict on a certificate chain: is the peer the host that the TLSA records speak of?
// RFC 6698 2.1, RFC 7671 5, RFC 7672 3.1 and 3.2. Usage 3 judges the leaf alone. Usage 2 builds the
// path to the matched anchor here and lets GnuTLS verify exactly that path against that anchor
// alone; neither the system's CA store nor libgnutls-dane has a say. Certificates are judged as of
// the time that is asked for. What a verdict means for the mail it must not know.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/deadline.h"
#include "core/dns_name.h"
#include "dane/tlsa_record.h"
#include "x509/chain.h"

namespace danesmtp {

// What a failure was mostly about; the names are those of RFC 8460 4.3.
enum class DaneFailure { NotTrusted, HostMismatch, Expired };

struct DaneMatch {
  TlsaRecord record;  // the record that authenticated the peer
  int depth = 0;      // 0: the leaf; n: n certificates above it (an anchor from the DNS counts too)
  std::string name;   // the reference identifier that matched; empty for usage 3 (D-081)
  std::vector<Bytes> path{};  // as verified, in DER: the leaf first, the anchor last (one made here
                              // for a bare key); empty for usage 3
};

struct DaneVerdict {
  std::optional<DaneMatch> match;                 // set: authenticated
  DaneFailure failure = DaneFailure::NotTrusted;  // meaningful without a match
  std::string reason;                             // one line; empty with a match
  std::string presented;  // the record that the server's own certificate would match, if
                          // it was refused: "presented: 3 1 1 ab12..."
  std::vector<std::string>
      details;  // per record why not, then what was presented: `presented` first

  bool authenticated() const { return match.has_value(); }
};

struct DaneQuestion {
  const PeerChain& chain;
  const std::vector<TlsaRecord>& records;  // as published; unusable ones are ignored here
  const std::vector<DnsName>& names;  // reference identifiers for usage 2, the base domain first
  WallTime now;
  std::optional<Deadline> deadline{};  // when to give up looking for a path; none: after its steps
};

// Never throws for bad certificates: those are a verdict.
DaneVerdict verify_dane(const DaneQuestion& question);

}  // namespace danesmtp

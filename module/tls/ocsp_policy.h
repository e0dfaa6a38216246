// SPDX-License-Identifier: GPL-2.0-or-later
// When a server is asked for an OCSP proof, and what its answer means for the delivery: one table.
// RFC 6066 8, RFC 7633 4, D-120 to D-127. It decides nothing about who the peer is, and never makes
// a refused peer acceptable.
#pragma once

#include <string>

#include "tls/ocsp_staple.h"

namespace danesmtp {

// What hosts_request_ocsp and hosts_require_ocsp say of a host.
enum class OcspWish { None, Requested, Required };

// What is known of a host before the handshake.
enum class PeerPolicy {
  NoDane,
  EncryptOnly,  // no usable TLSA record: nobody is authenticated
  UsageTa,      // the usable records are all of usage 2
  UsageEe,      // of usage 3
  BothUsages,
};

// Whose word authenticated the peer.
enum class AuthenticatedBy {
  Nobody,
  Pkix,
  DaneTa,  // the certificate's contents were judged, with its path to the anchor
  DaneEe,  // the certificate or its key is in the TLSA record; its contents do not matter
};

// Exim's values of $tls_out_ocsp.
enum class OcspResult { NotRequested, NoResponse, NotVerified, Failed, Verified };

// What a certificate of the verified path and the response that came for it amount to.
struct OcspFinding {
  OcspVerdict verdict;
  bool must_staple = false;
};

struct OcspRuling {
  OcspResult result = OcspResult::NotRequested;
  std::string refusal;  // one line; empty: go on
  std::string remark;   // for debug output; empty: none
};

// Whether the handshake asks for proofs.
bool asks_for_staple(OcspWish wish, PeerPolicy policy);

// The server's own certificate. `finding` counts only under PKIX and DANE-TA, where a path was
// verified, and only if a proof was asked for.
OcspRuling rule_on_leaf(OcspWish wish, AuthenticatedBy authority, const OcspFinding& finding);

// RFC 8446 4.4.2.1, D-126: why a certificate between the leaf and the anchor, with the response
// that came for it, refuses the peer; empty: it does not.
std::string refusal_by_issuer(const OcspVerdict& verdict);

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// What an OCSP response says of one certificate. RFC 6960 3.2 and 4.2, for the responses that come
// stapled to a handshake (RFC 6066 8, RFC 8446 4.4.2.1). The issuer is the one of the verified
// path; no CA store is ever asked, and nothing is fetched. Pure: no network, no clock of its own.
// What the answer means for a delivery is decided in tls/ocsp_policy.
#pragma once

#include <chrono>
#include <string>

#include "core/bytes.h"
#include "x509/chain.h"

namespace danesmtp {

constexpr std::size_t kMaxOcspResponse = 16384;  // octets (D-128)
constexpr std::size_t kMaxSingleResponses = 16;  // certificates that one response speaks of (D-128)
constexpr std::chrono::minutes kOcspClockSkew{5};

enum class OcspAnswer {
  Absent,  // none came, or the responder had nothing to say: tryLater and its like (D-123)
  Good,
  Revoked,
  Unknown,  // the responder does not know the certificate
  Invalid,  // malformed, too large, about another certificate, not signed by whom it should be, or
            // not of this time
};

struct OcspVerdict {
  OcspAnswer answer = OcspAnswer::Absent;
  std::string reason;      // one line; empty for Good, and when nothing came
  WallTime this_update{};  // these two for Good, Revoked and Unknown
  WallTime next_update{};
  WallTime signer_until{};  // the end of the certificate that signed
};

struct OcspQuestion {
  ByteView response;     // DER, from the peer; empty: none came
  ByteView certificate;  // DER; the certificate that the response should speak of
  ByteView issuer;       // DER; its issuer in the verified path
  WallTime now;
};

// Never throws for a bad response: that is a verdict.
OcspVerdict verify_ocsp(const OcspQuestion& question);

// RFC 7633 4: the certificate wants a proof with it, by feature 5 (status_request) or 17
// (status_request_v2). False for what is not a certificate.
bool is_must_staple(ByteView certificate);

}  // namespace danesmtp

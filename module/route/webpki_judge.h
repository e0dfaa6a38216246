// SPDX-License-Identifier: GPL-2.0-or-later
// Whether a peer has a certificate for a name by the public key infrastructure of the web, as
// MTA-STS asks for it: RFC 8461 4.2, RFC 5280 6. What follows is not decided here.
#pragma once

#include <optional>
#include <string>

#include "dane/dane_verify.h"
#include "tlsrpt/tls_attempt.h"
#include "x509/chain.h"

namespace danesmtp {

struct WebpkiQuestion {
  const PeerChain& chain;
  std::string host;     // A-labels, in lower case
  std::string anchors;  // as in PkixQuestion
  WallTime now;         // to tell why a chain is refused; whether, is by GnuTLS's clock
};

struct WebpkiVerdict {
  Bytes issuer{};                       // the leaf's, as by verify_pkix()
  std::optional<TlsFailure> failure{};  // none: the peer is `host`
  std::string why{};                    // for the log
};

WebpkiVerdict judge_webpki(const WebpkiQuestion& question);

}  // namespace danesmtp

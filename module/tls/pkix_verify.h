// SPDX-License-Identifier: GPL-2.0-or-later
// The verdict of the public key infrastructure on a chain, for hosts without a DANE policy that
// share a host list with one that has: Exim's tls_verify_hosts and tls_try_verify_hosts. RFC 5280
// 6, RFC 6125. Under DANE asked only where a policy is audited and the records do not
// authenticate the peer (D-111). Whether a bad one ends the session is the caller's decision.
#pragma once

#include <string>

#include "core/result.h"
#include "x509/chain.h"

namespace danesmtp {

struct PkixQuestion {
  const PeerChain& chain;
  std::string certificates;  // tls_verify_certificates: "system", a PEM file or a directory
  std::string revocations;   // tls_crl: a PEM file; empty: none
  std::string host;          // the name to match; empty: no name check
};

// The leaf's issuer in DER: one that was presented and is trusted itself, or one of the store.
// Empty when the leaf itself is in the store. Errors: TlsVerify with GnuTLS's reason; BadInput when
// the certificates cannot be read.
[[nodiscard]] Result<Bytes> verify_pkix(const PkixQuestion& question);

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// OCSP for one host: from hosts_request_ocsp and hosts_require_ocsp to whether proofs are asked
// for, and from the proofs that came to a ruling. The rules themselves are in tls/ocsp_policy.
#pragma once

#include "dane/dane_verify.h"
#include "dane/tlsa_policy.h"
#include "server/configuration.h"
#include "tls/gnutls_session.h"
#include "tls/ocsp_policy.h"

namespace danesmtp {

// DnsFailure: a look-up in one of the two lists failed.
[[nodiscard]] Result<OcspWish> ocsp_wish(Configuration& configuration, HostIndex host);

// Whether the handshake with a host of this policy asks for proofs.
StatusRequest status_request(OcspWish wish, const HostPolicy& policy);

AuthenticatedBy authority_of(const DaneMatch& match);

struct StapledPeer {
  OcspWish wish;
  AuthenticatedBy authority;
  const TlsInfo& info;
  const std::vector<Bytes>& path;  // as verified, leaf first; empty: there is none. An issuer that
                                   // is not known is empty.
  WallTime now;
};

OcspRuling rule_on_staples(const StapledPeer& peer);

}  // namespace danesmtp

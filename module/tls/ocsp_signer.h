// SPDX-License-Identifier: GPL-2.0-or-later
// Who signed an OCSP response, and may they speak for the issuer: the issuer itself, or a delegate
// that it has certified for this. RFC 6960 3.2 (2) to (4) and 4.2.2.2. Whether the issuer is to be
// trusted is for the verified path to say.
#pragma once

#include <gnutls/ocsp.h>

#include "core/result.h"
#include "x509/certificate.h"
#include "x509/chain.h"

namespace danesmtp {

struct OcspSigner {
  WallTime until;  // the end of its certificate
};

// TlsVerify, with what is wrong as one line that begins with "it" or "its".
[[nodiscard]] Result<OcspSigner> find_ocsp_signer(gnutls_ocsp_resp_t response,
                                                  const Certificate& issuer, WallTime now);

}  // namespace danesmtp

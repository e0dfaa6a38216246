// SPDX-License-Identifier: GPL-2.0-or-later
// A trust anchor that is published as a bare key (usage 2, selector 1, matching type 0: RFC 7671
// 5.2.3) has no certificate, but GnuTLS's trust lists hold certificates only. This makes one that
// says no more than the record does: this key signs as the issuer of that certificate. Whether the
// key may be an anchor at all is for the caller, who has the record.
#pragma once

#include "x509/certificate.h"

namespace danesmtp {

// A CA certificate in DER that bears `public_key_info`, named and identified as the issuer of
// `child` in the very octets of `child`: trust lists find issuers by those. Its signature is no
// signature: it may only ever be an anchor. No date in it means anything.
Bytes anchor_certificate(ByteView public_key_info, const Certificate& child);

}  // namespace danesmtp

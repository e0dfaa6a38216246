// SPDX-License-Identifier: GPL-2.0-or-later
// A certificate as octets and as GnuTLS sees it. Both views are kept: records are compared with the
// octets (D-092), and GnuTLS does all that concerns signatures, extensions and names.
#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "dane/x509_der.h"
#include "tls/gnutls_handles.h"

namespace danesmtp {

// Move-only; `fields` look into `der`, whose buffer moves with it.
struct Certificate {
  Bytes der;
  CertificateFields fields;
  GnutlsCertificate handle;

  bool same_as(const Certificate& other) const { return der == other.der; }
};

// BadInput when either the walk or GnuTLS refuses the octets.
[[nodiscard]] Result<Certificate> import_certificate(Bytes der);

bool same_bytes(ByteView a, ByteView b);

}  // namespace danesmtp

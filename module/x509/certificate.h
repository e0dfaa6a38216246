// SPDX-License-Identifier: GPL-2.0-or-later
// A certificate as octets and as GnuTLS sees it. Both views are kept: records are compared with the
// octets (D-092), and GnuTLS does all that concerns signatures, extensions and names. Two readers
// of one input can be made to differ, so there is no Certificate unless both find the same key,
// issuer and subject in it; and none with a key that GnuTLS cannot read, for then no handshake can
// have proved its possession and no signature can be verified by it. Whether to trust one, and for
// which name, is not known here.
#pragma once

#include <string>

#include "core/bytes.h"
#include "core/result.h"
#include "x509/gnutls_handles.h"
#include "x509/x509_der.h"

namespace danesmtp {

// Move-only; `fields` look into `der`, whose buffer moves with it.
struct Certificate {
  Bytes der;
  CertificateFields fields;
  GnutlsCertificate handle;

  bool same_as(const Certificate& other) const { return der == other.der; }
};

// BadInput when either reader refuses the octets, when they differ, and for a key that is not fit
// to be used (x509/key_limits).
[[nodiscard]] Result<Certificate> import_certificate(Bytes der);

// As GnuTLS alone reads it: for those who have no use for its octets, and trust nobody by it.
// BadInput with GnuTLS's reason.
[[nodiscard]] Result<GnutlsCertificate> read_by_gnutls(ByteView der);

// Why these are not the key, issuer and subject of the certificate as GnuTLS has it, or the key is
// not fit to be used; empty when all is well.
std::string why_unfit(gnutls_x509_crt_t certificate, const CertificateFields& fields);

// The same octets, in number and order.
bool same_bytes(ByteView a, ByteView b);

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// One TLSA record against one certificate (RFC 6698 2.1.2, 2.1.3 and 2.1.4). Octets are compared
// with octets; usage, trust, names and dates have no part in it. Only a Certificate matches, which
// is what both readers of the octets see the same in.
#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "dane/tlsa_record.h"
#include "x509/certificate.h"

namespace danesmtp {

// Which part of a certificate is published, and in which form.
struct TlsaForm {
  TlsaSelector selector{};
  TlsaMatching matching{};
};

// The association data that a record of this form has for the certificate. BadInput for a selector
// or matching type without a name, and when octets cannot be imported.
[[nodiscard]] Result<Bytes> association_data(TlsaForm form, const Certificate& certificate);
[[nodiscard]] Result<Bytes> association_data(TlsaForm form, ByteView certificate);

// The same for octets that were selected already: a whole certificate or a SubjectPublicKeyInfo.
[[nodiscard]] Result<Bytes> matching_data(TlsaMatching matching, ByteView selected);

// Whether the record has the association data of the certificate (RFC 6698 2.1.4). False for a form
// without a name, and for octets that cannot be imported.
bool tlsa_matches(const TlsaRecord& record, const Certificate& certificate);
bool tlsa_matches(const TlsaRecord& record, ByteView certificate);

}  // namespace danesmtp

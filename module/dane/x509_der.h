// SPDX-License-Identifier: GPL-2.0-or-later
// The octets of a certificate's parts, cut out of its DER by a bounds-checked walk (RFC 5280 4.1).
// Selector 1 compares the SubjectPublicKeyInfo as it stands in the certificate (RFC 6698 1.3): a
// library's export would encode RSA-PSS parameters and unknown algorithms anew (D-092). This walk
// decides nothing about trust, and must not be used to read more than what is below.
#pragma once

#include "core/bytes.h"
#include "core/result.h"

namespace danesmtp {

// Views into the certificate they were cut from, each with its tag and length octets.
struct CertificateFields {
  ByteView issuer;
  ByteView subject;
  ByteView public_key_info;
};

// BadInput unless `der` is exactly one certificate in outline: every element that the walk passes
// must be there, in DER, and nothing may follow.
[[nodiscard]] Result<CertificateFields> certificate_fields(ByteView der);

// Whether `der` is exactly one SubjectPublicKeyInfo in outline; its algorithm may be unknown to us.
bool is_public_key_info(ByteView der);

// The first element inside `der`, with its tag and length octets, when `der` is one SEQUENCE that
// begins with a SEQUENCE, and nothing else: the signed part of anything that is signed as
// certificates are (RFC 5280 4.1.1, RFC 6960 4.2.1). BadInput otherwise.
[[nodiscard]] Result<ByteView> signed_octets(ByteView der);

// The key's own octets in a SubjectPublicKeyInfo, without the count of unused bits: what OCSP
// hashes (RFC 6960 4.1.1). BadInput unless it is one in outline, of whole octets.
[[nodiscard]] Result<ByteView> public_key_octets(ByteView public_key_info);

// What is inside `der`, when it is exactly one SEQUENCE in outline. BadInput otherwise.
[[nodiscard]] Result<ByteView> sequence_contents(ByteView der);

// One DER element around the parts, in order; `tag` is a single octet.
Bytes der_element(std::uint8_t tag, std::initializer_list<ByteView> parts);

}  // namespace danesmtp

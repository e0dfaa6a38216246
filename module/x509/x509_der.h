// SPDX-License-Identifier: GPL-2.0-or-later
// The octets of a certificate's parts, cut out of its DER by a bounds-checked walk (RFC 5280 4.1).
// Selector 1 compares the SubjectPublicKeyInfo as it stands in the certificate (RFC 6698 1.3): a
// library's export would encode RSA-PSS parameters and unknown algorithms anew (D-092). The walk
// takes nothing on trust: each tag, length and nesting down to the types that X.509 fixes is what
// it must be, or there is no certificate, so no octet can be passed over here and read elsewhere.
// It decides nothing about trust, and must not be used to read more than what is below. Nobody uses
// its fields but x509/certificate, which binds them to what GnuTLS reads, and what only compares.
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

// BadInput unless `der` is exactly one certificate in DER, as RFC 5280 4.1 spells it, and nothing
// follows. Left alone are the values inside: times, attribute values, extensions, the order in a
// SET OF; let pass: negative and long serial numbers, an empty list of extensions, defaults written
// out.
[[nodiscard]] Result<CertificateFields> certificate_fields(ByteView der);

// Whether `der` is exactly one SubjectPublicKeyInfo in DER; its algorithm may be unknown to us.
bool is_public_key_info(ByteView der);

// What is signed, with its tag and length octets, when `der` is one SEQUENCE of it (a SEQUENCE), an
// algorithm, a signature and perhaps certificates, and nothing else: a certificate, or a basic OCSP
// response (RFC 5280 4.1.1, RFC 6960 4.2.1). BadInput otherwise.
[[nodiscard]] Result<ByteView> signed_octets(ByteView der);

// The key's own octets in a SubjectPublicKeyInfo, without the count of unused bits: what OCSP
// hashes (RFC 6960 4.1.1). BadInput unless it is one, of whole octets.
[[nodiscard]] Result<ByteView> public_key_octets(ByteView public_key_info);

// What is inside `der`, when it is exactly one SEQUENCE in outline. BadInput otherwise.
[[nodiscard]] Result<ByteView> sequence_contents(ByteView der);

// One DER element around the parts, in order; `tag` is a single octet.
Bytes der_element(std::uint8_t tag, std::initializer_list<ByteView> parts);

}  // namespace danesmtp

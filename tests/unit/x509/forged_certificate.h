// SPDX-License-Identifier: GPL-2.0-or-later
// A certificate with two faces: a reader that steps over the explicit tag of `version` by its
// stated length finds the names and the key of `shown`, one that looks inside finds those of `own`.
// The length is false, so it is no certificate (X.690 8.14.2); nobody may be believed by it.
#pragma once

#include "unit/x509/lab_certificates.h"

namespace danesmtp::test {

// `own` is of version 3; the result has its key, names and extensions, and is signed by `issuer`,
// by its own key when that is null.
LabCertificate forge(const LabCertificate& own, const Bytes& shown, const LabCertificate* issuer);

// The fields of a TBSCertificate of version 3.
enum Field : std::size_t {
  kVersion,
  kSerial,
  kAlgorithm,
  kIssuer,
  kValidity,
  kSubject,
  kKey,
  kExtensions
};

// `der` with other octets in the place of this field; its signature no longer fits.
Bytes with_field(const Bytes& der, Field field, const Bytes& octets);

// SubjectPublicKeyInfo of an RSA key that nobody has: a modulus of so many bits, odd unless `last`
// is even, and this exponent (most significant octet first).
Bytes rsa_key_info(std::size_t bits, const Bytes& exponent, std::uint8_t last = 0x0b);

// SubjectPublicKeyInfo of a DSA key that nobody has (RFC 3279 2.3.2): p and q of so many bits, p
// odd unless `last` is even; g and y fit p.
Bytes dsa_key_info(std::size_t p_bits, std::size_t q_bits, std::uint8_t last = 0x0b);

// The elements inside one SEQUENCE, each whole. For octets that are known to be good.
std::vector<Bytes> elements_of(ByteView sequence);

}  // namespace danesmtp::test

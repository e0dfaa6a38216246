// SPDX-License-Identifier: GPL-2.0-or-later
// Writes the certificate by hand (RFC 5280 4.1): GnuTLS's own setters encode a name anew, and then
// the issuer's name in the child no longer equals the anchor's octet by octet.
#include "dane/anchor_certificate.h"

#include <array>

namespace danesmtp {
namespace {

constexpr std::uint8_t kOctetString = 0x04;
constexpr std::uint8_t kSequence = 0x30;
constexpr std::uint8_t kExtensions = 0xa3;  // [3] EXPLICIT

// Version 3, serial number 1.
constexpr auto kVersionAndSerial =
    std::to_array<std::uint8_t>({0xa0, 0x03, 0x02, 0x01, 0x02, 0x02, 0x01, 0x01});
// ecdsa-with-SHA256: any that GnuTLS can name; nothing is verified with it.
constexpr auto kSignatureAlgorithm = std::to_array<std::uint8_t>(
    {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02});
constexpr auto kNoSignature = std::to_array<std::uint8_t>({0x03, 0x02, 0x00, 0x00});
// basicConstraints, critical, CA:TRUE without a path length.
constexpr auto kBasicConstraints =
    std::to_array<std::uint8_t>({0x30, 0x0f, 0x06, 0x03, 0x55, 0x1d, 0x13, 0x01, 0x01, 0xff, 0x04,
                                 0x05, 0x30, 0x03, 0x01, 0x01, 0xff});
constexpr auto kSubjectKeyIdOid = std::to_array<std::uint8_t>({0x06, 0x03, 0x55, 0x1d, 0x0e});
constexpr std::string_view kFrom =
    "\x17\x0d"
    "700101000000Z";
constexpr std::string_view kUntil =
    "\x18\x0f"
    "99991231235959Z";

// The key identifier by which `child` names its issuer (RFC 5280 4.2.1.1), empty if it does not.
Bytes authority_key_id(const Certificate& child) {
  Bytes id(64);
  std::size_t size = id.size();
  int rc = gnutls_x509_crt_get_authority_key_id(child.handle.get(), id.data(), &size, nullptr);
  id.resize(rc == 0 ? size : 0);
  return id;
}

Bytes subject_key_id(const Bytes& id) {
  if (id.empty()) return {};
  Bytes value = der_element(kOctetString, {der_element(kOctetString, {id})});
  return der_element(kSequence, {kSubjectKeyIdOid, value});
}

}  // namespace

Bytes anchor_certificate(ByteView public_key_info, const Certificate& child) {
  ByteView name = child.fields.issuer;
  Bytes validity = der_element(kSequence, {as_bytes(kFrom), as_bytes(kUntil)});
  Bytes key_id = subject_key_id(authority_key_id(child));
  Bytes extensions =
      der_element(kExtensions, {der_element(kSequence, {kBasicConstraints, key_id})});
  Bytes tbs = der_element(kSequence, {kVersionAndSerial, kSignatureAlgorithm, name, validity, name,
                                      public_key_info, extensions});
  return der_element(kSequence, {tbs, kSignatureAlgorithm, kNoSignature});
}

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit/x509/forged_certificate.h"

#include "x509/x509_der.h"

#include "unit/check_support.h"

namespace danesmtp::test {
namespace {

struct Span {
  std::size_t contents;
  std::size_t end;
};

Span span_at(ByteView der, std::size_t at) {
  std::size_t length = der[at + 1], contents = at + 2;
  if (length >= 0x80) {
    std::size_t count = length & 0x7fU;
    for (length = 0; count > 0; --count) length = length << 8 | der[contents++];
  }
  return {contents, contents + length};
}

Bytes joined(const std::vector<Bytes>& parts, std::size_t from, std::size_t to) {
  Bytes all;
  for (std::size_t i = from; i <= to; ++i) all.insert(all.end(), parts[i].begin(), parts[i].end());
  return all;
}

Bytes signed_by(const Bytes& tbs, const Bytes& algorithm, gnutls_privkey_t key) {
  auto data = as_datum(tbs);
  gnutls_datum_t signature{};
  ck_assert_int_ge(gnutls_privkey_sign_data(key, GNUTLS_DIG_SHA256, 0, &data, &signature), 0);
  std::unique_ptr<unsigned char, GnutlsFree> owner(signature.data);
  const Bytes no_unused_bits{0};
  return der_element(0x30,
                     {tbs, algorithm, der_element(0x03, {no_unused_bits, to_bytes(signature)})});
}

}  // namespace

std::vector<Bytes> elements_of(ByteView sequence) {
  std::vector<Bytes> parts;
  auto [at, end] = span_at(sequence, 0);
  while (at < end) {
    std::size_t next = span_at(sequence, at).end;
    parts.emplace_back(sequence.begin() + static_cast<long>(at),
                       sequence.begin() + static_cast<long>(next));
    at = next;
  }
  return parts;
}

Bytes with_field(const Bytes& der, Field field, const Bytes& octets) {
  auto certificate = elements_of(der);
  auto fields = elements_of(certificate[0]);
  fields[field] = octets;
  Bytes tbs = der_element(0x30, {joined(fields, 0, fields.size() - 1)});
  return der_element(0x30, {tbs, certificate[1], certificate[2]});
}

namespace {

Bytes number(Bytes octets) {
  if ((octets.front() & 0x80U) != 0) octets.insert(octets.begin(), 0);
  return der_element(0x02, {octets});
}

// Of so many bits.
Bytes octets_of_bits(std::size_t bits, std::uint8_t last) {
  Bytes octets((bits + 7) / 8, 0xa5);
  octets.front() = static_cast<std::uint8_t>(1U << (bits - 1) % 8);
  octets.back() = last;
  return octets;
}

}  // namespace

Bytes rsa_key_info(std::size_t bits, const Bytes& exponent, std::uint8_t last) {
  Bytes key = der_element(0x30, {number(octets_of_bits(bits, last)), number(exponent)});
  const Bytes algorithm{0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1, 5, 0};
  return der_element(0x30, {algorithm, der_element(0x03, {Bytes{0}, key})});
}

Bytes dsa_key_info(std::size_t p_bits, std::size_t q_bits, std::uint8_t last) {
  const Bytes oid{6, 7, 0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1};
  Bytes parameters = der_element(0x30, {number(octets_of_bits(p_bits, last)),
                                        number(octets_of_bits(q_bits, 0x0b)), number({2})});
  Bytes algorithm = der_element(0x30, {oid, parameters});
  return der_element(0x30, {algorithm, der_element(0x03, {Bytes{0}, number({4})})});
}

LabCertificate forge(const LabCertificate& own, const Bytes& shown, const LabCertificate* issuer) {
  auto mine = elements_of(elements_of(own.der)[0]);
  auto other = elements_of(elements_of(shown)[0]);
  // The other face hides in an issuerUniqueID, [1] IMPLICIT BIT STRING.
  Bytes face = joined(other, kSerial, kKey);
  Bytes hidden = der_element(0x81, {Bytes{0}, face});
  hidden.resize(hidden.size() - face.size());
  Bytes passed = joined(mine, kSerial, kKey);
  const Bytes number{0x02, 0x01, 0x02};
  Bytes version = der_element(0xa0, {number, passed, hidden});
  Bytes tbs = der_element(0x30, {version, face, mine[kExtensions]});
  LabCertificate made{
      signed_by(tbs, mine[kAlgorithm], (issuer != nullptr ? *issuer : own).key.get()), own.key,
      nullptr};
  ck_assert_uint_eq(mine[kVersion].size(), 5);
  gnutls_x509_crt_t raw = nullptr;
  ck_assert_int_ge(gnutls_x509_crt_init(&raw), 0);
  made.handle.reset(raw);
  auto datum = as_datum(made.der);
  ck_assert_int_ge(gnutls_x509_crt_import(raw, &datum, GNUTLS_X509_FMT_DER), 0);
  return made;
}

}  // namespace danesmtp::test

// SPDX-License-Identifier: GPL-2.0-or-later
#include "x509/key_limits.h"

#include <array>

#include "core/format.h"

namespace danesmtp {
namespace {

constexpr std::size_t kMostRsaBits = 16384;
constexpr std::size_t kMostExponentBits = 64;
constexpr std::size_t kMostDsaBits = 10000;

// Unsigned, most significant octet first.
struct Number : GnutlsOctets {
  bool odd() const { return datum.size > 0 && (datum.data[datum.size - 1] & 1U) != 0; }

  std::size_t bits() const {
    std::size_t at = 0;
    while (at < datum.size && datum.data[at] == 0) ++at;
    if (at == datum.size) return 0;
    std::size_t bits = (datum.size - at) * 8;
    for (unsigned top = datum.data[at]; top < 0x80; top <<= 1) --bits;
    return bits;
  }
};

std::string why_rsa_unusable(gnutls_pubkey_t key) {
  Number modulus, exponent;
  if (gnutls_pubkey_export_rsa_raw2(key, &modulus.datum, &exponent.datum, 0) < 0)
    return "its RSA key cannot be read";
  if (modulus.bits() > kMostRsaBits)
    return format("its RSA key has {} bits, more than {}", modulus.bits(), kMostRsaBits);
  // 1 signs everything, and an even one belongs to no private key.
  const std::size_t bits = exponent.bits();
  if (!modulus.odd() || !exponent.odd() || bits < 2 || bits > kMostExponentBits)
    return format(
        "its RSA key has an even modulus or an exponent that is even, 1 or longer than {} bits",
        kMostExponentBits);
  return {};
}

std::string why_dsa_unusable(gnutls_pubkey_t key) {
  Number p, q, g, y;
  if (gnutls_pubkey_export_dsa_raw2(key, &p.datum, &q.datum, &g.datum, &y.datum, 0) < 0)
    return "its DSA key cannot be read";
  const std::size_t bits = q.bits();
  if (p.bits() > kMostDsaBits || !p.odd() || (bits != 160 && bits != 224 && bits != 256) ||
      g.bits() > p.bits() || y.bits() > p.bits())
    return format("its DSA key has parameters of {} and {} bits", p.bits(), bits);
  return {};
}

}  // namespace

Result<GnutlsPubkey> import_public_key(ByteView public_key_info) {
  gnutls_pubkey_t raw = nullptr;
  if (gnutls_pubkey_init(&raw) < 0) return fail(ErrorKind::Internal, "out of memory");
  GnutlsPubkey key(raw);
  gnutls_datum_t datum = as_datum(public_key_info);
  int rc = gnutls_pubkey_import(raw, &datum, GNUTLS_X509_FMT_DER);
  if (rc < 0) return fail(ErrorKind::BadInput, gnutls_strerror(rc));
  return key;
}

std::string why_key_unusable(gnutls_pubkey_t key) {
  switch (gnutls_pubkey_get_pk_algorithm(key, nullptr)) {
    case GNUTLS_PK_RSA:
    case GNUTLS_PK_RSA_PSS:
      return why_rsa_unusable(key);
    case GNUTLS_PK_DSA:
      return why_dsa_unusable(key);
    default:
      return {};  // on a curve: its size is the curve's
  }
}

std::string why_key_unusable(gnutls_x509_crt_t certificate) {
  gnutls_pubkey_t raw = nullptr;
  if (gnutls_pubkey_init(&raw) < 0) return "out of memory";
  GnutlsPubkey key(raw);
  if (gnutls_pubkey_import_x509(raw, certificate, 0) < 0) return {};
  return why_key_unusable(raw);
}

}  // namespace danesmtp

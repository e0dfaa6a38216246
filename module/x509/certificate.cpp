// SPDX-License-Identifier: GPL-2.0-or-later
// Imports certificates; see the header. RFC 5280 4.1. Decides nothing about trust.
#include "x509/certificate.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/format.h"
#include "x509/key_limits.h"

namespace danesmtp {
namespace {

using RawName = int (*)(gnutls_x509_crt_t, gnutls_datum_t*);

bool has_name(gnutls_x509_crt_t certificate, RawName raw_name, ByteView name) {
  GnutlsOctets read;
  return raw_name(certificate, &read.datum) >= 0 && same_bytes(read.view(), name);
}

// GnuTLS identifies a key by a digest of its parameters, however it was encoded.
using KeyId = std::array<unsigned char, 32>;

std::optional<KeyId> key_id_of(gnutls_x509_crt_t certificate) {
  KeyId id{};
  std::size_t size = id.size();
  int rc = gnutls_x509_crt_get_key_id(certificate, GNUTLS_KEYID_USE_SHA256, id.data(), &size);
  return rc < 0 ? std::nullopt : std::optional(id);
}

std::optional<KeyId> key_id_of(gnutls_pubkey_t key) {
  KeyId id{};
  std::size_t size = id.size();
  int rc = gnutls_pubkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, id.data(), &size);
  return rc < 0 ? std::nullopt : std::optional(id);
}

}  // namespace

std::string why_unfit(gnutls_x509_crt_t certificate, const CertificateFields& fields) {
  auto key = import_public_key(fields.public_key_info);
  if (!key) return "unusable: its key cannot be read: " + key.error().text;
  auto found = key_id_of(key->get());
  if (!found) return "unusable: GnuTLS cannot identify its key";
  if (found != key_id_of(certificate) ||
      !has_name(certificate, gnutls_x509_crt_get_raw_issuer_dn, fields.issuer) ||
      !has_name(certificate, gnutls_x509_crt_get_raw_dn, fields.subject))
    return "ambiguous: GnuTLS finds another key or name in it";
  std::string unusable = why_key_unusable(key->get());
  return unusable.empty() ? "" : "unusable: " + unusable;
}

Result<GnutlsCertificate> read_by_gnutls(ByteView der) {
  gnutls_x509_crt_t raw = nullptr;
  if (gnutls_x509_crt_init(&raw) < 0) return fail(ErrorKind::Internal, "out of memory");
  GnutlsCertificate handle(raw);
  gnutls_datum_t datum = as_datum(der);
  int rc = gnutls_x509_crt_import(raw, &datum, GNUTLS_X509_FMT_DER);
  if (rc < 0)
    return fail(ErrorKind::BadInput, format("not a certificate: {}", gnutls_strerror(rc)));
  return handle;
}

Result<Certificate> import_certificate(Bytes der) {
  auto fields = certificate_fields(der);
  if (!fields) return tl::unexpected(fields.error());
  auto handle = read_by_gnutls(der);
  if (!handle) return tl::unexpected(handle.error());
  std::string unfit = why_unfit(handle->get(), *fields);
  if (!unfit.empty()) return fail(ErrorKind::BadInput, unfit);
  return Certificate{std::move(der), *fields, std::move(*handle)};
}

bool same_bytes(ByteView a, ByteView b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace danesmtp

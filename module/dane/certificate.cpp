// SPDX-License-Identifier: GPL-2.0-or-later
// Imports certificates; see the header. RFC 5280 4.1. Decides nothing about trust.
#include "dane/certificate.h"

#include <algorithm>

#include "core/format.h"

namespace danesmtp {
namespace {

Result<GnutlsCertificate> import_handle(ByteView der) {
  gnutls_x509_crt_t raw = nullptr;
  if (gnutls_x509_crt_init(&raw) < 0) return fail(ErrorKind::Internal, "out of memory");
  GnutlsCertificate handle(raw);
  gnutls_datum_t datum = as_datum(der);
  int rc = gnutls_x509_crt_import(raw, &datum, GNUTLS_X509_FMT_DER);
  if (rc < 0)
    return fail(ErrorKind::BadInput, format("not a certificate: {}", gnutls_strerror(rc)));
  return handle;
}

}  // namespace

Result<Certificate> import_certificate(Bytes der) {
  auto handle = import_handle(der);
  if (!handle) return tl::unexpected(handle.error());
  auto fields = certificate_fields(der);
  if (!fields) return tl::unexpected(fields.error());
  return Certificate{std::move(der), *fields, std::move(*handle)};
}

bool same_bytes(ByteView a, ByteView b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace danesmtp

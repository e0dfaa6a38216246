// SPDX-License-Identifier: GPL-2.0-or-later
// See the header. RFC 6698 2.1.2 (selector), 2.1.3 (matching type), RFC 7671 5.1 (the key as it is
// encoded in the certificate).
#include "dane/tlsa_match.h"

#include <gnutls/crypto.h>

namespace danesmtp {
namespace {

Result<Bytes> digest(gnutls_digest_algorithm_t algorithm, ByteView bytes) {
  Bytes out(gnutls_hash_get_len(algorithm));
  int rc = gnutls_hash_fast(algorithm, bytes.data(), bytes.size(), out.data());
  if (rc < 0) return fail(ErrorKind::Internal, gnutls_strerror(rc));
  return out;
}

}  // namespace

Result<Bytes> matching_data(TlsaMatching matching, ByteView selected) {
  switch (matching) {
    case TlsaMatching::Full:
      return Bytes(selected.begin(), selected.end());
    case TlsaMatching::Sha256:
      return digest(GNUTLS_DIG_SHA256, selected);
    case TlsaMatching::Sha512:
      return digest(GNUTLS_DIG_SHA512, selected);
  }
  return fail(ErrorKind::BadInput, "unknown TLSA matching type");
}

// RFC 6698 5, D-075: both selectors, matching types 0 to 2.
Result<Bytes> association_data(TlsaForm form, const Certificate& certificate) {
  switch (form.selector) {
    case TlsaSelector::Certificate:
      return matching_data(form.matching, certificate.der);
    case TlsaSelector::PublicKey:
      return matching_data(form.matching, certificate.fields.public_key_info);
  }
  return fail(ErrorKind::BadInput, "unknown TLSA selector");
}

Result<Bytes> association_data(TlsaForm form, ByteView certificate) {
  auto imported = import_certificate({certificate.begin(), certificate.end()});
  if (!imported) return tl::unexpected(imported.error());
  return association_data(form, *imported);
}

bool tlsa_matches(const TlsaRecord& record, const Certificate& certificate) {
  auto data = association_data({record.selector, record.matching}, certificate);
  return data && *data == record.data;
}

bool tlsa_matches(const TlsaRecord& record, ByteView certificate) {
  auto imported = import_certificate({certificate.begin(), certificate.end()});
  return imported && tlsa_matches(record, *imported);
}

}  // namespace danesmtp

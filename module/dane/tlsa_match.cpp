// SPDX-License-Identifier: GPL-2.0-or-later
// See the header. RFC 6698 2.1.2 (selector), 2.1.3 (matching type), RFC 7671 5.1 (the key as it is
// encoded in the certificate).
#include "dane/tlsa_match.h"

#include <gnutls/crypto.h>

#include "dane/x509_der.h"

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
Result<Bytes> association_data(TlsaForm form, ByteView certificate) {
  auto fields = certificate_fields(certificate);
  if (!fields) return tl::unexpected(fields.error());
  switch (form.selector) {
    case TlsaSelector::Certificate:
      return matching_data(form.matching, certificate);
    case TlsaSelector::PublicKey:
      return matching_data(form.matching, fields->public_key_info);
  }
  return fail(ErrorKind::BadInput, "unknown TLSA selector");
}

bool tlsa_matches(const TlsaRecord& record, ByteView certificate) {
  auto data = association_data({record.selector, record.matching}, certificate);
  return data && *data == record.data;
}

}  // namespace danesmtp

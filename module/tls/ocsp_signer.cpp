// SPDX-License-Identifier: GPL-2.0-or-later
// See the header. The signature is checked over the octets that stand in the response.
#include "tls/ocsp_signer.h"

#include <gnutls/abstract.h>

#include <array>
#include <string>

#include "x509/gnutls_handles.h"
#include "x509/key_limits.h"
#include "x509/verified_path.h"
#include "x509/x509_der.h"

namespace danesmtp {
namespace {

constexpr unsigned kMaxPurposes = 16;
constexpr unsigned kMaxSignerCertificates = 8;

// The certificates that came inside a response.
struct SignerCertificates {
  gnutls_x509_crt_t* list = nullptr;
  std::size_t count = 0;
  SignerCertificates() = default;
  SignerCertificates(const SignerCertificates&) = delete;
  SignerCertificates& operator=(const SignerCertificates&) = delete;
  ~SignerCertificates() {
    for (std::size_t i = 0; i < count; ++i) gnutls_x509_crt_deinit(list[i]);
    gnutls_free(list);
  }
};

// RFC 6960 4.2.2.2: the purpose must be named; "any purpose" and none at all do not name it.
bool may_sign_ocsp(gnutls_x509_crt_t certificate) {
  for (unsigned i = 0; i < kMaxPurposes; ++i) {
    std::array<char, 128> oid{};
    std::size_t size = oid.size();
    int rc = gnutls_x509_crt_get_key_purpose_oid(certificate, i, oid.data(), &size, nullptr);
    if (rc == GNUTLS_E_SHORT_MEMORY_BUFFER) continue;
    if (rc < 0) return false;
    if (std::string(oid.data()) == GNUTLS_KP_OCSP_SIGNING) return true;
  }
  return false;
}

// RFC 5280 4.2.1.3
bool key_may_sign(gnutls_x509_crt_t certificate) {
  unsigned usage = 0;
  int rc = gnutls_x509_crt_get_key_usage(certificate, &usage, nullptr);
  if (rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) return true;
  return rc == 0 && (usage & (GNUTLS_KEY_DIGITAL_SIGNATURE | GNUTLS_KEY_NON_REPUDIATION)) != 0;
}

// RFC 6960 4.2.2.2: why the owner of this certificate may not speak for the issuer; empty: it may.
std::string why_no_delegate(gnutls_x509_crt_t signer, const Certificate& issuer, WallTime now) {
  const std::array path{signer};
  const auto fault = verify_path({path, issuer.handle.get(), nullptr, now}).fault;
  if (fault == PathFault::NotTrusted) return "its signer was not certified by the issuer";
  if (!may_sign_ocsp(signer)) return "its signer's certificate is not for OCSP signing";
  if (!key_may_sign(signer)) return "its signer's key is not for signatures";
  if (fault == PathFault::OutOfDate)
    return "its signer's certificate has expired or is not valid yet";
  return {};
}

bool signed_by(gnutls_ocsp_resp_t response, gnutls_x509_crt_t signer) {
  if (!why_key_unusable(signer).empty()) return false;
  GnutlsOctets oid, basic, signature;
  if (gnutls_ocsp_resp_get_response(response, &oid.datum, &basic.datum) < 0) return false;
  if (gnutls_ocsp_resp_get_signature(response, &signature.datum) < 0) return false;
  auto data = signed_octets(basic.view());
  if (!data) return false;
  int code = gnutls_ocsp_resp_get_signature_algorithm(response);
  if (code <= 0) return false;
  auto algorithm = static_cast<gnutls_sign_algorithm_t>(code);
  // D-096: no SHA-1 or MD5 here either.
  if (gnutls_sign_is_secure2(algorithm, GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS) == 0) return false;
  gnutls_pubkey_t raw = nullptr;
  if (gnutls_pubkey_init(&raw) < 0) return false;
  GnutlsPubkey key(raw);
  if (gnutls_pubkey_import_x509(raw, signer, 0) < 0) return false;
  auto octets = as_datum(*data);
  return gnutls_pubkey_verify_data2(raw, algorithm, 0, &octets, &signature.datum) >= 0;
}

tl::unexpected<Error> refused(std::string reason) {
  return fail(ErrorKind::TlsVerify, std::move(reason));
}

OcspSigner signer_of(gnutls_x509_crt_t certificate) {
  const time_t until = gnutls_x509_crt_get_expiration_time(certificate);
  return {WallTime(std::chrono::seconds(until))};
}

}  // namespace

// The responder's own name for itself is not needed: the keys decide. A delegate is not asked
// for its own revocation (D-122).
Result<OcspSigner> find_ocsp_signer(gnutls_ocsp_resp_t response, const Certificate& issuer,
                                    WallTime now) {
  if (signed_by(response, issuer.handle.get())) return signer_of(issuer.handle.get());
  SignerCertificates signers;
  int rc = gnutls_ocsp_resp_get_certs(response, &signers.list, &signers.count);
  if (rc < 0) return refused("its signer's certificate cannot be read");
  if (signers.count > kMaxSignerCertificates) return refused("it brings too many certificates");
  for (std::size_t i = 0; i < signers.count; ++i) {
    if (!signed_by(response, signers.list[i])) continue;
    std::string why = why_no_delegate(signers.list[i], issuer, now);
    if (!why.empty()) return refused(std::move(why));
    return signer_of(signers.list[i]);
  }
  return refused("it is not signed by the issuer or a delegate of it");
}

}  // namespace danesmtp

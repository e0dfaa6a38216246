// SPDX-License-Identifier: GPL-2.0-or-later
#include "tls/pkix_verify.h"

#include <gnutls/x509.h>

#include <filesystem>
#include <vector>

#include "core/format.h"
#include "x509/certificate.h"
#include "x509/key_limits.h"
#include "x509/verified_path.h"

namespace danesmtp {
namespace {

struct TrustListDeinit {
  // 1: the certificates in the list are its own.
  void operator()(gnutls_x509_trust_list_t list) const { gnutls_x509_trust_list_deinit(list, 1); }
};
using TrustList = std::unique_ptr<gnutls_x509_trust_list_st, TrustListDeinit>;

int add_certificates(gnutls_x509_trust_list_t list, const std::string& where) {
  if (where == "system") return gnutls_x509_trust_list_add_system_trust(list, 0, 0);
  std::error_code ignored;
  if (std::filesystem::is_directory(where, ignored))
    return gnutls_x509_trust_list_add_trust_dir(list, where.c_str(), nullptr, GNUTLS_X509_FMT_PEM,
                                                0, 0);
  return gnutls_x509_trust_list_add_trust_file(list, where.c_str(), nullptr, GNUTLS_X509_FMT_PEM, 0,
                                               0);
}

Result<TrustList> trust_list(const PkixQuestion& question) {
  gnutls_x509_trust_list_t raw = nullptr;
  if (gnutls_x509_trust_list_init(&raw, 0) < 0)
    return fail(ErrorKind::Internal, "no memory for a trust list");
  TrustList list(raw);
  int added = add_certificates(raw, question.certificates);
  if (added < 0)
    return fail(ErrorKind::BadInput, format("option tls_verify_certificates: \"{}\": {}",
                                            question.certificates, gnutls_strerror(added)));
  if (question.revocations.empty()) return list;
  added = gnutls_x509_trust_list_add_trust_file(raw, nullptr, question.revocations.c_str(),
                                                GNUTLS_X509_FMT_PEM, 0, 0);
  if (added < 0)
    return fail(ErrorKind::BadInput,
                format("option tls_crl: \"{}\": {}", question.revocations, gnutls_strerror(added)));
  return list;
}

Result<std::vector<GnutlsCertificate>> import_chain(const PeerChain& chain) {
  std::vector<GnutlsCertificate> certificates;
  for (const auto& der : chain) {
    auto certificate = read_by_gnutls(der);
    if (!certificate)
      return fail(ErrorKind::TlsVerify, "a certificate of the server cannot be read");
    std::string unusable = why_key_unusable(certificate->get());
    if (!unusable.empty())
      return fail(ErrorKind::TlsVerify, "a certificate of the server is unusable: " + unusable);
    certificates.push_back(std::move(*certificate));
  }
  if (certificates.empty()) return fail(ErrorKind::TlsVerify, "the server sent no certificate");
  return certificates;
}

using Chain = std::vector<gnutls_x509_crt_t>;

Bytes der_of(gnutls_x509_crt_t certificate) {
  GnutlsOctets der;
  if (gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_DER, &der.datum) < 0) return {};
  return to_bytes(der.datum);
}

bool signed_by(gnutls_x509_crt_t child, gnutls_x509_crt_t issuer) {
  unsigned status = GNUTLS_CERT_INVALID;
  return gnutls_x509_crt_check_issuer(child, issuer) == 1 &&
         gnutls_x509_crt_verify(child, &issuer, 1, 0, &status) >= 0 && status == 0;
}

// Whether chain[at] is trusted with the help of the other certificates but the first.
bool is_trusted(gnutls_x509_trust_list_t list, const Chain& chain, std::size_t at) {
  Chain rest{chain[at]};
  for (std::size_t i = 1; i < chain.size(); ++i)
    if (i != at) rest.push_back(chain[i]);
  unsigned status = GNUTLS_CERT_INVALID;
  return gnutls_x509_trust_list_verify_crt2(list, rest.data(), static_cast<unsigned>(rest.size()),
                                            nullptr, 0, 0, &status, nullptr) >= 0 &&
         status == 0;
}

// GnuTLS does not say which path it verified. A certificate of the issuer's name that nothing
// trusts must not pass for the issuer, whatever it signs.
Bytes issuer_of_first(gnutls_x509_trust_list_t list, const Chain& chain) {
  for (std::size_t i = 1; i < chain.size(); ++i)
    if (signed_by(chain[0], chain[i]) && is_trusted(list, chain, i)) return der_of(chain[i]);
  gnutls_x509_crt_t found = nullptr;
  if (gnutls_x509_trust_list_get_issuer(list, chain[0], &found, GNUTLS_TL_GET_COPY) < 0) return {};
  GnutlsCertificate issuer(found);
  return signed_by(chain[0], found) ? der_of(found) : Bytes();
}

}  // namespace

Result<Bytes> verify_pkix(const PkixQuestion& question) {
  auto certificates = import_chain(question.chain);
  if (!certificates) return tl::unexpected(certificates.error());
  auto list = trust_list(question);
  if (!list) return tl::unexpected(list.error());

  Chain raw;
  for (const auto& certificate : *certificates) raw.push_back(certificate.get());
  std::string host = question.host;
  std::string purpose = GNUTLS_KP_TLS_WWW_SERVER;
  gnutls_typed_vdata_st data[] = {
      {GNUTLS_DT_KEY_PURPOSE_OID, reinterpret_cast<unsigned char*>(purpose.data()), 0},
      {GNUTLS_DT_DNS_HOSTNAME, reinterpret_cast<unsigned char*>(host.data()), 0}};
  unsigned status = 0;
  int rc =
      gnutls_x509_trust_list_verify_crt2(list->get(), raw.data(), static_cast<unsigned>(raw.size()),
                                         data, host.empty() ? 1 : 2, 0, &status, nullptr);
  if (rc < 0) return fail(ErrorKind::TlsVerify, gnutls_strerror(rc));
  if (status != 0) return fail(ErrorKind::TlsVerify, verification_text(status));
  return issuer_of_first(list->get(), raw);
}

}  // namespace danesmtp

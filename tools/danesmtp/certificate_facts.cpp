// SPDX-License-Identifier: GPL-2.0-or-later
#include "certificate_facts.h"

#include "core/format.h"
#include "dane/tlsa_match.h"

namespace danesmtp::tool {
namespace {

using DistinguishedName = int (*)(gnutls_x509_crt_t, gnutls_datum_t*, unsigned);

std::string name_text(gnutls_x509_crt_t certificate, DistinguishedName get) {
  gnutls_datum_t text{};
  if (get(certificate, &text, 0) < 0) return {};
  GnutlsText owner(reinterpret_cast<char*>(text.data));
  return printable({owner.get(), text.size});
}

WallTime wall_time(time_t seconds) {
  return WallTime(std::chrono::seconds(seconds));
}

}  // namespace

std::vector<std::string> dns_names(const Certificate& certificate) {
  std::vector<std::string> names;
  for (unsigned i = 0; i < 1000; ++i) {
    char text[256];
    std::size_t size = sizeof text;
    int type =
        gnutls_x509_crt_get_subject_alt_name(certificate.handle.get(), i, text, &size, nullptr);
    if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) break;
    if (type == GNUTLS_SAN_DNSNAME) names.push_back(printable({text, size}));
  }
  return names;
}

Result<CertificateFacts> certificate_facts(const Bytes& der) {
  auto certificate = import_certificate(der);
  if (!certificate) return tl::unexpected(certificate.error());
  auto key = association_data({TlsaSelector::PublicKey, TlsaMatching::Sha256}, der);
  if (!key) return tl::unexpected(key.error());
  auto* handle = certificate->handle.get();
  return CertificateFacts{name_text(handle, gnutls_x509_crt_get_dn3),
                          name_text(handle, gnutls_x509_crt_get_issuer_dn3),
                          dns_names(*certificate),
                          wall_time(gnutls_x509_crt_get_activation_time(handle)),
                          wall_time(gnutls_x509_crt_get_expiration_time(handle)),
                          to_hex(*key)};
}

std::string end_text(int days_left) {
  if (days_left < 0) return format("ended {} day{} ago", -days_left, days_left == -1 ? "" : "s");
  return format("ends in {} day{}", days_left, days_left == 1 ? "" : "s");
}

bool has_rsa_key(const Bytes& der) {
  auto certificate = import_certificate(der);
  if (!certificate) return false;
  const int algorithm = gnutls_x509_crt_get_pk_algorithm(certificate->handle.get(), nullptr);
  return algorithm == GNUTLS_PK_RSA || algorithm == GNUTLS_PK_RSA_PSS;
}

int days_left(const CertificateFacts& facts, WallTime now) {
  return static_cast<int>(std::chrono::floor<std::chrono::days>(facts.not_after - now).count());
}

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// A session's names as an Exim with OpenSSL writes them, and as one with GnuTLS does.
#include "tls/openssl_names.h"

#include <openssl/x509.h>

#include <array>

#include "core/format.h"
#include "unit/check_support.h"
#include "unit/x509/lab_certificates.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

TlsInfo session(const char* version, const char* suite, const char* group) {
  TlsInfo info;
  info.version = version;
  info.cipher = format("{}:as GnuTLS says:256", version);
  info.group = group;
  info.standard_cipher = suite;
  info.key_bits = 256;
  info.peer_dn = "CN=mx.lab";
  return info;
}

const TlsDialect kOpenssl30{TlsLibrary::Openssl, "", false};
const TlsDialect kOpenssl32{TlsLibrary::Openssl, "", true};

}  // namespace

START_TEST(ciphers) {
  const auto tls13 = session("TLS1.3", "TLS_AES_256_GCM_SHA384", "X25519");
  assert_text(named_for(kOpenssl30, tls13).cipher, "TLS1.3:TLS_AES_256_GCM_SHA384:256");
  assert_text(named_for(kOpenssl32, tls13).cipher, "TLS1.3:TLS_AES_256_GCM_SHA384:256:x25519");
  assert_text(named_for({}, tls13).cipher, "TLS1.3:as GnuTLS says:256:X25519");

  const auto tls12 = session("TLS1.2", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "");
  const auto named = named_for(kOpenssl32, tls12);
  assert_text(named.cipher, "TLS1.2:ECDHE-RSA-AES256-GCM-SHA384:256");
  assert_text(named.standard_cipher, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
  assert_text(named_for({}, tls12).cipher, "TLS1.2:as GnuTLS says:256");
  assert_text(named_for({}, tls12).peer_dn, "CN=mx.lab");

  const auto unknown = session("TLS1.2", "TLS_RSA_OF_TOMORROW", "");
  assert_text(named_for(kOpenssl30, unknown).cipher, "TLS1.2:TLS_RSA_OF_TOMORROW:256");
}
END_TEST

// A certificate with this subject, in GnuTLS's notation: the last part comes first.
Bytes certificate_of(const char* subject) {
  gnutls_x509_crt_t raw = nullptr;
  gnutls_x509_crt_init(&raw);
  GnutlsCertificate certificate(raw);
  const auto key = make_key(KeyKind::P256);
  const unsigned char serial = 1;
  ck_assert_msg(gnutls_x509_crt_set_dn(raw, subject, nullptr) == 0, "%s", subject);
  gnutls_x509_crt_set_version(raw, 3);
  gnutls_x509_crt_set_serial(raw, &serial, 1);
  gnutls_x509_crt_set_activation_time(raw, 1000);
  gnutls_x509_crt_set_expiration_time(raw, 2000);
  gnutls_pubkey_t public_key = nullptr;
  gnutls_pubkey_init(&public_key);
  gnutls_pubkey_import_privkey(public_key, key.get(), 0, 0);
  gnutls_x509_crt_set_pubkey(raw, public_key);
  gnutls_pubkey_deinit(public_key);
  ck_assert_int_eq(gnutls_x509_crt_privkey_sign(raw, raw, key.get(), GNUTLS_DIG_SHA256, 0), 0);
  GnutlsOctets der;
  ck_assert_int_eq(gnutls_x509_crt_export2(raw, GNUTLS_X509_FMT_DER, &der.datum), 0);
  return to_bytes(der.datum);
}

// What `openssl x509 -nameopt oneline`'s elder brother, X509_NAME_oneline(), writes.
std::string written_by_openssl(const Bytes& der) {
  const unsigned char* at = der.data();
  X509* certificate = d2i_X509(nullptr, &at, static_cast<long>(der.size()));
  ck_assert_ptr_nonnull(certificate);
  std::array<char, 512> text{};
  X509_NAME_oneline(X509_get_subject_name(certificate), text.data(), text.size());
  X509_free(certificate);
  return text.data();
}

START_TEST(subjects_are_written_as_openssl_writes_them) {
  assert_text(openssl_subject(certificate_of("CN=mx.lab,O=Example,C=UK")),
              "/C=UK/O=Example/CN=mx.lab");
  for (const char* subject :
       {"CN=mx.lab", "CN=a\\+b,C=UK",
        "CN=mx.lab,CN=mx2.lab,OU=a\\,b=c/d,O=Ex\xc3\xa4mple,L=Town,ST=State,C=UK",
        "EMAIL=a@b.lab,serialNumber=7,title=t,street=s,postalCode=1,CN=x", "DC=lab,DC=mx,UID=u",
        "2.5.4.42=given,2.5.4.4=surname,2.5.4.43=i,2.5.4.13=d,2.5.4.15=b,CN=x",
        "1.3.6.1.4.1.311.60.2.1.1=l,1.3.6.1.4.1.311.60.2.1.2=s,1.3.6.1.4.1.311.60.2.1.3=UK",
        "1.2.3.4.5=#0c0178,CN=x"}) {
    const auto der = certificate_of(subject);
    assert_text(openssl_subject(der), written_by_openssl(der));
  }
  TlsInfo info = session("TLS1.3", "TLS_AES_256_GCM_SHA384", "X25519");
  info.chain = {certificate_of("CN=mx.lab,C=UK")};
  assert_text(named_for(kOpenssl30, info).peer_dn, "/C=UK/CN=mx.lab");
  assert_text(openssl_subject(Bytes{1, 2, 3}), "");
}
END_TEST

int main() {
  Suite* suite = suite_create("openssl_names");
  TCase* cases = tcase_create("names");
  tcase_add_test(cases, ciphers);
  tcase_add_test(cases, subjects_are_written_as_openssl_writes_them);
  suite_add_tcase(suite, cases);
  return run_suite(suite);
}

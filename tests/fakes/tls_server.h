// SPDX-License-Identifier: GPL-2.0-or-later
// The server's side of TLS for tests, on a blocking socket, with a certificate made on the spot. It
// does what a settings row asks for, also what no decent server would.
#pragma once

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/bytes.h"
#include "x509/gnutls_handles.h"

namespace danesmtp::test {

// A key (P-256 unless it is to be RSA) and a self-signed certificate for it.
class TestIdentity {
 public:
  explicit TestIdentity(const std::string& common_name = "mx.lab", unsigned key_usage = 0,
                        bool rsa = false, bool must_staple = false,
                        const std::string& dns_name = "") {
    gnutls_x509_privkey_init(&key_);
    gnutls_x509_privkey_generate(key_, rsa ? GNUTLS_PK_RSA : GNUTLS_PK_ECDSA,
                                 rsa ? 2048 : GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
    gnutls_x509_crt_init(&certificate_);
    gnutls_x509_crt_set_version(certificate_, 3);
    gnutls_x509_crt_set_serial(certificate_, "\x01", 1);
    gnutls_x509_crt_set_dn(certificate_, ("CN=" + common_name + ",O=Lab").c_str(), nullptr);
    gnutls_x509_crt_set_activation_time(certificate_, std::time(nullptr) - 3600);
    gnutls_x509_crt_set_expiration_time(certificate_, std::time(nullptr) + 3600);
    if (key_usage != 0) gnutls_x509_crt_set_key_usage(certificate_, key_usage);
    if (must_staple) want_a_proof();
    if (!dns_name.empty())
      gnutls_x509_crt_set_subject_alt_name(certificate_, GNUTLS_SAN_DNSNAME, dns_name.data(),
                                           static_cast<unsigned>(dns_name.size()), GNUTLS_FSAN_SET);
    gnutls_x509_crt_set_key(certificate_, key_);
    gnutls_x509_crt_sign2(certificate_, certificate_, key_, GNUTLS_DIG_SHA256, 0);
    gnutls_pcert_import_x509(&chain_, certificate_, 0);
    // Let the server believe that its key can sign, whatever its certificate says.
    gnutls_pubkey_set_key_usage(chain_.pubkey, GNUTLS_KEY_DIGITAL_SIGNATURE);
    gnutls_privkey_init(&signer_);
    gnutls_privkey_import_x509(signer_, key_, 0);
  }
  TestIdentity(const TestIdentity&) = delete;
  TestIdentity& operator=(const TestIdentity&) = delete;
  ~TestIdentity() {
    gnutls_privkey_deinit(signer_);
    gnutls_pcert_deinit(&chain_);
    gnutls_x509_crt_deinit(certificate_);
    gnutls_x509_privkey_deinit(key_);
  }

  Bytes der() const {
    gnutls_datum_t out{nullptr, 0};
    gnutls_x509_crt_export2(certificate_, GNUTLS_X509_FMT_DER, &out);
    return taken(out);
  }

  // Certificate and key, one after the other.
  std::string pem() const {
    gnutls_datum_t certificate{nullptr, 0};
    gnutls_datum_t key{nullptr, 0};
    gnutls_x509_crt_export2(certificate_, GNUTLS_X509_FMT_PEM, &certificate);
    gnutls_x509_privkey_export2(key_, GNUTLS_X509_FMT_PEM, &key);
    return std::string(as_text(taken(certificate))) + std::string(as_text(taken(key)));
  }

  // The octets that are sent; the key stays the same.
  void show(const Bytes& octets) {
    gnutls_free(chain_.cert.data);
    chain_.cert.data = static_cast<unsigned char*>(gnutls_malloc(octets.size()));
    std::copy(octets.begin(), octets.end(), chain_.cert.data);
    chain_.cert.size = static_cast<unsigned>(octets.size());
  }

  gnutls_pcert_st* chain() { return &chain_; }
  gnutls_privkey_t key() const { return signer_; }

 private:
  // RFC 7633: status_request.
  void want_a_proof() {
    const std::uint8_t features[] = {0x30, 3, 2, 1, 5};
    gnutls_x509_crt_set_extension_by_oid(certificate_, "1.3.6.1.5.5.7.1.24", features,
                                         sizeof features, 0);
  }

  static Bytes taken(gnutls_datum_t& out) {
    Bytes bytes = to_bytes(out);
    gnutls_free(out.data);
    return bytes;
  }

  gnutls_x509_privkey_t key_ = nullptr;
  gnutls_x509_crt_t certificate_ = nullptr;
  gnutls_pcert_st chain_{};
  gnutls_privkey_t signer_ = nullptr;
};

enum class TlsAnonymity { None, Only };

struct TlsServerSettings {
  std::string priority = "NORMAL";
  TlsAnonymity anonymity = TlsAnonymity::None;
  std::string alpn{};            // the only protocol; empty: none
  std::string staple{};          // sent as the OCSP response, whatever it is; empty: none
  bool ask_certificate = false;  // of the client, and require one
  unsigned key_usage = 0;        // of the certificate; 0: no such extension
  bool rsa = false;              // a key of that kind
  Bytes shown{};                 // sent in the place of the own certificate; empty: that one
  std::shared_ptr<TestIdentity> identity{};  // null: one of its own
  Bytes ticket_key{};  // of the tickets that it gives and takes (make_ticket_key()); empty: none
  unsigned ticket_lifetime = 0;  // in seconds; 0: GnuTLS decides
};

inline Bytes make_ticket_key() {
  gnutls_datum_t key{nullptr, 0};
  gnutls_session_ticket_key_generate(&key);
  Bytes octets = to_bytes(key);
  gnutls_free(key.data);
  return octets;
}

class TlsServer {
 public:
  TlsServer(int fd, const TlsServerSettings& settings)
      : staple_(settings.staple),
        shown_(settings.shown),
        ticket_key_(settings.ticket_key),
        identity_(settings.identity ? settings.identity
                                    : std::make_shared<TestIdentity>("mx.lab", settings.key_usage,
                                                                     settings.rsa)) {
    if (!shown_.empty()) identity_->show(shown_);
    gnutls_session_t session = nullptr;
    gnutls_init(&session, GNUTLS_SERVER | GNUTLS_NO_SIGNAL | GNUTLS_POST_HANDSHAKE_AUTH);
    session_.reset(session);
    gnutls_priority_set_direct(session, settings.priority.c_str(), nullptr);
    if (settings.anonymity == TlsAnonymity::Only)
      use_anonymous();
    else
      use_certificate();
    if (settings.ask_certificate)
      gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
    gnutls_datum_t protocol = as_datum(as_bytes(settings.alpn));
    if (!settings.alpn.empty()) gnutls_alpn_set_protocols(session, &protocol, 1, 0);
    const auto ticket_key = as_datum(ticket_key_);
    if (!ticket_key_.empty()) gnutls_session_ticket_enable_server(session, &ticket_key);
    if (settings.ticket_lifetime > 0)
      gnutls_db_set_cache_expiration(session, static_cast<int>(settings.ticket_lifetime));
    gnutls_session_set_ptr(session, this);
    gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_NEW_SESSION_TICKET,
                                       GNUTLS_HOOK_POST, count_ticket);
    gnutls_transport_set_int(session, fd);
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;
  ~TlsServer() {
    session_.reset();
    if (anonymous_ != nullptr) gnutls_anon_free_server_credentials(anonymous_);
  }

  bool handshake() {
    int code = GNUTLS_E_AGAIN;
    for (int tries = 0; tries < 20 && code != 0; ++tries) {
      code = gnutls_handshake(session_.get());
      if (code == 0 || gnutls_error_is_fatal(code) != 0) break;
    }
    if (code != 0) conclude(code);
    if (code != 0) gnutls_alert_send_appropriate(session_.get(), code);
    return code == 0;
  }

  ssize_t write(std::string_view octets) {
    return gnutls_record_send(session_.get(), octets.data(), octets.size());
  }

  ssize_t read(void* into, std::size_t size) {
    ssize_t got = gnutls_record_recv(session_.get(), into, size);
    if (got < 0) conclude(static_cast<int>(got));
    return got;
  }

  // TLS 1.2: a HelloRequest.
  void ask_renegotiation() { gnutls_rehandshake(session_.get()); }

  // TLS 1.3: a request for the client's certificate; GnuTLS's answer.
  int ask_authentication() { return gnutls_reauth(session_.get(), 0); }

  // The octets of this end.
  Bytes channel_binding(gnutls_channel_binding_t type) const {
    gnutls_datum_t octets{nullptr, 0};
    if (gnutls_session_channel_binding(session_.get(), type, &octets) < 0) return {};
    Bytes bytes = to_bytes(octets);
    gnutls_free(octets.data);
    return bytes;
  }

  bool resumed() const { return gnutls_session_is_resumed(session_.get()) != 0; }
  unsigned tickets() const { return tickets_; }  // that it sent
  bool encrypt_then_mac() const { return gnutls_session_etm_status(session_.get()) != 0; }
  bool extended_master_secret() const {
    return gnutls_session_ext_master_secret_status(session_.get()) != 0;
  }

  // The name in the client's SNI extension; "" when it sent none.
  std::string client_sni() const {
    char name[256] = {};
    std::size_t size = sizeof name;
    unsigned type = 0;
    return gnutls_server_name_get(session_.get(), name, &size, &type, 0) == 0 ? name : "";
  }

  std::size_t client_certificates() const {
    unsigned count = 0;
    gnutls_certificate_get_peers(session_.get(), &count);
    return count;
  }

  void close() { gnutls_bye(session_.get(), GNUTLS_SHUT_WR); }

  Bytes certificate() const { return identity_->der(); }
  const std::string& ending() const { return ending_; }

 private:
  void use_anonymous() {
    gnutls_anon_allocate_server_credentials(&anonymous_);
    gnutls_credentials_set(session_.get(), GNUTLS_CRD_ANON, anonymous_);
  }

  void use_certificate() {
    gnutls_certificate_credentials_t credentials = nullptr;
    gnutls_certificate_allocate_credentials(&credentials);
    credentials_.reset(credentials);
    gnutls_certificate_set_retrieve_function3(credentials, give_certificate);
    gnutls_credentials_set(session_.get(), GNUTLS_CRD_CERTIFICATE, credentials);
  }

  static int give_certificate(gnutls_session_t session, const gnutls_cert_retr_st*,
                              gnutls_pcert_st** chain, unsigned* length, gnutls_ocsp_data_st** ocsp,
                              unsigned* ocsp_length, gnutls_privkey_t* key, unsigned* flags) {
    auto* self = static_cast<TlsServer*>(gnutls_session_get_ptr(session));
    *chain = self->identity_->chain();
    *length = 1;
    *key = self->identity_->key();
    *flags = 0;  // all of it stays ours
    self->response_.response = as_datum(as_bytes(self->staple_));
    *ocsp = &self->response_;
    *ocsp_length = self->staple_.empty() ? 0 : 1;
    return 0;
  }

  static int count_ticket(gnutls_session_t session, unsigned, unsigned, unsigned incoming,
                          const gnutls_datum_t*) {
    if (incoming == 0) ++static_cast<TlsServer*>(gnutls_session_get_ptr(session))->tickets_;
    return 0;
  }

  void conclude(int code) {
    if (!ending_.empty()) return;
    ending_ = code == GNUTLS_E_FATAL_ALERT_RECEIVED
                  ? gnutls_alert_get_name(gnutls_alert_get(session_.get()))
                  : gnutls_strerror(code);
  }

  std::string staple_;
  Bytes shown_;
  gnutls_ocsp_data_st response_{};
  Bytes ticket_key_;
  std::shared_ptr<TestIdentity> identity_;
  GnutlsCertificateCredentials credentials_;
  gnutls_anon_server_credentials_t anonymous_ = nullptr;
  GnutlsSessionHandle session_;
  std::string ending_;
  unsigned tickets_ = 0;
};

// A file that is gone with the object.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view content) {
    char path[] = "/tmp/danesmtp-test-XXXXXX";
    int fd = ::mkstemp(path);
    path_ = path;
    static_cast<void>(!::write(fd, content.data(), content.size()));
    ::close(fd);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { ::unlink(path_.c_str()); }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace danesmtp::test

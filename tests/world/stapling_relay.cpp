// SPDX-License-Identifier: GPL-2.0-or-later
// The TLS side of a scripted server that staples: a TLS server on one descriptor, its clear text on
// another. It sends whatever files it is given as OCSP responses, one for each certificate of the
// chain, which no decent server would (RFC 8446 4.4.2.1; TLS 1.2 sends the first only). Python's
// ssl cannot staple, and Exim looks at what it sends.
//
//   stapling_relay TLS_FD CLEAR_FD PRIORITY CHAIN.pem [STAPLE.der]...
//
// After the handshake one line on standard output: version, a space, the client's SNI. Ends when
// one of the two sides does.
#include <gnutls/abstract.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "core/bytes.h"
#include "x509/gnutls_handles.h"

using namespace danesmtp;

namespace {

std::string content_of(const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

// What the handshake presents.
struct Identity {
  Identity() = default;
  Identity(const Identity&) = delete;
  Identity& operator=(const Identity&) = delete;
  ~Identity() {
    for (auto& certificate : chain) gnutls_pcert_deinit(&certificate);
    gnutls_privkey_deinit(key);
  }

  std::vector<gnutls_pcert_st> chain;
  gnutls_privkey_t key = nullptr;
  std::vector<std::string> staples;
  std::vector<gnutls_ocsp_data_st> responses;
};

bool load(Identity& identity, int count, char** arguments) {
  identity.chain.resize(8);
  unsigned length = static_cast<unsigned>(identity.chain.size());
  if (gnutls_pcert_list_import_x509_file(identity.chain.data(), &length, arguments[0],
                                         GNUTLS_X509_FMT_PEM, nullptr, nullptr, 0) < 0)
    return false;
  identity.chain.resize(length);
  const std::string pem = content_of(arguments[0]);
  const gnutls_datum_t datum = as_datum(as_bytes(pem));
  gnutls_privkey_init(&identity.key);
  if (gnutls_privkey_import_x509_raw(identity.key, &datum, GNUTLS_X509_FMT_PEM, nullptr, 0) < 0)
    return false;
  for (int i = 1; i < count; ++i) identity.staples.push_back(content_of(arguments[i]));
  for (const auto& staple : identity.staples) {
    gnutls_ocsp_data_st response{};
    response.response = as_datum(as_bytes(staple));
    identity.responses.push_back(response);
  }
  return true;
}

int present(gnutls_session_t session, const gnutls_cert_retr_st*, gnutls_pcert_st** chain,
            unsigned* length, gnutls_ocsp_data_st** responses, unsigned* count,
            gnutls_privkey_t* key, unsigned* flags) {
  auto* identity = static_cast<Identity*>(gnutls_session_get_ptr(session));
  *chain = identity->chain.data();
  *length = static_cast<unsigned>(identity->chain.size());
  *responses = identity->responses.data();
  *count = static_cast<unsigned>(identity->responses.size());
  *key = identity->key;
  *flags = 0;  // all of it stays ours
  return 0;
}

bool handshake(gnutls_session_t session) {
  int code = GNUTLS_E_AGAIN;
  for (int tries = 0; tries < 50 && code != 0; ++tries) {
    code = gnutls_handshake(session);
    if (code < 0 && gnutls_error_is_fatal(code) != 0) {
      gnutls_alert_send_appropriate(session, code);
      std::fprintf(stderr, "stapling_relay: %s\n", gnutls_strerror(code));
      return false;
    }
  }
  return code == 0;
}

void report(gnutls_session_t session) {
  std::array<char, 256> name{};
  std::size_t size = name.size();
  unsigned type = 0;
  if (gnutls_server_name_get(session, name.data(), &size, &type, 0) < 0) name[0] = '\0';
  std::printf("%s %s\n", gnutls_protocol_get_name(gnutls_protocol_get_version(session)),
              name.data());
  std::fflush(stdout);
}

bool write_all(int fd, const char* octets, std::size_t size) {
  while (size > 0) {
    ssize_t put = ::write(fd, octets, size);
    if (put <= 0) return false;
    octets += put;
    size -= static_cast<std::size_t>(put);
  }
  return true;
}

// One piece from the client; false: it has gone.
bool from_tls(gnutls_session_t session, int clear_fd) {
  std::array<char, 16384> block{};
  ssize_t got = gnutls_record_recv(session, block.data(), block.size());
  if (got == GNUTLS_E_INTERRUPTED || got == GNUTLS_E_AGAIN) return true;
  return got > 0 && write_all(clear_fd, block.data(), static_cast<std::size_t>(got));
}

bool to_tls(gnutls_session_t session, int clear_fd) {
  std::array<char, 16384> block{};
  ssize_t got = ::read(clear_fd, block.data(), block.size());
  return got > 0 && gnutls_record_send(session, block.data(), static_cast<std::size_t>(got)) > 0;
}

void relay(gnutls_session_t session, int tls_fd, int clear_fd) {
  bool open = true;
  while (open) {
    if (gnutls_record_check_pending(session) > 0) {
      open = from_tls(session, clear_fd);
      continue;
    }
    pollfd both[] = {{tls_fd, POLLIN, 0}, {clear_fd, POLLIN, 0}};
    if (::poll(both, 2, -1) < 0) return;
    if (both[0].revents != 0) open = from_tls(session, clear_fd);
    if (open && both[1].revents != 0) open = to_tls(session, clear_fd);
  }
  gnutls_bye(session, GNUTLS_SHUT_WR);
}

}  // namespace

int main(int count, char** arguments) {
  Identity identity;
  if (count < 5 || !load(identity, count - 4, arguments + 4)) {
    std::fprintf(stderr, "usage: %s TLS_FD CLEAR_FD PRIORITY CHAIN.pem [STAPLE.der]...\n",
                 arguments[0]);
    return 2;
  }
  const int tls_fd = std::atoi(arguments[1]);
  const int clear_fd = std::atoi(arguments[2]);
  gnutls_certificate_credentials_t made = nullptr;
  gnutls_certificate_allocate_credentials(&made);
  const GnutlsCertificateCredentials credentials(made);
  gnutls_certificate_set_retrieve_function3(made, present);
  gnutls_session_t raw = nullptr;
  gnutls_init(&raw, GNUTLS_SERVER);
  GnutlsSessionHandle session(raw);
  gnutls_session_set_ptr(raw, &identity);
  if (gnutls_priority_set_direct(raw, arguments[3], nullptr) < 0) return 2;
  gnutls_credentials_set(raw, GNUTLS_CRD_CERTIFICATE, made);
  gnutls_transport_set_int(raw, tls_fd);
  if (!handshake(raw)) return 1;
  report(raw);
  relay(raw, tls_fd, clear_fd);
  return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
// GnuTLS behind the contract of the header. Never here: trust, names of certificates, and any call
// of gnutls_certificate_verify_peers*() or of a set_*_trust() function.
#include "tls/gnutls_session.h"

#include <gnutls/ocsp.h>

#include <cerrno>
#include <cstring>

#include "core/dns_name.h"
#include "core/format.h"
#include "net/socket_io.h"
#include "tls/handshake_hooks.h"

namespace danesmtp {
namespace {

tl::unexpected<Error> setting_failure(std::string_view setting, std::string_view value, int code) {
  return fail_for_operator(ErrorKind::BadInput,
                           format("{} \"{}\": {}", setting, value, gnutls_strerror(code)));
}

// GnuTLS names the function of its own that failed, not what happened to the connection.
std::string reason_text(int code, int system_errno) {
  if (code != GNUTLS_E_PULL_ERROR && code != GNUTLS_E_PUSH_ERROR) return gnutls_strerror(code);
  if (system_errno == ECONNRESET || system_errno == EPIPE) return "the peer reset the connection";
  return format("the connection is broken: {}", std::strerror(system_errno));
}

bool connection_lost(int code) {
  return code == GNUTLS_E_PREMATURE_TERMINATION || code == GNUTLS_E_SESSION_EOF ||
         code == GNUTLS_E_PULL_ERROR || code == GNUTLS_E_PUSH_ERROR;
}

// The error of a GnuTLS call that has just failed, errno still its; `otherwise` is its kind unless
// the connection was lost.
tl::unexpected<Error> tls_failure(gnutls_session_t session, int code, ErrorKind otherwise) {
  const int system_errno = errno;
  if (code == GNUTLS_E_FATAL_ALERT_RECEIVED) {
    return fail(otherwise, format("the peer sent the TLS alert \"{}\"",
                                  or_empty(gnutls_alert_get_name(gnutls_alert_get(session)))));
  }
  return fail(connection_lost(code) ? ErrorKind::Disconnected : otherwise,
              reason_text(code, system_errno));
}

// RFC 7672 8.2, D-102: a peer that is to be authenticated has a certificate. A key exchange that
// this GnuTLS was built without (SRP, on some systems) cannot be asked for, and must not be named.
std::string certificates_alone() {
  std::string parts = ":-CTYPE-RAWPK";
  for (const char* other : {"ANON-DH", "ANON-ECDH", "PSK", "DHE-PSK", "ECDHE-PSK", "RSA-PSK", "SRP",
                            "SRP-RSA", "SRP-DSS"})
    if (gnutls_kx_get_id(other) != GNUTLS_KX_UNKNOWN) parts += std::string(":-") + other;
  return parts;
}

}  // namespace

Result<GnutlsSession> GnutlsSession::create(int fd, TlsSettings settings) {
  gnutls_session_t raw = nullptr;
  // Without GNUTLS_POST_HANDSHAKE_AUTH such a request is fatal.
  const unsigned resumption = settings.earlier_session ? 0 : kNoResumption;
  int code = gnutls_init(&raw, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | resumption |
                                   no_status_request_flag());
  if (code < 0) return fail(ErrorKind::Internal, gnutls_strerror(code));
  GnutlsSession session(fd, std::move(settings), GnutlsSessionHandle(raw));
  gnutls_transport_set_int(raw, fd);
  gnutls_session_set_ptr(raw, session.notes_.get());
  for (auto prepare : {&GnutlsSession::set_priority, &GnutlsSession::load_credentials,
                       &GnutlsSession::set_extensions}) {
    auto done = (session.*prepare)();
    if (!done) return tl::unexpected(done.error());
  }
  if (session.settings_.earlier_session)
    session.notes_->session_offered = offer_session(raw, session.settings_.earlier_session());
  return session;
}

Result<void> GnutlsSession::set_priority() {
  std::string base = settings_.priority.empty() ? "NORMAL" : settings_.priority;
  // What comes last wins. RFC 8996 2, D-101: never older than TLS 1.2. RFC 7672 2.2: TLS is for
  // encryption too.
  std::string priority = base + ":-VERS-SSL3.0:-VERS-TLS1.0:-VERS-TLS1.1:-NULL";
  if (settings_.peer_certificate == PeerCertificate::Required) priority += certificates_alone();
  int code = gnutls_priority_set_direct(session_.get(), priority.c_str(), nullptr);
  if (code < 0) return setting_failure("TLS priority string", base, code);
  set_handshake_hook(session_.get(), settings_.key_usage);
  if (settings_.min_dh_bits > 0) gnutls_dh_set_prime_bits(session_.get(), settings_.min_dh_bits);
  return {};
}

Result<void> GnutlsSession::load_credentials() {
  gnutls_certificate_credentials_t raw = nullptr;
  int code = gnutls_certificate_allocate_credentials(&raw);
  if (code < 0) return fail(ErrorKind::Internal, gnutls_strerror(code));
  certificate_credentials_.reset(raw);
  if (!settings_.certificate_file.empty()) {
    const std::string& key =
        settings_.key_file.empty() ? settings_.certificate_file : settings_.key_file;
    code = gnutls_certificate_set_x509_key_file(raw, settings_.certificate_file.c_str(),
                                                key.c_str(), GNUTLS_X509_FMT_PEM);
    if (code < 0) return setting_failure("client certificate", settings_.certificate_file, code);
  }
  code = gnutls_credentials_set(session_.get(), GNUTLS_CRD_CERTIFICATE, raw);
  if (code < 0) return fail(ErrorKind::Internal, gnutls_strerror(code));
  if (settings_.peer_certificate == PeerCertificate::Required) return {};

  gnutls_anon_client_credentials_t anonymous = nullptr;
  code = gnutls_anon_allocate_client_credentials(&anonymous);
  if (code < 0) return fail(ErrorKind::Internal, gnutls_strerror(code));
  anonymous_credentials_.reset(anonymous);
  code = gnutls_credentials_set(session_.get(), GNUTLS_CRD_ANON, anonymous);
  if (code < 0) return fail(ErrorKind::Internal, gnutls_strerror(code));
  return {};
}

Result<void> GnutlsSession::set_extensions() {
  if (!settings_.sni.empty()) {
    // RFC 6066 3: a DNS host name as A-labels, no trailing dot, never an address (D-100).
    auto name = DnsName::parse(settings_.sni);
    if (!name) return fail(ErrorKind::BadInput, format("SNI: {}", name.error().text));
    settings_.sni = name->text();
    int code = gnutls_server_name_set(session_.get(), GNUTLS_NAME_DNS, settings_.sni.data(),
                                      settings_.sni.size());
    if (code < 0) return setting_failure("SNI", settings_.sni, code);
  }
  if (settings_.status_request == StatusRequest::None)
    leave_out_status_request(session_.get());
  else if (gnutls_ocsp_status_request_enable_client(session_.get(), nullptr, 0, nullptr) < 0)
    return fail(ErrorKind::Internal, "OCSP responses cannot be asked for");
  std::vector<gnutls_datum_t> protocols;
  for (const auto& name : settings_.alpn) protocols.push_back(as_datum(as_bytes(name)));
  // D-106: only what the configuration names; a server need not choose any.
  if (protocols.empty()) return {};
  int code = gnutls_alpn_set_protocols(session_.get(), protocols.data(),
                                       static_cast<unsigned>(protocols.size()), 0);
  if (code < 0) return setting_failure("ALPN", format("{} names", protocols.size()), code);
  return {};
}

Result<TlsInfo> GnutlsSession::handshake(Deadline deadline) {
  for (;;) {
    int code = gnutls_handshake(session_.get());
    if (code == GNUTLS_E_SUCCESS) break;
    if (gnutls_error_is_fatal(code) != 0) {
      auto failure = tls_failure(session_.get(), code, ErrorKind::TlsHandshake);
      gnutls_alert_send_appropriate(session_.get(), code);
      if (!notes_->key.why_unusable.empty())
        return fail(ErrorKind::TlsHandshake,
                    "the server's certificate is unusable: " + notes_->key.why_unusable);
      return failure;
    }
    if (code != GNUTLS_E_AGAIN && !deadline.passed()) continue;  // a warning alert, a signal
    auto ready = wait(deadline);
    if (!ready) return tl::unexpected(ready.error());
  }
  TlsInfo info = describe_session(session_.get());
  info.sni = settings_.sni;
  info.resumption.wanted = static_cast<bool>(settings_.earlier_session);
  info.resumption.offered = notes_->session_offered;
  auto acceptable = check_outcome(info);
  if (!acceptable) return tl::unexpected(acceptable.error());
  return info;
}

// What the priority string ought to have made impossible is refused here in any case.
Result<void> GnutlsSession::check_protection(const TlsInfo& info) const {
  // RFC 8996 2
  if (gnutls_protocol_get_version(session_.get()) < GNUTLS_TLS1_2)
    return fail(ErrorKind::TlsHandshake, format("{} is too old", info.version));
  if (gnutls_cipher_get(session_.get()) == GNUTLS_CIPHER_NULL)
    return fail(ErrorKind::TlsHandshake, "the session is not encrypted");
  if (settings_.peer_certificate == PeerCertificate::Optional) return {};
  if (info.chain.empty()) return fail(ErrorKind::TlsHandshake, "the peer sent no certificate");
  // Keys of another kind (PSK, SRP) may come with a certificate that has proved nothing.
  if (gnutls_auth_server_get_type(session_.get()) != GNUTLS_CRD_CERTIFICATE)
    return fail(ErrorKind::TlsHandshake,
                "the peer did not prove that it has its certificate's key");
  return {};
}

Result<void> GnutlsSession::check_outcome(const TlsInfo& info) const {
  auto protection = check_protection(info);
  if (protection) protection = check_resumed(session_.get());
  if (!protection) return protection;
  // GnuTLS does not apply the least size to the groups of RFC 7919.
  int dh_bits = gnutls_dh_get_prime_bits(session_.get());
  if (dh_bits > 0 && static_cast<unsigned>(dh_bits) < settings_.min_dh_bits)
    return fail(ErrorKind::TlsHandshake, format("a DH group of only {} bits", dh_bits));
  return {};
}

Result<void> GnutlsSession::wait(Deadline deadline) const {
  bool writing = gnutls_record_get_direction(session_.get()) != 0;
  return wait_for(fd_, writing ? SocketEvent::Writable : SocketEvent::Readable, deadline);
}

Result<std::size_t> GnutlsSession::receive(std::span<std::uint8_t> into, Deadline deadline) {
  for (;;) {
    ssize_t got = gnutls_record_recv(session_.get(), into.data(), into.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    int code = static_cast<int>(got);
    // D-105
    if (code == GNUTLS_E_REHANDSHAKE)
      return fail(ErrorKind::Protocol, "the peer asked for a TLS renegotiation");
    if (gnutls_error_is_fatal(code) != 0)
      return tls_failure(session_.get(), code, ErrorKind::Protocol);
    if (code != GNUTLS_E_AGAIN && !deadline.passed()) continue;
    auto ready = wait(deadline);
    if (!ready) return tl::unexpected(ready.error());
  }
}

Result<void> GnutlsSession::send(ByteView bytes, Deadline deadline) {
  while (!bytes.empty()) {
    ssize_t put = gnutls_record_send(session_.get(), bytes.data(), bytes.size());
    if (put > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(put));
      continue;
    }
    int code = static_cast<int>(put);
    if (gnutls_error_is_fatal(code) != 0)
      return tls_failure(session_.get(), code, ErrorKind::Protocol);
    auto ready = wait(deadline);
    if (!ready) return ready;
  }
  return {};
}

std::optional<ResumableSession> GnutlsSession::resumable() const {
  if (!settings_.earlier_session) return std::nullopt;
  return resumable_part(session_.get(), notes_->ticket_lifetime);
}

void GnutlsSession::send_close_notify() {
  gnutls_bye(session_.get(), GNUTLS_SHUT_WR);
}

void GnutlsSession::send_bad_certificate() {
  gnutls_alert_send(session_.get(), GNUTLS_AL_FATAL, GNUTLS_A_BAD_CERTIFICATE);
}

}  // namespace danesmtp

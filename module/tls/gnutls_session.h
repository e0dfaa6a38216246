// SPDX-License-Identifier: GPL-2.0-or-later
// A TLS client session on a connected non-blocking socket. RFC 8446, 5246, 6066 3, 7301, 8996
// (TLS 1.2 and later, whatever the priority string says). It loads no CA certificates and verifies
// nothing: it returns what the peer presented, and who the peer is gets decided elsewhere
// (dane/dane_verify), of a resumed session too. Renegotiation, post-handshake authentication
// (D-105) and data in the first flight (0-RTT) are refused or not offered.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/deadline.h"
#include "core/result.h"
#include "tls/handshake_hooks.h"
#include "tls/resumption.h"
#include "tls/tls_info.h"
#include "x509/gnutls_handles.h"

namespace danesmtp {

// Whether the peer's certificate is going to be judged. Suites without one (anonymous, PSK, SRP)
// are impossible when it is, whatever the priority string says; otherwise anonymous ones are
// offered if it names them (RFC 7672 8.2, D-102).
enum class PeerCertificate { Required, Optional };

// Whether OCSP responses are asked for with the certificates (RFC 6066 8).
enum class StatusRequest { None, Ask };

struct TlsSettings {
  std::string sni{};       // a host name (D-100: the TLSA base domain under DANE); empty: none
  std::string priority{};  // GnuTLS priority string; empty: NORMAL
  std::string certificate_file{};  // PEM, of the client; empty: none
  std::string key_file{};          // PEM; empty: the key is in the certificate file
  PeerCertificate peer_certificate = PeerCertificate::Required;
  KeyUsage key_usage = KeyUsage::Enforced;
  StatusRequest status_request = StatusRequest::None;
  std::vector<std::string> alpn{};  // protocol names to offer; empty: no ALPN
  unsigned min_dh_bits =
      0;  // of a DH group in TLS 1.2 (1.3 has none below 2048); 0: GnuTLS decides
  // A ResumableSession's octets to go on with, asked for once, when the server is ready for the
  // handshake; empty octets: none. Without it this session can neither resume one nor be resumed.
  std::function<Bytes()> earlier_session{};
};

class GnutlsSession {
 public:
  // Prepares a session on the non-blocking socket `fd`, which is borrowed and must outlive it.
  // BadInput, naming the setting, for an SNI that is no host name, a wrong priority string, or
  // files that cannot be used.
  [[nodiscard]] static Result<GnutlsSession> create(int fd, TlsSettings settings);

  // Errors: TlsHandshake with the alert or GnuTLS's reason, Timeout, Disconnected.
  [[nodiscard]] Result<TlsInfo> handshake(Deadline deadline);

  // At least one octet; 0 after the peer's close_notify. Disconnected for a stream cut short
  // without one, Protocol when the peer asks for renegotiation or breaks TLS.
  [[nodiscard]] Result<std::size_t> receive(std::span<std::uint8_t> into, Deadline deadline);

  // What a later session could go on with, as far as the server has sent it by now: in TLS 1.3 its
  // tickets come with the first octets that are received. Nothing: it cannot.
  [[nodiscard]] std::optional<ResumableSession> resumable() const;

  // All of `bytes`.
  [[nodiscard]] Result<void> send(ByteView bytes, Deadline deadline);

  // Both make one attempt, do not wait, and leave the socket to its owner.
  void send_close_notify();
  void send_bad_certificate();

 private:
  GnutlsSession(int fd, TlsSettings settings, GnutlsSessionHandle session)
      : fd_(fd), settings_(std::move(settings)), session_(std::move(session)) {}

  [[nodiscard]] Result<void> load_credentials();
  [[nodiscard]] Result<void> set_priority();
  [[nodiscard]] Result<void> set_extensions();
  [[nodiscard]] Result<void> check_outcome(const TlsInfo& info) const;
  [[nodiscard]] Result<void> check_protection(const TlsInfo& info) const;
  [[nodiscard]] Result<void> wait(Deadline deadline) const;

  int fd_;
  TlsSettings settings_;
  GnutlsCertificateCredentials certificate_credentials_;
  GnutlsAnonymousCredentials anonymous_credentials_;
  std::unique_ptr<HandshakeNotes> notes_ = std::make_unique<HandshakeNotes>();
  GnutlsSessionHandle session_;  // uses the credentials: destroyed before them
};

}  // namespace danesmtp

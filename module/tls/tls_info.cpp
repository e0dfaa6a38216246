// SPDX-License-Identifier: GPL-2.0-or-later
#include "tls/tls_info.h"

#include <gnutls/ocsp.h>

#include <algorithm>
#include <array>

#include "core/format.h"
#include "x509/certificate.h"
#include "x509/gnutls_handles.h"

namespace danesmtp {
namespace {

std::string subject_of(ByteView der) {
  auto certificate = read_by_gnutls(der);
  std::array<char, 1024> text{};
  std::size_t size = text.size();
  if (!certificate || gnutls_x509_crt_get_dn(certificate->get(), text.data(), &size) < 0) return {};
  return text.data();
}

std::string cipher_of(gnutls_session_t session, int key_bits) {
  GnutlsText description(gnutls_session_get_desc(session));
  return cipher_text(description ? description.get() : "", key_bits);
}

std::string version_of(gnutls_session_t session) {
  return or_empty(gnutls_protocol_get_name(gnutls_protocol_get_version(session)));
}

PeerChain chain_of(gnutls_session_t session) {
  PeerChain chain;
  if (gnutls_certificate_type_get2(session, GNUTLS_CTYPE_SERVER) != GNUTLS_CRT_X509) return chain;
  unsigned count = 0;
  const auto* certificates = gnutls_certificate_get_peers(session, &count);
  for (unsigned i = 0; certificates != nullptr && i < count; ++i)
    chain.push_back(to_bytes(certificates[i]));
  return chain;
}

std::vector<Bytes> staples_of(gnutls_session_t session, std::size_t count) {
  std::vector<Bytes> staples(count);
  for (std::size_t i = 0; i < count; ++i) {
    gnutls_datum_t response{nullptr, 0};
    if (gnutls_ocsp_status_request_get2(session, static_cast<unsigned>(i), &response) == 0)
      staples[i] = to_bytes(response);
  }
  return staples;
}

std::string alpn_of(gnutls_session_t session) {
  gnutls_datum_t name{nullptr, 0};
  if (gnutls_alpn_get_selected_protocol(session, &name) < 0) return {};
  return std::string(as_text(to_bytes(name)));
}

// Right after the handshake. In a resumed session tls-unique is fit for use because there is none
// without the extended master secret (RFC 7677 4, RFC 7627 5.3; tls/resumption).
ChannelBinding channel_binding_of(gnutls_session_t session) {
  ChannelBinding binding;
  const bool tls13 = gnutls_protocol_get_version(session) >= GNUTLS_TLS1_3;
  // RFC 9266 3: in TLS 1.3 there is no tls-unique.
  const auto wanted = tls13 ? GNUTLS_CB_TLS_EXPORTER : GNUTLS_CB_TLS_UNIQUE;
  GnutlsOctets octets, text;
  if (gnutls_session_channel_binding(session, wanted, &octets.datum) < 0) return binding;
  if (gnutls_base64_encode2(&octets.datum, &text.datum) < 0) return binding;
  binding.base64 = as_text(text.view());
  binding.type = tls13 ? ChannelBindingType::Exporter : ChannelBindingType::Unique;
  binding.extended_master_secret = tls13 || gnutls_session_ext_master_secret_status(session) != 0;
  return binding;
}

}  // namespace

std::string or_empty(const char* text) {
  return text == nullptr ? std::string() : text;
}

TlsInfo describe_session(gnutls_session_t session) {
  auto key_octets = gnutls_cipher_get_key_size(gnutls_cipher_get(session));
  TlsInfo info;
  info.version = version_of(session);
  info.key_bits = static_cast<int>(key_octets) * 8;
  info.cipher = cipher_of(session, info.key_bits);
  info.group = or_empty(gnutls_group_get_name(gnutls_group_get(session)));
  info.standard_cipher = or_empty(gnutls_ciphersuite_get(session));
  info.chain = chain_of(session);
  info.ocsp_staples = staples_of(session, info.chain.size());
  if (!info.chain.empty()) info.peer_dn = subject_of(info.chain.front());
  info.alpn = alpn_of(session);
  info.resumption.used = gnutls_session_is_resumed(session) != 0;
  info.channel_binding = channel_binding_of(session);
  return info;
}

std::string cipher_text(std::string_view description, int key_bits) {
  std::string text;
  int group = 0;
  for (std::size_t at = 0; at < description.size(); ++group) {
    std::size_t end = std::min(description.find(')', at), description.size());
    if (group > 0) text += group == 1 ? ":" : "__";
    std::string part(description.substr(at + 1, end - at - 1));  // without the parenthesis
    if (group > 0) std::replace(part.begin(), part.end(), '-', '_');
    text += part;
    at = end + 2;  // past ")-"
  }
  return format("{}:{}", text, key_bits);
}

std::string certificate_pem(ByteView der) {
  const auto octets = as_datum(der);
  GnutlsOctets text;
  if (gnutls_pem_base64_encode2("CERTIFICATE", &octets, &text.datum) != GNUTLS_E_SUCCESS) return {};
  return std::string(as_text(text.view()));
}

}  // namespace danesmtp

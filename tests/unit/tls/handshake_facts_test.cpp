// SPDX-License-Identifier: GPL-2.0-or-later
// What a completed handshake tells: version, suite, group, names, chain, staples, channel binding.
#include "tls/gnutls_session.h"

#include <iterator>

#include "unit/tls/handshake_support.h"

using namespace danesmtp;
using namespace danesmtp::test;
using namespace std::chrono_literals;

namespace {

struct CipherText {
  const char* description;
  int bits;
  const char* text;
};

const CipherText kCipherTexts[] = {
    {"(TLS1.3)-(ECDHE-SECP256R1)-(ECDSA-SECP256R1-SHA256)-(AES-256-GCM)", 256,
     "TLS1.3:ECDHE_SECP256R1__ECDSA_SECP256R1_SHA256__AES_256_GCM:256"},
    {"(TLS1.2)-(ECDHE-X25519)-(RSA-SHA256)-(AES-128-GCM)", 128,
     "TLS1.2:ECDHE_X25519__RSA_SHA256__AES_128_GCM:128"},
    {"(TLS1.2)-(RSA)-(AES-128-CBC)-(SHA1)", 128, "TLS1.2:RSA__AES_128_CBC__SHA1:128"},
    {"(TLS1.0-PKIX)-(X)", 0, "TLS1.0-PKIX:X:0"},
    {"", 0, ":0"},
    {"(", 0, ":0"},
};

struct Binding {
  const char* priority;
  ChannelBindingType type;
  gnutls_channel_binding_t at_server;
  std::size_t size;
};

const Binding kBindings[] = {
    {kTls13, ChannelBindingType::Exporter, GNUTLS_CB_TLS_EXPORTER, 32},
    {kTls12, ChannelBindingType::Unique, GNUTLS_CB_TLS_UNIQUE, 12},
};

// What both ends of one session have.
struct BothBindings {
  ChannelBinding ours;
  Bytes theirs;
};

BothBindings bindings_of(const Binding& row) {
  BothBindings both;
  ScriptedPeer peer([&](PeerSide& side) {
    if (!side.start_tls({.priority = row.priority})) return;
    both.theirs = side.tls().channel_binding(row.at_server);
    side.wait_for_hangup();
  });
  LineChannel channel(peer.take_socket());
  both.ours = assert_ok(channel.start_tls({}, Deadline::in(5s))).channel_binding;
  channel.close();
  peer.heard();
  return both;
}

Bytes decoded(const std::string& base64) {
  const gnutls_datum_t text = as_datum(as_bytes(base64));
  gnutls_datum_t octets{nullptr, 0};
  ck_assert_int_eq(gnutls_base64_decode2(&text, &octets), 0);
  Bytes bytes = to_bytes(octets);
  gnutls_free(octets.data);
  return bytes;
}

}  // namespace

START_TEST(tells_what_was_agreed) {
  Session session(TlsServerSettings{
      .priority =
          "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-SECP256R1:-CIPHER-ALL:+AES-256-GCM"});
  auto info = assert_ok(session.start({.sni = "MX.lab."}));
  assert_text(info.version, "TLS1.3");
  assert_text(info.cipher, "TLS1.3:ECDHE_SECP256R1__ECDSA_SECP256R1_SHA256__AES_256_GCM:256");
  assert_text(info.group, "SECP256R1");
  assert_text(info.standard_cipher, "TLS_AES_256_GCM_SHA384");
  ck_assert_int_eq(info.key_bits, 256);
  assert_text(info.peer_dn, "O=Lab,CN=mx.lab");
  assert_text(info.sni, "mx.lab");
  assert_text(info.alpn, "");
  ck_assert(!info.resumption.used);
  ck_assert_uint_eq(info.chain.size(), 1);
  ck_assert_uint_eq(info.ocsp_staples.size(), 1);
  ck_assert(info.ocsp_staples[0].empty());
}
END_TEST

START_TEST(tells_what_was_agreed_in_tls12) {
  Session session(TlsServerSettings{
      .priority =
          "NORMAL:-VERS-ALL:+VERS-TLS1.2:-GROUP-ALL:+GROUP-SECP256R1:-CIPHER-ALL:+AES-128-GCM"});
  auto info = assert_ok(session.start({}));
  assert_text(info.version, "TLS1.2");
  assert_text(info.cipher, "TLS1.2:ECDHE_SECP256R1__ECDSA_SHA256__AES_128_GCM:128");
  assert_text(info.standard_cipher, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
  assert_text(info.sni, "");
}
END_TEST

// The chain is what the server sent, octet by octet; nothing here asks who signed it.
START_TEST(the_chain_is_as_sent) {
  Bytes sent;
  TlsInfo info;
  std::string sni;
  ScriptedPeer peer([&](PeerSide& side) {
    if (!side.start_tls({})) return;
    sent = side.tls().certificate();
    sni = side.tls().client_sni();
    side.wait_for_hangup();
  });
  {
    LineChannel channel(peer.take_socket());
    info = assert_ok(channel.start_tls({.sni = "mx.lab"}, Deadline::in(5s)));
    channel.close();
  }
  peer.heard();
  ck_assert(info.chain == PeerChain{sent});
  assert_text(sni, "mx.lab");  // tests D-100
  assert_text(peer.tls_ending(), "");
}
END_TEST

// RFC 9266, RFC 5929 3: that of the server, and of this session only
START_TEST(the_channel_binding_is_that_of_the_server) {
  const auto& row = kBindings[_i];
  const auto one = bindings_of(row);
  const auto another = bindings_of(row);
  ck_assert(one.ours.type == row.type);
  ck_assert_uint_eq(one.theirs.size(), row.size);
  ck_assert(decoded(one.ours.base64) == one.theirs);
  ck_assert(one.ours.base64.find('\n') == std::string::npos);
  ck_assert(one.ours.base64 != another.ours.base64);
  ck_assert(one.ours.extended_master_secret || row.type == ChannelBindingType::Unique);
}
END_TEST

START_TEST(staple_and_alpn) {
  Session session(TlsServerSettings{.alpn = "smtp", .staple = "not really OCSP"});
  auto info =
      assert_ok(session.start({.status_request = StatusRequest::Ask, .alpn = {"other", "smtp"}}));
  assert_text(info.alpn, "smtp");
  ck_assert_uint_eq(info.ocsp_staples.size(), 1);
  ck_assert(as_text(info.ocsp_staples[0]) == "not really OCSP");
}
END_TEST

START_TEST(cipher_texts) {
  assert_text(cipher_text(kCipherTexts[_i].description, kCipherTexts[_i].bits),
              kCipherTexts[_i].text);
}
END_TEST

int main() {
  Suite* suite = suite_create("handshake facts");
  TCase* tc = tcase_create("handshake");
  tcase_set_timeout(tc, 15);
  tcase_add_test(tc, tells_what_was_agreed);
  tcase_add_test(tc, tells_what_was_agreed_in_tls12);
  tcase_add_test(tc, the_chain_is_as_sent);
  tcase_add_loop_test(tc, the_channel_binding_is_that_of_the_server, 0,
                      static_cast<int>(std::size(kBindings)));
  tcase_add_test(tc, staple_and_alpn);
  tcase_add_loop_test(tc, cipher_texts, 0, static_cast<int>(std::size(kCipherTexts)));
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// What the client offers and insists on, whatever its settings say: cipher suites, key usage, group
// sizes, status requests, its own certificate, renegotiation.
#include "tls/gnutls_session.h"

#include <array>
#include <string>
#include <vector>

#include "unit/tls/handshake_support.h"

using namespace danesmtp;
using namespace danesmtp::test;
using namespace std::chrono_literals;

namespace {

const char* const kCbc = "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC";

// The names of the suites in the ClientHello.
std::vector<std::string> offered(const TlsSettings& settings) {
  std::string hello;
  ScriptedPeer peer([&](PeerSide& side) {
    hello = side.hear_octets(5);
    const auto octet = [&](std::size_t at) { return static_cast<unsigned char>(hello[at]); };
    if (hello.size() == 5) hello = side.hear_octets(octet(3) * 256U + octet(4));
  });
  LineChannel channel(peer.take_socket());
  static_cast<void>(channel.start_tls(settings, Deadline::in(1s)));
  channel.close();
  peer.heard();
  const auto octet = [&](std::size_t at) { return static_cast<unsigned char>(hello.at(at)); };
  std::size_t at = 4 + 2 + 32;  // header, version, random
  at += 1U + octet(at);         // session id
  const std::size_t end = at + 2 + octet(at) * 256U + octet(at + 1);
  std::vector<std::string> names;
  for (at += 2; at < end; at += 2) {
    unsigned char id[2]{};
    const char* name = "";
    for (std::size_t i = 0; name != nullptr; ++i) {
      name = gnutls_cipher_suite_info(i, id, nullptr, nullptr, nullptr, nullptr);
      if (name != nullptr && id[0] == octet(at) && id[1] == octet(at + 1)) names.emplace_back(name);
    }
  }
  return names;
}

// Key exchanges that GnuTLS was built without are errors in a priority string.
std::string everything_but_certificates() {
  std::string parts = ":+ANON-DH:+ANON-ECDH:+PSK:+DHE-PSK:+ECDHE-PSK:+RSA-PSK";
  for (const char* name : {"SRP", "SRP-RSA", "SRP-DSS"})
    if (gnutls_kx_get_id(name) != GNUTLS_KX_UNKNOWN) parts += std::string(":+") + name;
  return parts + ":+NULL:+SHA1:+CTYPE-RAWPK";
}

}  // namespace

// tests D-102: whatever the priority string asks for
START_TEST(only_suites_with_encryption_and_a_certificate_are_offered) {
  for (const char* base : {"NORMAL", "SECURE128", "NORMAL:-VERS-TLS1.3", "LEGACY", "PERFORMANCE",
                           "NONE:+VERS-TLS1.2:+ECDHE-ECDSA:+AES-128-GCM:+AEAD:+SIGN-ALL:+GROUP-ALL:"
                           "+COMP-NULL:+CTYPE-X509"}) {
    const std::string wish = std::string(base) + everything_but_certificates();
    const auto names = offered({.priority = wish});
    ck_assert_msg(!names.empty(), "%s", base);
    for (const auto& name : names)
      for (const char* part : {"ANON", "PSK", "SRP", "NULL"})
        ck_assert_msg(name.find(part) == std::string::npos, "%s: %s", base, name.c_str());
    // Nobody is authenticated: anonymous ones if they are asked for, but never without encryption.
    bool anonymous = false;
    for (const auto& name :
         offered({.priority = wish, .peer_certificate = PeerCertificate::Optional})) {
      ck_assert_msg(name.find("NULL") == std::string::npos, "%s: %s", base, name.c_str());
      anonymous = anonymous || name.find("ANON") != std::string::npos;
    }
    ck_assert_msg(anonymous, "%s", base);
  }
}
END_TEST

// tests D-081: with usage 3 the key usage of the leaf is not looked at, and nothing else is given
// up for that (RFC 9325 3.5: the extended master secret, encrypt-then-MAC)
START_TEST(a_key_usage_does_not_matter) {
  const char* priority = std::array{kTls12, kTls13, kCbc}[static_cast<std::size_t>(_i) / 2];
  const bool ignored = _i % 2 == 0;
  bool extended = false, encrypt_then_mac = false;
  ScriptedPeer peer([&](PeerSide& side) {
    if (!side.start_tls({.priority = priority, .key_usage = GNUTLS_KEY_KEY_CERT_SIGN})) return;
    extended = side.tls().extended_master_secret();
    encrypt_then_mac = side.tls().encrypt_then_mac();
    side.wait_for_hangup();
  });
  LineChannel channel(peer.take_socket());
  auto info = channel.start_tls({.key_usage = ignored ? KeyUsage::Ignored : KeyUsage::Enforced},
                                Deadline::in(5s));
  ck_assert_msg(info.has_value() == ignored, "%s", priority);
  channel.close();
  peer.heard();
  if (!ignored) return assert_contains(info.error().text, "Key usage violation");
  ck_assert(extended && info->channel_binding.extended_master_secret);
  ck_assert(encrypt_then_mac == (priority == kCbc));
}
END_TEST

START_TEST(ordinary_sessions_have_the_extended_master_secret) {
  Session session(TlsServerSettings{.priority = kTls12});
  ck_assert(assert_ok(session.start({})).channel_binding.extended_master_secret);
}
END_TEST

START_TEST(an_anonymous_server_is_accepted_if_wanted) {
  Session session(TlsServerSettings{.priority = kAnonymousOnly, .anonymity = TlsAnonymity::Only});
  auto info = assert_ok(
      session.start({.priority = kAnonymousToo, .peer_certificate = PeerCertificate::Optional}));
  ck_assert(info.chain.empty());
  assert_text(info.peer_dn, "");
}
END_TEST

START_TEST(a_group_of_the_least_size) {
  Session session(TlsServerSettings{.priority = kSmallGroup, .anonymity = TlsAnonymity::Only});
  auto info = assert_ok(session.start({.priority = kAnonymousToo,
                                       .peer_certificate = PeerCertificate::Optional,
                                       .min_dh_bits = 2048}));
  assert_text(info.group, "FFDHE2048");
}
END_TEST

START_TEST(elliptic_curves_are_no_small_groups) {
  Session session(TlsServerSettings{.priority = _i == 0 ? kTls12 : kTls13});
  assert_ok(session.start({.min_dh_bits = 3072}));
}
END_TEST

// tests D-120: GnuTLS would ask by itself
START_TEST(no_staple_unless_asked_for) {
  for (const char* priority : {kTls12, "NORMAL:-VERS-ALL:+VERS-TLS1.3"})
    for (auto ask : {StatusRequest::None, StatusRequest::Ask}) {
      Session session(TlsServerSettings{.priority = priority, .staple = "not really OCSP"});
      auto info = assert_ok(session.start({.status_request = ask}));
      ck_assert_uint_eq(info.ocsp_staples.size(), 1);
      ck_assert_msg(info.ocsp_staples[0].empty() == (ask == StatusRequest::None), "%s", priority);
    }
}
END_TEST

// In TLS 1.3 a server says only after the handshake that it wanted a certificate.
START_TEST(client_certificate) {
  TestIdentity identity("client.lab");
  TemporaryFile both(identity.pem());
  for (const auto& file : {both.path(), std::string()}) {
    std::size_t seen = 0;
    ScriptedPeer peer([&seen](PeerSide& side) {
      if (!side.start_tls({.priority = kTls12, .ask_certificate = true})) return;
      seen = side.tls().client_certificates();
      side.wait_for_hangup();
    });
    bool done = false;
    {
      LineChannel channel(peer.take_socket());
      done = channel.start_tls({.certificate_file = file}, Deadline::in(5s)).has_value();
    }
    peer.heard();
    ck_assert_uint_eq(seen, file.empty() ? 0 : 1);
    ck_assert(done == !file.empty());
  }
}
END_TEST

// tests D-105: a TLS 1.3 server may only ask if the client has offered it
START_TEST(no_authentication_after_the_handshake) {
  int asked = 0;
  ScriptedPeer peer([&asked](PeerSide& side) {
    if (side.start_tls({.priority = kTls13})) asked = side.tls().ask_authentication();
  });
  {
    LineChannel channel(peer.take_socket());
    assert_ok(channel.start_tls({}, Deadline::in(5s)));
  }
  peer.heard();
  ck_assert_int_eq(asked, GNUTLS_E_INVALID_REQUEST);
}
END_TEST

// tests D-105
START_TEST(no_renegotiation) {
  ScriptedPeer peer([](PeerSide& side) {
    if (!side.start_tls({.priority = kTls12})) return;
    side.tls().ask_renegotiation();
    side.say("220 hello\r\n");
    side.wait_for_hangup();
  });
  LineChannel channel(peer.take_socket());
  assert_ok(channel.start_tls({}, Deadline::in(5s)));
  assert_error(channel.read_line(Deadline::in(5s)), ErrorKind::Protocol);
  ck_assert(!channel.open());
}
END_TEST

int main() {
  Suite* suite = suite_create("handshake offer");
  TCase* tc = tcase_create("handshake");
  tcase_set_timeout(tc, 15);
  tcase_add_test(tc, only_suites_with_encryption_and_a_certificate_are_offered);
  tcase_add_loop_test(tc, a_key_usage_does_not_matter, 0, 6);
  tcase_add_test(tc, ordinary_sessions_have_the_extended_master_secret);
  tcase_add_test(tc, an_anonymous_server_is_accepted_if_wanted);
  tcase_add_test(tc, a_group_of_the_least_size);
  tcase_add_loop_test(tc, elliptic_curves_are_no_small_groups, 0, 2);
  tcase_add_test(tc, no_staple_unless_asked_for);
  tcase_add_test(tc, client_certificate);
  tcase_add_test(tc, no_authentication_after_the_handshake);
  tcase_add_test(tc, no_renegotiation);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// The TLS session against a GnuTLS server in a thread: first what must be refused, then what a
// completed handshake tells.
#include "tls/gnutls_session.h"

#include <array>
#include <iterator>

#include "fakes/scripted_peer.h"
#include "smtp/line_channel.h"
#include "unit/check_support.h"
#include "unit/smtp/time_limit.h"
#include "unit/x509/forged_certificate.h"

using namespace danesmtp;
using namespace danesmtp::test;
using namespace std::chrono_literals;

namespace {

constexpr auto kShort = 200ms;
const char* const kOldTls = "NORMAL:-VERS-ALL:+VERS-TLS1.1";
const char* const kTls12 = "NORMAL:-VERS-ALL:+VERS-TLS1.2";
const char* const kTls13 = "NORMAL:-VERS-ALL:+VERS-TLS1.3";
const char* const kAnonymousOnly = "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+ANON-ECDH";
const char* const kSmallGroup =
    "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+ANON-DH:-GROUP-ALL:+GROUP-FFDHE2048";
const char* const kAnonymousToo = "NORMAL:-VERS-ALL:+VERS-TLS1.2:+ANON-ECDH:+ANON-DH";

ScriptedPeer::Script server(TlsServerSettings settings) {
  return [settings](PeerSide& peer) {
    if (peer.start_tls(settings)) peer.wait_for_hangup();
  };
}

struct Refusal {
  const char* why;
  ScriptedPeer::Script script;
  TlsSettings settings;
  ErrorKind kind;
  bool waits;  // it takes the whole time limit
};

const Refusal kRefusals[] = {
    // tests D-101
    {"a server with TLS 1.1 only",
     server({.priority = kOldTls}),
     {},
     ErrorKind::TlsHandshake,
     false},
    {"the same, and the priority string allows it",
     server({.priority = kOldTls}),
     {.priority = "NORMAL:+VERS-TLS1.1:+VERS-TLS1.0:%COMPAT"},
     ErrorKind::TlsHandshake,
     false},
    // tests D-102
    {"an anonymous server",
     server({.priority = kAnonymousOnly, .anonymity = TlsAnonymity::Only}),
     {},
     ErrorKind::TlsHandshake,
     false},
    {"the same, and the priority string allows it",
     server({.priority = kAnonymousOnly, .anonymity = TlsAnonymity::Only}),
     {.priority = kAnonymousToo},
     ErrorKind::TlsHandshake,
     false},
    {"an anonymous server that no priority string names",
     server({.priority = kAnonymousOnly, .anonymity = TlsAnonymity::Only}),
     {.peer_certificate = PeerCertificate::Optional},
     ErrorKind::TlsHandshake,
     false},
    // tests D-108
    {"silence", [](PeerSide& peer) { peer.wait_for_hangup(); }, {}, ErrorKind::Timeout, true},
    {"half a record",
     [](PeerSide& peer) {
       peer.take(1);
       peer.say(std::string_view("\x16\x03\x03\x00\x7a\x02\x00", 7));
       peer.wait_for_hangup();
     },
     {},
     ErrorKind::Timeout,
     true},
    {"closed",
     [](PeerSide& peer) {
       peer.take(1);
       peer.drop();
     },
     {},
     ErrorKind::Disconnected,
     false},
    {"reset", [](PeerSide& peer) { peer.reset(); }, {}, ErrorKind::Disconnected, false},
    {"garbage",
     [](PeerSide& peer) {
       peer.take(1);
       peer.say(std::string(64, 'G'));
       peer.wait_for_hangup();
     },
     {},
     ErrorKind::TlsHandshake,
     false},
    {"SMTP",
     [](PeerSide& peer) {
       peer.take(1);
       peer.say("454 TLS not available\r\n");
       peer.wait_for_hangup();
     },
     {},
     ErrorKind::TlsHandshake,
     false},
    {"an alert",
     [](PeerSide& peer) {
       peer.take(1);
       peer.say(std::string_view("\x15\x03\x03\x00\x02\x02\x28", 7));
       peer.wait_for_hangup();
     },
     {},
     ErrorKind::TlsHandshake,
     false},
    {"warnings without end",
     [](PeerSide& peer) {
       peer.take(1);
       for (int i = 0; i < 80; ++i) {
         peer.say(std::string_view("\x15\x03\x03\x00\x02\x01\x70", 7));
         std::this_thread::sleep_for(5ms);
       }
     },
     {},
     ErrorKind::TlsHandshake,
     false},
    {"no version in common",
     server({.priority = kTls13}),
     {.priority = kTls12},
     ErrorKind::TlsHandshake,
     false},
    {"a group that is too small",
     server({.priority = kSmallGroup, .anonymity = TlsAnonymity::Only}),
     {.priority = kAnonymousToo,
      .peer_certificate = PeerCertificate::Optional,
      .min_dh_bits = 2049},
     ErrorKind::TlsHandshake,
     false},
};

struct BadSetting {
  const char* part;  // of the error
  TlsSettings settings;
};

const BadSetting kBadSettings[] = {
    {"priority", {.priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+NULL:+SHA1"}},
    {"priority", {.priority = "NORMAL:NONSENSE"}},
    {"priority", {.priority = "NORMAL:-VERS-ALL:+VERS-TLS1.1"}},  // nothing is left of it
    {"SNI", {.sni = "192.0.2.1"}},
    {"SNI", {.sni = "2001:db8::1"}},
    {"SNI", {.sni = std::string("mx\0.lab", 7)}},
    {"certificate", {.certificate_file = "/nonexistent/cert.pem"}},
    {"certificate", {.certificate_file = "/dev/null"}},
};

// A completed handshake; the channel is closed before the peer is asked what it saw.
struct Session {
  ScriptedPeer peer;
  LineChannel channel;
  Session(const TlsServerSettings& settings) : Session(server(settings)) {}
  explicit Session(const ScriptedPeer::Script& script)
      : peer(script), channel(peer.take_socket()) {}
  Result<TlsInfo> start(const TlsSettings& settings) {
    return channel.start_tls(settings, Deadline::in(5s));
  }
};

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

}  // namespace

START_TEST(refuses) {
  const auto& row = kRefusals[_i];
  ScriptedPeer peer(row.script);
  LineChannel channel(peer.take_socket());
  TimeLimit limit(kShort, row.waits ? TimeUse::All : TimeUse::Part);
  auto error = assert_error(channel.start_tls(row.settings, Deadline::in(kShort)), row.kind);
  limit.check();
  ck_assert_msg(!channel.open() && !channel.secured(), "%s", row.why);
  ck_assert_msg(error.text.find('\n') == std::string::npos, "%s", row.why);
}
END_TEST

START_TEST(bad_settings) {
  ScriptedPeer peer(server({}));
  LineChannel channel(peer.take_socket());
  auto error = assert_error(channel.start_tls(kBadSettings[_i].settings, Deadline::in(5s)),
                            ErrorKind::BadInput);
  assert_contains(error.text, kBadSettings[_i].part);
}
END_TEST

START_TEST(an_alert_is_named) {
  ScriptedPeer peer([](PeerSide& side) {
    side.take(1);
    side.say(std::string_view("\x15\x03\x03\x00\x02\x02\x28", 7));
    side.wait_for_hangup();
  });
  LineChannel channel(peer.take_socket());
  auto error = assert_error(channel.start_tls({}, Deadline::in(5s)), ErrorKind::TlsHandshake);
  assert_contains(error.text, "Handshake failed");
}
END_TEST

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
  ck_assert(!info.resumed);
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

namespace {
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

// GnuTLS proves the key of the very octets that are then judged: whoever sends another's
// certificate does not get through the handshake.
START_TEST(the_key_that_is_proved_is_that_of_the_chain) {
  const char* priority = _i == 0 ? kTls12 : kTls13;
  const TestIdentity another("mx.lab");
  ScriptedPeer peer(server({.priority = priority, .shown = another.der()}));
  LineChannel channel(peer.take_socket());
  assert_error(channel.start_tls({}, Deadline::in(5s)), ErrorKind::TlsHandshake);
}
END_TEST

// The signature of the handshake is not even looked at when the key is one that costs seconds.
START_TEST(an_unusable_key_ends_the_handshake_before_it_is_used) {
  const char* priority = _i == 0 ? kTls12 : kTls13;
  const Bytes key = rsa_key_info(16400, {1, 0, 1});
  const Bytes shown = with_field(issue({.subject = "any"}, nullptr).der, kKey, key);
  ScriptedPeer peer(server({.priority = priority, .rsa = true, .shown = shown}));
  LineChannel channel(peer.take_socket());
  auto error = assert_error(channel.start_tls({}, Deadline::in(5s)), ErrorKind::TlsHandshake);
  assert_text(error.text,
              "the server's certificate is unusable: its RSA key has 16400 bits, more than 16384");
}
END_TEST

// tests D-081: with usage 3 the key usage of the leaf is not looked at, and nothing else is given
// up for that (RFC 9325 3.5: the extended master secret, encrypt-then-MAC)
const char* const kCbc = "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC";
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

// tests D-102: whatever the priority string asks for
START_TEST(only_suites_with_encryption_and_a_certificate_are_offered) {
  for (const char* base : {"NORMAL", "SECURE128", "NORMAL:-VERS-TLS1.3", "LEGACY", "PERFORMANCE",
                           "NONE:+VERS-TLS1.2:+ECDHE-ECDSA:+AES-128-GCM:+AEAD:+SIGN-ALL:+GROUP-ALL:"
                           "+COMP-NULL:+CTYPE-X509"}) {
    const std::string wish = std::string(base) +
                             ":+ANON-DH:+ANON-ECDH:+PSK:+DHE-PSK:+ECDHE-PSK:+RSA-PSK:+SRP:+SRP-RSA:"
                             "+SRP-DSS:+NULL:+SHA1:+CTYPE-RAWPK";
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

START_TEST(an_anonymous_server_is_accepted_if_wanted) {
  Session session(TlsServerSettings{.priority = kAnonymousOnly, .anonymity = TlsAnonymity::Only});
  auto info = assert_ok(
      session.start({.priority = kAnonymousToo, .peer_certificate = PeerCertificate::Optional}));
  ck_assert(info.chain.empty());
  assert_text(info.peer_dn, "");
}
END_TEST

START_TEST(elliptic_curves_are_no_small_groups) {
  Session session(TlsServerSettings{.priority = _i == 0 ? kTls12 : kTls13});
  assert_ok(session.start({.min_dh_bits = 3072}));
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

START_TEST(staple_and_alpn) {
  Session session(TlsServerSettings{.alpn = "smtp", .staple = "not really OCSP"});
  auto info =
      assert_ok(session.start({.status_request = StatusRequest::Ask, .alpn = {"other", "smtp"}}));
  assert_text(info.alpn, "smtp");
  ck_assert_uint_eq(info.ocsp_staples.size(), 1);
  ck_assert(as_text(info.ocsp_staples[0]) == "not really OCSP");
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

START_TEST(octets_both_ways) {
  std::string much(300000, 'x');
  much += "\r\n.\r\n";
  ScriptedPeer peer([](PeerSide& side) {
    if (!side.start_tls({})) return;
    side.say_octet_by_octet("250 ok\r\n");
    side.hear_message();
    side.say("250 got it\r\n");
    side.wait_for_hangup();
  });
  {
    LineChannel channel(peer.take_socket());
    assert_ok(channel.start_tls({}, Deadline::in(5s)));
    assert_text(assert_ok(channel.read_line(Deadline::in(5s))), "250 ok");
    assert_ok(channel.write_all(as_bytes(much), Deadline::in(5s)));
    assert_text(assert_ok(channel.read_line(Deadline::in(5s))), "250 got it");
  }
  ck_assert(peer.heard().at(0) == much);
}
END_TEST

START_TEST(silence_under_tls_ends_in_time) {
  Session session(TlsServerSettings{});
  assert_ok(session.start({}));
  TimeLimit limit(kShort, TimeUse::All);
  assert_error(session.channel.read_line(Deadline::in(kShort)), ErrorKind::Timeout);
  limit.check();
}
END_TEST

START_TEST(a_write_under_tls_ends_in_time) {
  ScriptedPeer peer([](PeerSide& side) {
    side.start_tls({});
    std::this_thread::sleep_for(500ms);
  });
  LineChannel channel(peer.take_socket());
  assert_ok(channel.start_tls({}, Deadline::in(5s)));
  std::string much(8 << 20, 'x');
  TimeLimit limit(kShort, TimeUse::All);
  assert_error(channel.write_all(as_bytes(much), Deadline::in(kShort)), ErrorKind::Timeout);
  limit.check();
}
END_TEST

// With and without close_notify: both are the end. A write after it raises no SIGPIPE.
START_TEST(the_end_of_the_stream) {
  bool in_order = _i == 0;
  ScriptedPeer peer([in_order](PeerSide& side) {
    if (!side.start_tls({})) return;
    if (in_order) side.tls().close();
    side.drop();
  });
  LineChannel channel(peer.take_socket());
  assert_ok(channel.start_tls({}, Deadline::in(5s)));
  if (_i == 2) {
    std::this_thread::sleep_for(50ms);
    assert_error(channel.write_all(as_bytes(std::string(1 << 20, 'x')), Deadline::in(5s)),
                 ErrorKind::Disconnected);
  } else {
    assert_error(channel.read_line(Deadline::in(5s)), ErrorKind::Disconnected);
  }
}
END_TEST

START_TEST(octets_that_are_not_tls_after_the_handshake) {
  ScriptedPeer peer([](PeerSide& side) {
    if (!side.start_tls({})) return;
    side.say_in_clear("250 injected\r\n");
    side.wait_for_hangup();
  });
  LineChannel channel(peer.take_socket());
  assert_ok(channel.start_tls({}, Deadline::in(5s)));
  assert_error(channel.read_line(Deadline::in(5s)), ErrorKind::Protocol);
}
END_TEST

START_TEST(a_refused_certificate_is_told) {
  ScriptedPeer peer(server({}));
  {
    LineChannel channel(peer.take_socket());
    assert_ok(channel.start_tls({}, Deadline::in(5s)));
    channel.refuse_certificate();
    ck_assert(!channel.open());
  }
  assert_text(peer.tls_ending(), "Certificate is bad");
}
END_TEST

START_TEST(cipher_texts) {
  assert_text(cipher_text(kCipherTexts[_i].description, kCipherTexts[_i].bits),
              kCipherTexts[_i].text);
}
END_TEST

int main() {
  Suite* suite = suite_create("gnutls_session");
  TCase* tc = tcase_create("handshake");
  tcase_set_timeout(tc, 15);
  tcase_add_loop_test(tc, refuses, 0, static_cast<int>(std::size(kRefusals)));
  tcase_add_loop_test(tc, bad_settings, 0, static_cast<int>(std::size(kBadSettings)));
  tcase_add_test(tc, an_alert_is_named);
  tcase_add_test(tc, tells_what_was_agreed);
  tcase_add_test(tc, tells_what_was_agreed_in_tls12);
  tcase_add_test(tc, the_chain_is_as_sent);
  tcase_add_loop_test(tc, the_channel_binding_is_that_of_the_server, 0,
                      static_cast<int>(std::size(kBindings)));
  tcase_add_loop_test(tc, a_key_usage_does_not_matter, 0, 6);
  tcase_add_test(tc, ordinary_sessions_have_the_extended_master_secret);
  tcase_add_test(tc, only_suites_with_encryption_and_a_certificate_are_offered);
  tcase_add_loop_test(tc, the_key_that_is_proved_is_that_of_the_chain, 0, 2);
  tcase_add_loop_test(tc, an_unusable_key_ends_the_handshake_before_it_is_used, 0, 2);
  tcase_add_test(tc, an_anonymous_server_is_accepted_if_wanted);
  tcase_add_test(tc, a_group_of_the_least_size);
  tcase_add_loop_test(tc, elliptic_curves_are_no_small_groups, 0, 2);
  tcase_add_test(tc, staple_and_alpn);
  tcase_add_test(tc, no_staple_unless_asked_for);
  tcase_add_test(tc, client_certificate);
  tcase_add_test(tc, no_renegotiation);
  tcase_add_test(tc, no_authentication_after_the_handshake);
  tcase_add_test(tc, octets_both_ways);
  tcase_add_test(tc, silence_under_tls_ends_in_time);
  tcase_add_test(tc, a_write_under_tls_ends_in_time);
  tcase_add_loop_test(tc, the_end_of_the_stream, 0, 3);
  tcase_add_test(tc, octets_that_are_not_tls_after_the_handshake);
  tcase_add_test(tc, a_refused_certificate_is_told);
  tcase_add_loop_test(tc, cipher_texts, 0, static_cast<int>(std::size(kCipherTexts)));
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

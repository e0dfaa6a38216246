// SPDX-License-Identifier: GPL-2.0-or-later
// Servers with which there is no session: the handshake must end, in time and with a reason.
#include "tls/gnutls_session.h"

#include <iterator>
#include <string>
#include <utility>

#include "unit/smtp/time_limit.h"
#include "unit/tls/handshake_support.h"
#include "unit/x509/forged_certificate.h"

using namespace danesmtp;
using namespace danesmtp::test;
using namespace std::chrono_literals;

namespace {

using enum ErrorKind;

// A server that says this, whatever the client says.
ScriptedPeer::Script says(std::string octets) {
  return [octets = std::move(octets)](PeerSide& peer) {
    peer.take(1);
    peer.say(octets);
    peer.wait_for_hangup();
  };
}

const std::string kAlert("\x15\x03\x03\x00\x02\x02\x28", 7);  // handshake_failure

struct Refusal {
  const char* why;
  ScriptedPeer::Script script;
  TlsSettings settings;
  ErrorKind kind;
  bool waits = false;  // it takes the whole time limit
};

const Refusal kRefusals[] = {
    // tests D-101
    {"a server with TLS 1.1 only", server({.priority = kOldTls}), {}, TlsHandshake},
    {"the same, and the priority string allows it",
     server({.priority = kOldTls}),
     {.priority = "NORMAL:+VERS-TLS1.1:+VERS-TLS1.0:%COMPAT"},
     TlsHandshake},
    // tests D-102
    {"an anonymous server",
     server({.priority = kAnonymousOnly, .anonymity = TlsAnonymity::Only}),
     {},
     TlsHandshake},
    {"the same, and the priority string allows it",
     server({.priority = kAnonymousOnly, .anonymity = TlsAnonymity::Only}),
     {.priority = kAnonymousToo},
     TlsHandshake},
    {"an anonymous server that no priority string names",
     server({.priority = kAnonymousOnly, .anonymity = TlsAnonymity::Only}),
     {.peer_certificate = PeerCertificate::Optional},
     TlsHandshake},
    // tests D-108
    {"silence", [](PeerSide& peer) { peer.wait_for_hangup(); }, {}, Timeout, true},
    {"half a record", says(std::string("\x16\x03\x03\x00\x7a\x02\x00", 7)), {}, Timeout, true},
    {"closed",
     [](PeerSide& peer) {
       peer.take(1);
       peer.drop();
     },
     {},
     Disconnected},
    {"reset", [](PeerSide& peer) { peer.reset(); }, {}, Disconnected},
    {"garbage", says(std::string(64, 'G')), {}, TlsHandshake},
    {"SMTP", says("454 TLS not available\r\n"), {}, TlsHandshake},
    {"an alert", says(kAlert), {}, TlsHandshake},
    {"warnings without end",
     [](PeerSide& peer) {
       peer.take(1);
       for (int i = 0; i < 80; ++i) {
         peer.say(std::string_view("\x15\x03\x03\x00\x02\x01\x70", 7));
         std::this_thread::sleep_for(5ms);
       }
     },
     {},
     TlsHandshake},
    {"no version in common", server({.priority = kTls13}), {.priority = kTls12}, TlsHandshake},
    {"a group that is too small",
     server({.priority = kSmallGroup, .anonymity = TlsAnonymity::Only}),
     {.priority = kAnonymousToo,
      .peer_certificate = PeerCertificate::Optional,
      .min_dh_bits = 2049},
     TlsHandshake},
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

}  // namespace

START_TEST(refuses) {
  const auto& row = kRefusals[_i];
  ScriptedPeer peer(row.script);
  LineChannel channel(peer.take_socket());
  std::chrono::milliseconds given = row.waits ? kShort : kPatience;
  TimeLimit limit(given, row.waits ? TimeUse::All : TimeUse::Part);
  auto error = assert_error(channel.start_tls(row.settings, Deadline::in(given)), row.kind);
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
  ScriptedPeer peer(says(kAlert));
  LineChannel channel(peer.take_socket());
  auto error = assert_error(channel.start_tls({}, Deadline::in(5s)), ErrorKind::TlsHandshake);
  assert_contains(error.text, "Handshake failed");
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

int main() {
  Suite* suite = suite_create("handshake refusals");
  TCase* tc = tcase_create("handshake");
  tcase_set_timeout(tc, 15);
  tcase_add_loop_test(tc, refuses, 0, static_cast<int>(std::size(kRefusals)));
  tcase_add_loop_test(tc, bad_settings, 0, static_cast<int>(std::size(kBadSettings)));
  tcase_add_test(tc, an_alert_is_named);
  tcase_add_loop_test(tc, the_key_that_is_proved_is_that_of_the_chain, 0, 2);
  tcase_add_loop_test(tc, an_unusable_key_ends_the_handshake_before_it_is_used, 0, 2);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// Servers that misbehave at STARTTLS, in the handshake and after it, and those whose certificate is
// refused: nothing is sent to them.
#include "smtp/session.h"

#include <iterator>

#include "unit/smtp/session_opening_support.h"

using namespace danesmtp;
using namespace danesmtp::test;
using namespace std::chrono_literals;

namespace {

using enum ErrorKind;
using enum SmtpStage;
using enum TlsUse;
using enum Takes;

const Failure kFailures[] = {
    // STARTTLS; tests D-023
    {"no EHLO but TLS required",
     says({kGreeting, "502 what?\r\n"}),
     Required,
     {StartTls, Protocol, 502},
     "EHLO me.lab|QUIT"},
    {"not offered but required",
     says({kGreeting, kPlain}),
     Required,
     {StartTls, TlsHandshake},
     "EHLO me.lab|QUIT"},
    // Whether a handshake is awaited nobody knows: no way to go on in clear.
    {"two minds at STARTTLS",
     says({kGreeting, kWithTls, "220-go ahead\r\n454 not now\r\n"}),
     IfOffered,
     {StartTls, Protocol, 451},
     "EHLO me.lab|STARTTLS"},
    {"454 to STARTTLS",
     says({kGreeting, kWithTls, "454 not now\r\n"}),
     Required,
     {StartTls, Protocol, 454},
     "EHLO me.lab|STARTTLS|QUIT"},
    {"501 to STARTTLS",
     says({kGreeting, kWithTls, "501 never\r\n"}),
     Required,
     {StartTls, Protocol, 501},
     "EHLO me.lab|STARTTLS|QUIT"},
    {"354 to STARTTLS",
     says({kGreeting, kWithTls, "354 go\r\n"}),
     IfOffered,
     {StartTls, Protocol, 354},
     "EHLO me.lab|STARTTLS"},
    {"421 to STARTTLS",
     says({kGreeting, kWithTls, "421 bye\r\n"}),
     IfOffered,
     {StartTls, Disconnected, 421},
     "EHLO me.lab|STARTTLS"},
    {"silence after STARTTLS",
     [](PeerSide& peer) {
       peer.say(kGreeting);
       peer.answer(kWithTls);
       peer.hear();
       peer.wait_for_hangup();
     },
     IfOffered,
     {StartTls, Timeout},
     "EHLO me.lab|STARTTLS",
     WholeLimit},
    {"drop after STARTTLS",
     [](PeerSide& peer) {
       peer.say(kGreeting);
       peer.answer(kWithTls);
       peer.hear();
     },
     Required,
     {StartTls, Disconnected},
     "EHLO me.lab|STARTTLS"},
    // handshake; tests D-026
    {"injected text with the 220",
     says({kGreeting, kWithTls, "220 go ahead\r\n250-mx.lab\r\n250 AUTH PLAIN\r\n"}),
     IfOffered,
     {Handshake, Protocol},
     "EHLO me.lab|STARTTLS"},
    {"one injected octet",
     says({kGreeting, kWithTls, "220 go ahead\r\n2"}),
     Required,
     {Handshake, Protocol},
     "EHLO me.lab|STARTTLS"},
    {"drop at the handshake",
     after_starttls([](PeerSide& peer) {
       peer.take(1);
       peer.drop();
     }),
     IfOffered,
     {Handshake, Disconnected},
     "EHLO me.lab|STARTTLS"},
    {"reset at the handshake",
     after_starttls([](PeerSide& peer) { peer.reset(); }),
     Required,
     {Handshake, Disconnected},
     "EHLO me.lab|STARTTLS"},
    {"silence at the handshake",
     after_starttls(kSilent),
     IfOffered,
     {Handshake, Timeout},
     "EHLO me.lab|STARTTLS",
     WholeLimit},
    {"no TLS at the handshake",
     after_starttls([](PeerSide& peer) {
       peer.take(1);
       peer.say("250 ok\r\n");
       peer.wait_for_hangup();
     }),
     Required,
     {Handshake, TlsHandshake},
     "EHLO me.lab|STARTTLS"},
    {"TLS 1.1 only",
     after_starttls([](PeerSide& peer) {
       peer.start_tls({.priority = "NORMAL:-VERS-ALL:+VERS-TLS1.1"});
       peer.wait_for_hangup();
     }),
     Required,
     {Handshake, TlsHandshake},
     "EHLO me.lab|STARTTLS"},
    // under TLS
    {"drop after the handshake",
     after_handshake(kHangsUp),
     Required,
     {Ehlo, Disconnected},
     "EHLO me.lab|STARTTLS"},
    {"silence after the handshake",
     after_handshake([](PeerSide& peer) {
       peer.hear();
       peer.wait_for_hangup();
     }),
     Required,
     {Ehlo, Timeout},
     "EHLO me.lab|STARTTLS|EHLO me.lab",
     WholeLimit},
    {"421 after the handshake",
     after_handshake([](PeerSide& peer) {
       peer.answer("421 bye\r\n");
       peer.wait_for_hangup();
     }),
     Required,
     {Ehlo, Disconnected, 421},
     "EHLO me.lab|STARTTLS|EHLO me.lab"},
    {"451 after the handshake",
     after_handshake([](PeerSide& peer) {
       peer.answer("451 later\r\n");
       peer.hear();
     }),
     Required,
     {Ehlo, Protocol, 451},
     "EHLO me.lab|STARTTLS|EHLO me.lab|QUIT"},
};

}  // namespace

START_TEST(fails) {
  assert_fails(kFailures[_i]);
}
END_TEST

// tests D-094, D-067: not a word after a certificate that was not accepted, but the alert
START_TEST(a_refused_peer_hears_nothing_more) {
  ScriptedPeer peer(_i == 0 ? after_handshake(kSilent) : Script([](PeerSide& side) {
    if (side.start_tls({})) {
      side.say(kGreeting);
      side.wait_for_hangup();
    }
  }));
  RecordingLog log;
  {
    auto settings = short_settings(TlsUse::Required);
    if (_i == 1) settings.tls_start = TlsStart::FromFirstOctet;
    settings.verify_peer = [](const TlsInfo&) -> Result<void> {
      return tl::unexpected(Error{ErrorKind::TlsVerify, "not the one"});
    };
    SmtpSession session(LineChannel(peer.take_socket()), settings, log);
    auto opened = session.open();
    ck_assert(!opened);
    assert_trouble(opened.error(), {SmtpStage::Verify, ErrorKind::TlsVerify});
    assert_text(opened.error().error.text, "not the one");
    ck_assert(!session.usable());
  }
  assert_text(joined(peer.heard()), _i == 0 ? "EHLO me.lab|STARTTLS" : "");
  assert_text(peer.tls_ending(), "Certificate is bad");
}
END_TEST

START_TEST(no_tls_from_the_first_octet) {
  ScriptedPeer peer([](PeerSide& side) {
    side.take(1);
    side.say(kGreeting);
    side.wait_for_hangup();
  });
  RecordingLog log;
  auto settings = short_settings();
  settings.tls_start = TlsStart::FromFirstOctet;
  SmtpSession session(LineChannel(peer.take_socket()), settings, log);
  auto opened = session.open();
  ck_assert(!opened);
  assert_trouble(opened.error(), {SmtpStage::Handshake, ErrorKind::TlsHandshake});
}
END_TEST

int main() {
  Suite* suite = suite_create("STARTTLS failures");
  TCase* tc = tcase_create("open");
  tcase_set_timeout(tc, 15);
  tcase_add_loop_test(tc, fails, 0, static_cast<int>(std::size(kFailures)));
  tcase_add_loop_test(tc, a_refused_peer_hears_nothing_more, 0, 2);
  tcase_add_test(tc, no_tls_from_the_first_octet);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

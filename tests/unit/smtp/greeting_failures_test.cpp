// SPDX-License-Identifier: GPL-2.0-or-later
// Servers that misbehave before TLS is spoken of: at the greeting and at EHLO.
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
    // greeting
    {"drop at once", kHangsUp, IfOffered, {Greeting, Disconnected}, ""},
    {"silence at once", kSilent, IfOffered, {Greeting, Timeout}, "", WholeLimit},
    {"554 greeting", says({"554 no mail here\r\n"}), IfOffered, {Greeting, Protocol, 554}, "QUIT"},
    {"421 greeting", says({"421 busy\r\n"}), IfOffered, {Greeting, Disconnected, 421}, ""},
    {"450 greeting of two lines",
     says({"450-too\r\n450 busy\r\n"}),
     IfOffered,
     {Greeting, Protocol, 450},
     "QUIT"},
    {"354 greeting", says({"354 what?\r\n"}), IfOffered, {Greeting, Protocol, 354}, ""},
    {"HTTP greeting", says({"HTTP/1.1 400 Bad Request\r\n"}), IfOffered, {Greeting, Protocol}, ""},
    {"greeting of mixed codes",
     says({"220-hello\r\n554 no\r\n"}),
     IfOffered,
     {Greeting, Protocol, 451},
     ""},
    {"an over-long greeting",
     says({"220 " + std::string(5000, 'x') + "\r\n"}),
     IfOffered,
     {Greeting, Protocol},
     ""},
    {"a greeting without end",
     [](PeerSide& peer) {
       for (int i = 0; i < 8000; ++i) peer.say("220-more\r\n");
     },
     IfOffered,
     {Greeting, Protocol},
     ""},
    {"a dripping greeting",
     [](PeerSide& peer) {
       for (int i = 0; i < 60; ++i) {
         peer.say("2");
         std::this_thread::sleep_for(10ms);
       }
     },
     IfOffered,
     {Greeting, Timeout},
     "",
     WholeLimit},
    // EHLO
    {"drop after EHLO",
     [](PeerSide& peer) {
       peer.say(kGreeting);
       peer.hear();
     },
     IfOffered,
     {Ehlo, Disconnected},
     "EHLO me.lab"},
    {"reset at EHLO",
     [](PeerSide& peer) {
       peer.say(kGreeting);
       peer.reset();
     },
     IfOffered,
     {Ehlo, Disconnected},
     ""},
    {"silence after EHLO",
     [](PeerSide& peer) {
       peer.say(kGreeting);
       peer.hear();
       peer.wait_for_hangup();
     },
     IfOffered,
     {Ehlo, Timeout},
     "EHLO me.lab",
     WholeLimit},
    {"half a reply to EHLO",
     [](PeerSide& peer) {
       peer.say(kGreeting);
       peer.answer("250-mx.lab\r\n250-STARTTLS\r\n");
     },
     IfOffered,
     {Ehlo, Disconnected},
     "EHLO me.lab"},
    {"421 to EHLO",
     says({kGreeting, "421 bye\r\n"}),
     IfOffered,
     {Ehlo, Disconnected, 421},
     "EHLO me.lab"},
    {"451 to EHLO",
     says({kGreeting, "451 later\r\n"}),
     IfOffered,
     {Ehlo, Protocol, 451},
     "EHLO me.lab|QUIT"},
    {"354 to EHLO",
     says({kGreeting, "354 go\r\n"}),
     IfOffered,
     {Ehlo, Protocol, 354},
     "EHLO me.lab"},
    {"550 to EHLO and to HELO",
     says({kGreeting, "550 no\r\n", "550 no\r\n"}),
     IfOffered,
     {Ehlo, Protocol, 550},
     "EHLO me.lab|HELO me.lab|QUIT"},
};

}  // namespace

START_TEST(fails) {
  assert_fails(kFailures[_i]);
}
END_TEST

START_TEST(a_bad_helo_name_is_never_sent) {
  ScriptedPeer peer(says({kGreeting, "221 bye\r\n"}));
  RecordingLog log;
  {
    auto settings = short_settings();
    settings.helo_name = "me.lab\r\nMAIL FROM:<x@y>";
    SmtpSession session(LineChannel(peer.take_socket()), settings, log);
    auto opened = session.open();
    ck_assert(!opened);
    assert_trouble(opened.error(), {SmtpStage::Ehlo, ErrorKind::BadInput});
  }
  assert_text(joined(peer.heard()), "QUIT");
}
END_TEST

int main() {
  Suite* suite = suite_create("greeting failures");
  TCase* tc = tcase_create("open");
  tcase_set_timeout(tc, 15);
  tcase_add_loop_test(tc, fails, 0, static_cast<int>(std::size(kFailures)));
  tcase_add_test(tc, a_bad_helo_name_is_never_sent);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

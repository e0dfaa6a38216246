// SPDX-License-Identifier: GPL-2.0-or-later
// Sessions that get ready, in clear and under TLS, and what they have heard by then. Those that do
// not: greeting_failures_test, starttls_failures_test.
#include "smtp/session.h"

#include <iterator>

#include "unit/smtp/session_opening_support.h"

using namespace danesmtp;
using namespace danesmtp::test;
using namespace std::chrono_literals;

namespace {

// A session to a ready state; the server says `replies` as says() does.
struct Ready {
  const char* why;
  std::vector<std::string> replies;
  TlsUse tls_use;
  const char* heard;
};

const Ready kReady[] = {
    {"EHLO", {kGreeting, kPlain, "221 bye\r\n"}, TlsUse::IfOffered, "EHLO me.lab|QUIT"},
    {"a greeting of two lines",
     {"220-mx.lab\r\n220 hello\r\n", kPlain, "221 bye\r\n"},
     TlsUse::IfOffered,
     "EHLO me.lab|QUIT"},
    {"HELO when EHLO is not known",
     {kGreeting, "500 what?\r\n", "250 mx.lab\r\n", "221 bye\r\n"},
     TlsUse::IfOffered,
     "EHLO me.lab|HELO me.lab|QUIT"},
    {"HELO when EHLO is refused",
     {kGreeting, "550 no\r\n", "250 mx.lab\r\n", "221 bye\r\n"},
     TlsUse::Never,
     "EHLO me.lab|HELO me.lab|QUIT"},
    {"STARTTLS not wanted",
     {kGreeting, kWithTls, "221 bye\r\n"},
     TlsUse::Never,
     "EHLO me.lab|QUIT"},
    {"STARTTLS refused for now",
     {kGreeting, kWithTls, "454 not now\r\n", "221 bye\r\n"},
     TlsUse::IfOffered,
     "EHLO me.lab|STARTTLS|QUIT"},
    {"STARTTLS refused",
     {kGreeting, kWithTls, "501 never\r\n", "221 bye\r\n"},
     TlsUse::IfOffered,
     "EHLO me.lab|STARTTLS|QUIT"},
    {"a rude answer to QUIT",
     {kGreeting, kPlain, "500 what?\r\n"},
     TlsUse::IfOffered,
     "EHLO me.lab|QUIT"},
    {"no answer to QUIT", {kGreeting, kPlain}, TlsUse::IfOffered, "EHLO me.lab|QUIT"},
};

}  // namespace

START_TEST(gets_ready) {
  const auto& row = kReady[_i];
  ScriptedPeer peer(says(row.replies));
  RecordingLog log;
  {
    SmtpSession session(LineChannel(peer.take_socket()), short_settings(row.tls_use), log);
    auto opened = session.open();
    ck_assert_msg(opened.has_value(), "%s", row.why);
    ck_assert(session.usable() && !session.tls());
    TimeLimit limit(session.timeouts().quit, TimeUse::Part);
    session.quit();
    limit.check();
    ck_assert(!session.usable());
  }
  assert_text(joined(peer.heard()), row.heard);
}
END_TEST

// The same replies in pieces of one octet make the same session.
START_TEST(gets_ready_octet_by_octet) {
  const auto& row = kReady[_i];
  ScriptedPeer peer([&row](PeerSide& side) {
    for (std::size_t i = 0; i < row.replies.size(); ++i) {
      if (i > 0) side.hear();
      side.say_octet_by_octet(row.replies[i]);
    }
    side.hear();
  });
  RecordingLog log;
  {
    SmtpSession session(LineChannel(peer.take_socket()), short_settings(row.tls_use), log);
    ck_assert_msg(session.open().has_value(), "%s", row.why);
    session.quit();
  }
  assert_text(joined(peer.heard()), row.heard);
}
END_TEST

// tests D-026: also when there is no second EHLO to replace it
START_TEST(helo_under_tls_starts_from_nothing) {
  ScriptedPeer peer(after_handshake([](PeerSide& side) {
    side.answer("502 what?\r\n");
    side.answer("250 mx.lab\r\n");
    side.hear();
  }));
  RecordingLog log;
  {
    SmtpSession session(LineChannel(peer.take_socket()), short_settings(TlsUse::Required), log);
    ck_assert(session.open().has_value());
    ck_assert(session.tls().has_value());
    ck_assert(session.capabilities() == EhloCapabilities());
    session.quit();
  }
  assert_text(joined(peer.heard()), "EHLO me.lab|STARTTLS|EHLO me.lab|HELO me.lab|QUIT");
}
END_TEST

// hosts_avoid_esmtp: no extension, so no STARTTLS; where TLS must be, nothing goes.
START_TEST(helo_from_the_start) {
  const TlsUse use = _i == 0 ? TlsUse::IfOffered : TlsUse::Required;
  ScriptedPeer peer([](PeerSide& side) {
    side.say("220 mx.lab\r\n");
    side.answer("250 mx.lab\r\n");
    side.answer("221 bye\r\n");
  });
  RecordingLog log;
  {
    auto settings = short_settings(use);
    settings.hello = Hello::Helo;
    SmtpSession session(LineChannel(peer.take_socket()), settings, log);
    auto opened = session.open();
    ck_assert(opened.has_value() == (_i == 0));
    if (!opened) assert_trouble(opened.error(), {SmtpStage::StartTls, ErrorKind::TlsHandshake});
    assert_text(session.steps(), "h");
    session.quit();
  }
  assert_text(joined(peer.heard()), "HELO me.lab|QUIT");
}
END_TEST

struct Said {
  std::vector<std::string> replies;
  const char* greeting;
  const char* hello;
};

const Said kSaid[] = {
    {{"554-no\r\n554 service\r\n", "221 bye\r\n"}, "554-no", ""},
    {{"220-mx.lab\r\n220 hello\r\n", "250-mx.lab\r\n250 PIPELINING\r\n", "221 bye\r\n"},
     "220-mx.lab",
     "250-mx.lab"},
    {{"220 mx.lab\r\n", "500 what?\r\n", "250 mx.lab you\r\n", "221 bye\r\n"},
     "220 mx.lab",
     "250 mx.lab you"},
    {{"220 mx.lab\r\n", "421 not now\r\n"}, "220 mx.lab", "421 not now"},
    {{"421 leaving\r\n"}, "421 leaving", ""},
    {{"220 mx.lab\r\n"}, "220 mx.lab", ""},
};

START_TEST(what_the_server_says_of_itself) {
  const auto& row = kSaid[_i];
  ScriptedPeer peer(says(row.replies));
  RecordingLog log;
  SmtpSession session(LineChannel(peer.take_socket()), short_settings(TlsUse::Never), log);
  ck_assert(session.open().has_value() == (session.server_words().hello.starts_with('2')));
  assert_text(session.server_words().greeting, row.greeting);
  assert_text(session.server_words().hello, row.hello);
  session.quit();
}
END_TEST

// tests D-026: nothing that was offered in clear is believed under TLS
START_TEST(tls_starts_from_nothing) {
  ScriptedPeer peer([](PeerSide& side) {
    side.say(kGreeting);
    side.answer("250-clear.lab\r\n250-STARTTLS\r\n250-CHUNKING\r\n250 AUTH PLAIN\r\n");
    side.answer("220 go ahead\r\n");
    if (!side.start_tls({})) return;
    side.answer("250-tls.lab\r\n250-STARTTLS\r\n250 PIPELINING\r\n");
    side.answer("221 bye\r\n");
    side.wait_for_hangup();
  });
  RecordingLog log;
  {
    auto settings = short_settings(TlsUse::Required);
    int asked = 0;
    settings.verify_peer = [&asked](const TlsInfo& info) -> Result<void> {
      ++asked;
      ck_assert_uint_eq(info.chain.size(), 1);
      return {};
    };
    SmtpSession session(LineChannel(peer.take_socket()), settings, log);
    ck_assert(session.open().has_value());
    ck_assert_int_eq(asked, 1);
    ck_assert(session.tls().has_value());
    EhloCapabilities expected{.server_name = "tls.lab", .starttls = true, .pipelining = true};
    ck_assert(session.capabilities() == expected);
    session.quit();
  }
  assert_text(joined(peer.heard()), "EHLO me.lab|STARTTLS|EHLO me.lab|QUIT");
  assert_text(peer.tls_ending(), "");  // shut down in order
}
END_TEST

START_TEST(tls_from_the_first_octet) {
  ScriptedPeer peer([](PeerSide& side) {
    if (!side.start_tls({})) return;
    side.say(kGreeting);
    side.answer(kWithTls);
    side.answer("221 bye\r\n");
    side.wait_for_hangup();
  });
  RecordingLog log;
  {
    auto settings = short_settings(TlsUse::Never);  // overridden
    settings.tls_start = TlsStart::FromFirstOctet;
    SmtpSession session(LineChannel(peer.take_socket()), settings, log);
    ck_assert(session.open().has_value());
    ck_assert(session.tls().has_value());
    assert_text(session.server_words().greeting, "220 mx.lab ESMTP");
    session.quit();
  }
  assert_text(joined(peer.heard()), "EHLO me.lab|QUIT");
}
END_TEST

START_TEST(debug_lines) {
  ScriptedPeer peer(says({"220 mx\x1b[1m\r\n", kPlain, "221 bye\r\n"}));
  RecordingLog log;
  SmtpSession session(LineChannel(peer.take_socket()), short_settings(), log);
  ck_assert(session.open().has_value());
  session.quit();
  assert_text(joined(log.lines),
              "SMTP<< 220 mx\\033[1m|SMTP session: greeting -> ehlo|SMTP>> EHLO me.lab|"
              "SMTP<< 250-mx.lab hello|       250 PIPELINING|SMTP session: ehlo -> ready|"
              "SMTP>> QUIT|SMTP<< 221 bye");
}
END_TEST

START_TEST(ehlo_of_many_keywords) {
  ScriptedPeer peer([](PeerSide& side) {
    side.say(kGreeting);
    std::string reply = "250-mx.lab\r\n";
    for (int i = 0; i < 2000; ++i) reply += "250-X" + std::to_string(i) + "\r\n";
    side.answer(reply + "250 PIPELINING\r\n");
    side.answer("221 bye\r\n");
  });
  RecordingLog log;
  SmtpSession session(LineChannel(peer.take_socket()), short_settings(), log);
  ck_assert(session.open().has_value());
  ck_assert(session.capabilities().pipelining);
  session.quit();
}
END_TEST

int main() {
  Suite* suite = suite_create("session");
  TCase* tc = tcase_create("open");
  tcase_set_timeout(tc, 15);
  tcase_add_loop_test(tc, helo_from_the_start, 0, 2);
  tcase_add_loop_test(tc, gets_ready, 0, static_cast<int>(std::size(kReady)));
  tcase_add_loop_test(tc, gets_ready_octet_by_octet, 0, static_cast<int>(std::size(kReady)));
  tcase_add_test(tc, helo_under_tls_starts_from_nothing);
  tcase_add_loop_test(tc, what_the_server_says_of_itself, 0, std::size(kSaid));
  tcase_add_test(tc, tls_starts_from_nothing);
  tcase_add_test(tc, tls_from_the_first_octet);
  tcase_add_test(tc, debug_lines);
  tcase_add_test(tc, ehlo_of_many_keywords);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// The opening of a session against servers that misbehave at each stage, then against good ones.
#include "smtp/session.h"

#include <iterator>

#include "unit/smtp/session_support.h"
#include "unit/smtp/time_limit.h"

using namespace danesmtp;
using namespace danesmtp::test;
using namespace std::chrono_literals;

namespace {

const char* const kGreeting = "220 mx.lab ESMTP\r\n";
const char* const kPlain = "250-mx.lab hello\r\n250 PIPELINING\r\n";
const char* const kWithTls = "250-mx.lab hello\r\n250-PIPELINING\r\n250 STARTTLS\r\n";

using Script = ScriptedPeer::Script;

// A server that says each of `lines` in turn: the first at once, the others in answer to a command.
Script says(std::vector<std::string> replies) {
  return [replies = std::move(replies)](PeerSide& peer) {
    for (std::size_t i = 0; i < replies.size(); ++i)
      i == 0 ? peer.say(replies[i]) : peer.answer(replies[i]);
    peer.hear();  // QUIT, or what should not have been sent
  };
}

// As far as the reply to STARTTLS, then `more`.
Script after_starttls(Script more) {
  return [more = std::move(more)](PeerSide& peer) {
    peer.say(kGreeting);
    peer.answer(kWithTls);
    peer.answer("220 go ahead\r\n");
    more(peer);
  };
}

// As far as the handshake, then `more`.
Script after_handshake(Script more) {
  return after_starttls([more = std::move(more)](PeerSide& peer) {
    if (peer.start_tls({})) more(peer);
  });
}

const Script kHangsUp = [](PeerSide& peer) { peer.drop(); };
const Script kSilent = [](PeerSide& peer) { peer.wait_for_hangup(); };

enum class Takes { NoTime, WholeLimit };

struct Failure {
  const char* why;
  Script script;
  TlsUse tls_use;
  ExpectedTrouble trouble;
  const char* heard;  // all that the server may have heard
  Takes takes = Takes::NoTime;
};

const Failure kFailures[] = {
    // greeting
    {"drop at once",
     kHangsUp,
     TlsUse::IfOffered,
     {SmtpStage::Greeting, ErrorKind::Disconnected},
     ""},
    {"silence at once",
     kSilent,
     TlsUse::IfOffered,
     {SmtpStage::Greeting, ErrorKind::Timeout},
     "",
     Takes::WholeLimit},
    {"554 greeting",
     says({"554 no mail here\r\n"}),
     TlsUse::IfOffered,
     {SmtpStage::Greeting, ErrorKind::Protocol, 554},
     "QUIT"},
    {"421 greeting",
     says({"421 busy\r\n"}),
     TlsUse::IfOffered,
     {SmtpStage::Greeting, ErrorKind::Disconnected, 421},
     ""},
    {"450 greeting of two lines",
     says({"450-too\r\n450 busy\r\n"}),
     TlsUse::IfOffered,
     {SmtpStage::Greeting, ErrorKind::Protocol, 450},
     "QUIT"},
    {"354 greeting",
     says({"354 what?\r\n"}),
     TlsUse::IfOffered,
     {SmtpStage::Greeting, ErrorKind::Protocol, 354},
     ""},
    {"HTTP greeting",
     says({"HTTP/1.1 400 Bad Request\r\n"}),
     TlsUse::IfOffered,
     {SmtpStage::Greeting, ErrorKind::Protocol},
     ""},
    {"greeting of mixed codes",
     says({"220-hello\r\n554 no\r\n"}),
     TlsUse::IfOffered,
     {SmtpStage::Greeting, ErrorKind::Protocol, 451},
     ""},
    {"an over-long greeting",
     says({"220 " + std::string(5000, 'x') + "\r\n"}),
     TlsUse::IfOffered,
     {SmtpStage::Greeting, ErrorKind::Protocol},
     ""},
    {"a greeting without end",
     [](PeerSide& peer) {
       for (int i = 0; i < 8000; ++i) peer.say("220-more\r\n");
     },
     TlsUse::IfOffered,
     {SmtpStage::Greeting, ErrorKind::Protocol},
     ""},
    {"a dripping greeting",
     [](PeerSide& peer) {
       for (int i = 0; i < 60; ++i) {
         peer.say("2");
         std::this_thread::sleep_for(10ms);
       }
     },
     TlsUse::IfOffered,
     {SmtpStage::Greeting, ErrorKind::Timeout},
     "",
     Takes::WholeLimit},
    // EHLO
    {"drop after EHLO",
     [](PeerSide& peer) {
       peer.say(kGreeting);
       peer.hear();
     },
     TlsUse::IfOffered,
     {SmtpStage::Ehlo, ErrorKind::Disconnected},
     "EHLO me.lab"},
    {"reset at EHLO",
     [](PeerSide& peer) {
       peer.say(kGreeting);
       peer.reset();
     },
     TlsUse::IfOffered,
     {SmtpStage::Ehlo, ErrorKind::Disconnected},
     ""},
    {"silence after EHLO",
     [](PeerSide& peer) {
       peer.say(kGreeting);
       peer.hear();
       peer.wait_for_hangup();
     },
     TlsUse::IfOffered,
     {SmtpStage::Ehlo, ErrorKind::Timeout},
     "EHLO me.lab",
     Takes::WholeLimit},
    {"half a reply to EHLO",
     [](PeerSide& peer) {
       peer.say(kGreeting);
       peer.answer("250-mx.lab\r\n250-STARTTLS\r\n");
     },
     TlsUse::IfOffered,
     {SmtpStage::Ehlo, ErrorKind::Disconnected},
     "EHLO me.lab"},
    {"421 to EHLO",
     says({kGreeting, "421 bye\r\n"}),
     TlsUse::IfOffered,
     {SmtpStage::Ehlo, ErrorKind::Disconnected, 421},
     "EHLO me.lab"},
    {"451 to EHLO",
     says({kGreeting, "451 later\r\n"}),
     TlsUse::IfOffered,
     {SmtpStage::Ehlo, ErrorKind::Protocol, 451},
     "EHLO me.lab|QUIT"},
    {"354 to EHLO",
     says({kGreeting, "354 go\r\n"}),
     TlsUse::IfOffered,
     {SmtpStage::Ehlo, ErrorKind::Protocol, 354},
     "EHLO me.lab"},
    {"550 to EHLO and to HELO",
     says({kGreeting, "550 no\r\n", "550 no\r\n"}),
     TlsUse::IfOffered,
     {SmtpStage::Ehlo, ErrorKind::Protocol, 550},
     "EHLO me.lab|HELO me.lab|QUIT"},
    // STARTTLS; tests D-023
    {"no EHLO but TLS required",
     says({kGreeting, "502 what?\r\n"}),
     TlsUse::Required,
     {SmtpStage::StartTls, ErrorKind::Protocol, 502},
     "EHLO me.lab|QUIT"},
    {"not offered but required",
     says({kGreeting, kPlain}),
     TlsUse::Required,
     {SmtpStage::StartTls, ErrorKind::TlsHandshake},
     "EHLO me.lab|QUIT"},
    // Whether a handshake is awaited nobody knows: no way to go on in clear.
    {"two minds at STARTTLS",
     says({kGreeting, kWithTls, "220-go ahead\r\n454 not now\r\n"}),
     TlsUse::IfOffered,
     {SmtpStage::StartTls, ErrorKind::Protocol, 451},
     "EHLO me.lab|STARTTLS"},
    {"454 to STARTTLS",
     says({kGreeting, kWithTls, "454 not now\r\n"}),
     TlsUse::Required,
     {SmtpStage::StartTls, ErrorKind::Protocol, 454},
     "EHLO me.lab|STARTTLS|QUIT"},
    {"501 to STARTTLS",
     says({kGreeting, kWithTls, "501 never\r\n"}),
     TlsUse::Required,
     {SmtpStage::StartTls, ErrorKind::Protocol, 501},
     "EHLO me.lab|STARTTLS|QUIT"},
    {"354 to STARTTLS",
     says({kGreeting, kWithTls, "354 go\r\n"}),
     TlsUse::IfOffered,
     {SmtpStage::StartTls, ErrorKind::Protocol, 354},
     "EHLO me.lab|STARTTLS"},
    {"421 to STARTTLS",
     says({kGreeting, kWithTls, "421 bye\r\n"}),
     TlsUse::IfOffered,
     {SmtpStage::StartTls, ErrorKind::Disconnected, 421},
     "EHLO me.lab|STARTTLS"},
    {"silence after STARTTLS",
     [](PeerSide& peer) {
       peer.say(kGreeting);
       peer.answer(kWithTls);
       peer.hear();
       peer.wait_for_hangup();
     },
     TlsUse::IfOffered,
     {SmtpStage::StartTls, ErrorKind::Timeout},
     "EHLO me.lab|STARTTLS",
     Takes::WholeLimit},
    {"drop after STARTTLS",
     [](PeerSide& peer) {
       peer.say(kGreeting);
       peer.answer(kWithTls);
       peer.hear();
     },
     TlsUse::Required,
     {SmtpStage::StartTls, ErrorKind::Disconnected},
     "EHLO me.lab|STARTTLS"},
    // handshake; tests D-026
    {"injected text with the 220",
     says({kGreeting, kWithTls, "220 go ahead\r\n250-mx.lab\r\n250 AUTH PLAIN\r\n"}),
     TlsUse::IfOffered,
     {SmtpStage::Handshake, ErrorKind::Protocol},
     "EHLO me.lab|STARTTLS"},
    {"one injected octet",
     says({kGreeting, kWithTls, "220 go ahead\r\n2"}),
     TlsUse::Required,
     {SmtpStage::Handshake, ErrorKind::Protocol},
     "EHLO me.lab|STARTTLS"},
    {"drop at the handshake",
     after_starttls([](PeerSide& peer) {
       peer.take(1);
       peer.drop();
     }),
     TlsUse::IfOffered,
     {SmtpStage::Handshake, ErrorKind::Disconnected},
     "EHLO me.lab|STARTTLS"},
    {"reset at the handshake",
     after_starttls([](PeerSide& peer) { peer.reset(); }),
     TlsUse::Required,
     {SmtpStage::Handshake, ErrorKind::Disconnected},
     "EHLO me.lab|STARTTLS"},
    {"silence at the handshake",
     after_starttls(kSilent),
     TlsUse::IfOffered,
     {SmtpStage::Handshake, ErrorKind::Timeout},
     "EHLO me.lab|STARTTLS",
     Takes::WholeLimit},
    {"no TLS at the handshake",
     after_starttls([](PeerSide& peer) {
       peer.take(1);
       peer.say("250 ok\r\n");
       peer.wait_for_hangup();
     }),
     TlsUse::Required,
     {SmtpStage::Handshake, ErrorKind::TlsHandshake},
     "EHLO me.lab|STARTTLS"},
    {"TLS 1.1 only",
     after_starttls([](PeerSide& peer) {
       peer.start_tls({.priority = "NORMAL:-VERS-ALL:+VERS-TLS1.1"});
       peer.wait_for_hangup();
     }),
     TlsUse::Required,
     {SmtpStage::Handshake, ErrorKind::TlsHandshake},
     "EHLO me.lab|STARTTLS"},
    // under TLS
    {"drop after the handshake",
     after_handshake(kHangsUp),
     TlsUse::Required,
     {SmtpStage::Ehlo, ErrorKind::Disconnected},
     "EHLO me.lab|STARTTLS"},
    {"silence after the handshake",
     after_handshake([](PeerSide& peer) {
       peer.hear();
       peer.wait_for_hangup();
     }),
     TlsUse::Required,
     {SmtpStage::Ehlo, ErrorKind::Timeout},
     "EHLO me.lab|STARTTLS|EHLO me.lab",
     Takes::WholeLimit},
    {"421 after the handshake",
     after_handshake([](PeerSide& peer) {
       peer.answer("421 bye\r\n");
       peer.wait_for_hangup();
     }),
     TlsUse::Required,
     {SmtpStage::Ehlo, ErrorKind::Disconnected, 421},
     "EHLO me.lab|STARTTLS|EHLO me.lab"},
    {"451 after the handshake",
     after_handshake([](PeerSide& peer) {
       peer.answer("451 later\r\n");
       peer.hear();
     }),
     TlsUse::Required,
     {SmtpStage::Ehlo, ErrorKind::Protocol, 451},
     "EHLO me.lab|STARTTLS|EHLO me.lab|QUIT"},
};

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

START_TEST(fails) {
  const auto& row = kFailures[_i];
  ScriptedPeer peer(row.script);
  RecordingLog log;
  {
    SmtpSession session(LineChannel(peer.take_socket()), short_settings(row.tls_use), log);
    TimeLimit limit(kCommandTimeout, row.takes == Takes::WholeLimit ? TimeUse::All : TimeUse::Part);
    auto opened = session.open();
    limit.check();
    ck_assert_msg(!opened, "%s: opened", row.why);
    assert_trouble(opened.error(), row.trouble);
    ck_assert(!session.usable());
    session.quit();
  }
  assert_text(joined(peer.heard()), row.heard);
}
END_TEST

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
    assert_text(to_text(session.greeting()), "220 mx.lab ESMTP");
    session.quit();
  }
  assert_text(joined(peer.heard()), "EHLO me.lab|QUIT");
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
  tcase_add_loop_test(tc, fails, 0, static_cast<int>(std::size(kFailures)));
  tcase_add_loop_test(tc, helo_from_the_start, 0, 2);
  tcase_add_loop_test(tc, gets_ready, 0, static_cast<int>(std::size(kReady)));
  tcase_add_loop_test(tc, gets_ready_octet_by_octet, 0, static_cast<int>(std::size(kReady)));
  tcase_add_test(tc, helo_under_tls_starts_from_nothing);
  tcase_add_test(tc, tls_starts_from_nothing);
  tcase_add_loop_test(tc, a_refused_peer_hears_nothing_more, 0, 2);
  tcase_add_test(tc, tls_from_the_first_octet);
  tcase_add_test(tc, no_tls_from_the_first_octet);
  tcase_add_test(tc, a_bad_helo_name_is_never_sent);
  tcase_add_test(tc, debug_lines);
  tcase_add_test(tc, ehlo_of_many_keywords);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

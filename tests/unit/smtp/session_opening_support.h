// SPDX-License-Identifier: GPL-2.0-or-later
// What the tests of a session's opening share: servers as far as some stage, and rows that fail.
#pragma once

#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "unit/smtp/session_support.h"
#include "unit/smtp/time_limit.h"

namespace danesmtp::test {

inline const char* const kGreeting = "220 mx.lab ESMTP\r\n";
inline const char* const kPlain = "250-mx.lab hello\r\n250 PIPELINING\r\n";
inline const char* const kWithTls = "250-mx.lab hello\r\n250-PIPELINING\r\n250 STARTTLS\r\n";

using Script = ScriptedPeer::Script;

// A server that says each of `replies` in turn: the first at once, the others in answer to a
// command.
inline Script says(std::vector<std::string> replies) {
  return [replies = std::move(replies)](PeerSide& peer) {
    for (std::size_t i = 0; i < replies.size(); ++i)
      i == 0 ? peer.say(replies[i]) : peer.answer(replies[i]);
    peer.hear();  // QUIT, or what should not have been sent
  };
}

// As far as the reply to STARTTLS, then `more`.
inline Script after_starttls(Script more) {
  return [more = std::move(more)](PeerSide& peer) {
    peer.say(kGreeting);
    peer.answer(kWithTls);
    peer.answer("220 go ahead\r\n");
    more(peer);
  };
}

// As far as the handshake, then `more`.
inline Script after_handshake(Script more) {
  return after_starttls([more = std::move(more)](PeerSide& peer) {
    if (peer.start_tls({})) more(peer);
  });
}

inline const Script kHangsUp = [](PeerSide& peer) { peer.drop(); };
inline const Script kSilent = [](PeerSide& peer) { peer.wait_for_hangup(); };

enum class Takes { NoTime, WholeLimit };

struct Failure {
  const char* why;
  Script script;
  TlsUse tls_use;
  ExpectedTrouble trouble;
  const char* heard;  // all that the server may have heard
  Takes takes = Takes::NoTime;
};

inline void assert_fails(const Failure& row) {
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

}  // namespace danesmtp::test

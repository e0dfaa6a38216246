// SPDX-License-Identifier: GPL-2.0-or-later
// What the tests of the session and of the transaction share.
#pragma once

#include <string>
#include <vector>

#include "core/log.h"
#include "fakes/scripted_peer.h"
#include "smtp/session.h"
#include "unit/check_support.h"

namespace danesmtp::test {

constexpr std::chrono::milliseconds kCommandTimeout{200};

class RecordingLog : public Log {
 public:
  void note(std::string_view line) override { lines.emplace_back(line); }
  bool debugging() const override { return true; }
  void debug(std::string_view line) override { lines.emplace_back(line); }

  std::vector<std::string> lines;
};

inline SessionSettings short_settings(TlsUse tls_use = TlsUse::IfOffered) {
  SessionSettings settings;
  settings.helo_name = "me.lab";
  settings.tls_use = tls_use;
  settings.timeouts.command = kCommandTimeout;
  settings.timeouts.data_block = kCommandTimeout;
  settings.timeouts.final_reply = kCommandTimeout;
  settings.timeouts.quit = std::chrono::milliseconds(100);
  return settings;
}

// "EHLO me.lab|QUIT"
inline std::string joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const auto& line : lines) all += (all.empty() ? "" : "|") + line;
  return all;
}

// What a trouble must be.
struct ExpectedTrouble {
  SmtpStage stage;
  ErrorKind kind;
  int code = 0;  // of the reply; 0: none
};

inline void assert_trouble(const SmtpTrouble& seen, const ExpectedTrouble& expected) {
  std::string text = std::string(stage_name(seen.stage)) + ": " + seen.error.text;
  ck_assert_msg(seen.stage == expected.stage, "another stage: %s", text.c_str());
  ck_assert_msg(seen.error.kind == expected.kind, "another kind: %s", text.c_str());
  ck_assert_int_eq(seen.reply ? seen.reply->code : 0, expected.code);
  ck_assert_msg(!seen.error.text.empty(), "an error without a text");
  ck_assert_msg(!seen.command.empty(), "a trouble without a command");
}

}  // namespace danesmtp::test

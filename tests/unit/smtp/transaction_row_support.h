// SPDX-License-Identifier: GPL-2.0-or-later
// A server that is told its replies, and what a transaction with it comes to: a row of a table.
#pragma once

#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "unit/smtp/time_limit.h"
#include "unit/smtp/transaction_support.h"

namespace danesmtp::test {

// A server, by its replies to MAIL, each RCPT, DATA and the end of data. An empty reply: it hangs
// up. "-": it falls silent. A reply "-x": it says x and then hangs up.
struct Server {
  std::vector<std::string> replies;
  bool pipelining = false;
  // What comes in one breath with the envelope. The server has all of it before it answers: hanging
  // up on octets that it has not read resets the connection, and its last replies may be lost.
  std::string_view message{};
  std::string_view behind_chunk{};
};

inline bool play(PeerSide& peer, const std::string& reply) {
  if (reply == "-") peer.wait_for_hangup();
  if (reply.empty() || reply == "-") {
    peer.drop();
    return false;
  }
  bool last = reply[0] == '-';
  peer.say(reply.substr(last ? 1 : 0) + "\r\n");
  if (last) peer.drop();
  return !last;
}

inline void serve(PeerSide& peer, const Server& server) {
  peer.say("220 mx.lab\r\n");
  peer.answer(server.pipelining ? "250-mx.lab\r\n250 PIPELINING\r\n" : "250 mx.lab\r\n");
  bool in_data = false;
  peer.await(server.message);
  for (const auto& reply : server.replies) {
    std::string heard = in_data ? peer.hear_message() : peer.hear();
    if (heard.empty() || heard == "QUIT") return;
    if (heard.rfind("BDAT ", 0) == 0 && peer.hear_octets(std::stoul(heard.substr(5))).empty())
      return;
    if (heard.rfind("BDAT ", 0) == 0) peer.await(server.behind_chunk);
    if (!play(peer, reply)) return;
    in_data = heard == "DATA" && reply[0] == '3';
  }
  // Hanging up on a chunk that was not read would take replies back that are still on their way.
  if (peer.hear().rfind("BDAT ", 0) == 0) peer.wait_for_hangup();
}

// A word of a row's replies: codes joined by "+" are replies that come together, "-" goes on with
// the same reply ("250-550": one reply of two codes), "!" hangs up after it. "drop" hangs up at
// once and "silence" says nothing; anything else is said as it is.
inline std::string reply_of(std::string_view word) {
  if (word == "drop") return "";
  if (word == "silence") return "-";
  const bool last = word.back() == '!';
  if (last) word.remove_suffix(1);
  std::string reply;
  for (char c : word) {
    if (c == '-')
      reply += "-x\r\n";
    else if (c == '+')
      reply += " x\r\n";
    else
      reply += c;
  }
  if (word.back() == '-') reply.resize(reply.size() - 2);
  if (word.back() >= '0' && word.back() <= '9') reply += " x";
  return (last ? "-" : "") + reply;
}

inline std::vector<std::string> replies_of(const std::string& words) {
  std::vector<std::string> replies;
  std::istringstream in(words);
  for (std::string word; in >> word;) replies.push_back(reply_of(word));
  return replies;
}

struct Ending {
  Custody custody;
  bool usable;  // the session, for another message
};
inline constexpr Ending kTaken{Custody::Taken, true};
inline constexpr Ending kNotTaken{Custody::NotTaken, true};
inline constexpr Ending kCutOff{Custody::NotTaken, false};
inline constexpr Ending kTakenAndOver{Custody::Taken, false};
inline constexpr Ending kNotTakenAndOver{Custody::NotTaken, false};
inline constexpr Ending kInDoubt{Custody::Unknown, false};
inline constexpr Ending kInDoubtGoesOn{Custody::Unknown, true};

struct Row {
  const char* why;
  const char* replies;  // words of reply_of()
  const char* fates;
  Ending ending;
  std::optional<ExpectedTrouble> trouble{};
  const char* last_heard = "";  // the last thing the server heard before QUIT; "": not looked at
};

struct Outcome {
  TransactionResult result;
  bool usable = false;
  int accepted_calls = 0;
};

struct Way {
  bool pipelining = false;
  MessageForm form = MessageForm::Dotted;
  PerRecipientReplies prdr = PerRecipientReplies::No;
  std::size_t recipients = 2;
  Farewell farewell = Farewell::Later;
};

inline Outcome run_row(const Row& row, const Way& way) {
  Server server{replies_of(row.replies), way.pipelining};
  if (way.pipelining && way.form == MessageForm::Plain) server.message = kPlainMessage;
  if (way.farewell == Farewell::BehindMessage) server.behind_chunk = "QUIT\r\n";
  ScriptedPeer peer([server](PeerSide& side) { serve(side, server); });
  RecordingLog log;
  std::string_view content = way.form == MessageForm::Dotted ? kMessage : kPlainMessage;
  auto file = file_of(content);
  auto asked = envelope(way.recipients);
  asked.mail.prdr = way.prdr;
  asked.farewell = way.farewell;
  Outcome outcome;
  {
    SmtpSession session(LineChannel(peer.take_socket()), short_settings(), log);
    ck_assert(session.open().has_value());
    outcome.result = run_transaction(session, asked, {{file.get(), content.size()}, way.form},
                                     [&outcome](const TransactionResult& done) {
                                       ++outcome.accepted_calls;
                                       ck_assert(done.custody == Custody::Taken);
                                       ck_assert(!done.recipients.empty());
                                     });
    outcome.usable = session.usable();
    session.quit();
  }
  auto heard = peer.heard();
  if (!heard.empty() && heard.back() == "QUIT") heard.pop_back();
  if (*row.last_heard != '\0') assert_text(heard.back(), row.last_heard);
  return outcome;
}

inline void check_row(const Row& row, const Way& way) {
  TimeLimit limit(kCommandTimeout, TimeUse::Part);
  auto outcome = run_row(row, way);
  limit.check();
  assert_text(fates(outcome.result), row.fates);
  ck_assert_msg(outcome.result.trouble.has_value() == row.trouble.has_value(), "%s: trouble",
                row.why);
  if (row.trouble) assert_trouble(*outcome.result.trouble, *row.trouble);
  ck_assert_msg(outcome.result.custody == row.ending.custody, "%s: custody", row.why);
  ck_assert_msg(outcome.usable == row.ending.usable, "%s: usable", row.why);
  ck_assert_int_eq(outcome.accepted_calls, row.ending.custody == Custody::Taken ? 1 : 0);
  ck_assert(outcome.result.pipelined == way.pipelining);
  // "pipelined" in a log line: all of the envelope, and a message that went out with it.
  bool grouped = row.trouble && way.pipelining &&
                 (row.trouble->stage != SmtpStage::EndOfData || way.form == MessageForm::Plain);
  ck_assert_msg((outcome.result.trouble && outcome.result.trouble->in_group) == grouped,
                "%s: group", row.why);
}

}  // namespace danesmtp::test

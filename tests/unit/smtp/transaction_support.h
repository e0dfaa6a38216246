// SPDX-License-Identifier: GPL-2.0-or-later
// A server that is told its replies, and what a transaction with it comes to.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "smtp/transaction.h"
#include "unit/smtp/session_support.h"
#include "unit/smtp/time_limit.h"

namespace danesmtp::test {

inline const char* const kMessage = "Subject: x\r\n\r\n..\r\n.\r\n";
inline const char* const kPlainMessage = "Subject: x\r\n\r\n.\r\n";  // the same for BDAT

inline UniqueFd file_of(std::string_view content) {
  UniqueFd fd(::memfd_create("message", MFD_CLOEXEC));
  ck_assert_int_eq(::write(fd.get(), content.data(), content.size()),
                   static_cast<ssize_t>(content.size()));
  return fd;
}

inline Envelope envelope(std::size_t recipients) {
  Envelope envelope;
  envelope.mail.sender = "s@me.lab";
  for (std::size_t i = 1; i <= recipients; ++i)
    envelope.recipients.push_back({.recipient = "r" + std::to_string(i) + "@mx.lab"});
  return envelope;
}

// A server, by its replies to MAIL, each RCPT, DATA and the end of data. An empty reply: it hangs
// up. "-": it falls silent. A reply "-x": it says x and then hangs up.
struct Server {
  std::vector<std::string> replies;
  bool pipelining = false;
  // What comes in one breath with the envelope. The server has all of it before it answers: hanging
  // up on octets that it has not read resets the connection, and its last replies may be lost.
  std::string_view message{};
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
    if (!play(peer, reply)) return;
    in_data = heard == "DATA" && reply[0] == '3';
  }
  // Hanging up on a chunk that was not read would take replies back that are still on their way.
  if (peer.hear().rfind("BDAT ", 0) == 0) peer.wait_for_hangup();
}

inline char fate_letter(RecipientFate fate) {
  switch (fate) {
    case RecipientFate::Delivered:
      return 'D';
    case RecipientFate::Refused:
      return 'R';
    case RecipientFate::MessageRefused:
      return 'M';
    case RecipientFate::NextTransaction:
      return 'N';
    case RecipientFate::Undecided:
      break;
  }
  return 'U';
}

// What the client heard of it, as text: "D250 R550 U" for three recipients.
inline std::string fates(const TransactionResult& result) {
  std::string text;
  for (const auto& recipient : result.recipients) {
    text += text.empty() ? "" : " ";
    text += fate_letter(recipient.fate);
    if (recipient.reply) text += std::to_string(recipient.reply->code);
    bool decided = recipient.fate != RecipientFate::Undecided &&
                   recipient.fate != RecipientFate::NextTransaction;
    ck_assert(recipient.reply.has_value() == decided);
  }
  return text;
}

struct Row {
  const char* why;
  std::vector<std::string> replies;
  const char* fates;
  std::optional<ExpectedTrouble> trouble;
  Custody custody = Custody::NotTaken;
  bool usable = true;
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
};

inline Outcome run_row(const Row& row, const Way& way) {
  Server server{row.replies, way.pipelining};
  if (way.pipelining && way.form == MessageForm::Plain) server.message = kPlainMessage;
  ScriptedPeer peer([server](PeerSide& side) { serve(side, server); });
  RecordingLog log;
  std::string_view content = way.form == MessageForm::Dotted ? kMessage : kPlainMessage;
  auto file = file_of(content);
  auto asked = envelope(way.recipients);
  asked.mail.prdr = way.prdr;
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
  ck_assert_msg(outcome.result.custody == row.custody, "%s: custody", row.why);
  ck_assert_msg(outcome.usable == row.usable, "%s: usable", row.why);
  ck_assert_int_eq(outcome.accepted_calls, row.custody == Custody::Taken ? 1 : 0);
  ck_assert(outcome.result.pipelined == way.pipelining);
  // "pipelined" in a log line: all of the envelope, and a message that went out with it.
  bool grouped = row.trouble && way.pipelining &&
                 (row.trouble->stage != SmtpStage::EndOfData || way.form == MessageForm::Plain);
  ck_assert_msg(outcome.result.trouble_in_group == grouped, "%s: group", row.why);
}

// A session to a server with PIPELINING, which goes on as `script` says.
struct Dialogue {
  ScriptedPeer peer;
  RecordingLog log;
  SmtpSession session;

  explicit Dialogue(ScriptedPeer::Script script, SessionSettings settings = short_settings())
      : peer([script = std::move(script)](PeerSide& side) {
          side.say("220 mx.lab\r\n");
          side.answer("250-mx.lab\r\n250 PIPELINING\r\n");
          script(side);
        }),
        session(LineChannel(peer.take_socket()), std::move(settings), log) {
    ck_assert(session.open().has_value());
  }
};

inline void ignore(const TransactionResult&) {}

}  // namespace danesmtp::test

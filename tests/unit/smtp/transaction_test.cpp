// SPDX-License-Identifier: GPL-2.0-or-later
// One message against servers that fail at each step, with and without PIPELINING; then the ways in
// which it works.
#include "smtp/transaction.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <iterator>

#include "unit/net/time_limit.h"
#include "unit/smtp/session_support.h"

using namespace danesmtp;
using namespace danesmtp::test;
using namespace std::chrono_literals;

namespace {

const char* const kMessage = "Subject: x\r\n\r\n..\r\n.\r\n";
const char* const kPlainMessage = "Subject: x\r\n\r\n.\r\n";  // the same for BDAT

UniqueFd file_of(std::string_view content) {
  UniqueFd fd(::memfd_create("message", MFD_CLOEXEC));
  ck_assert_int_eq(::write(fd.get(), content.data(), content.size()),
                   static_cast<ssize_t>(content.size()));
  return fd;
}

Envelope envelope(std::size_t recipients) {
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

bool play(PeerSide& peer, const std::string& reply) {
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

void serve(PeerSide& peer, const Server& server) {
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

char fate_letter(RecipientFate fate) {
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
std::string fates(const TransactionResult& result) {
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

// Two recipients, no PIPELINING. The client must send nothing after what decides.
const Row kSerial[] = {
    {"drop at MAIL",
     {""},
     "U U",
     {{SmtpStage::Mail, ErrorKind::Disconnected}},
     Custody::NotTaken,
     false},
    {"silence at MAIL",
     {"-"},
     "U U",
     {{SmtpStage::Mail, ErrorKind::Timeout}},
     Custody::NotTaken,
     false},
    {"451 at MAIL",
     {"451 x"},
     "U U",
     {{SmtpStage::Mail, ErrorKind::Protocol, 451}},
     Custody::NotTaken,
     true,
     "MAIL FROM:<s@me.lab>"},
    {"550 at MAIL", {"550 x"}, "U U", {{SmtpStage::Mail, ErrorKind::Protocol, 550}}},
    {"421 at MAIL",
     {"421 x"},
     "U U",
     {{SmtpStage::Mail, ErrorKind::Disconnected, 421}},
     Custody::NotTaken,
     false},
    {"354 at MAIL",
     {"354 x"},
     "U U",
     {{SmtpStage::Mail, ErrorKind::Protocol, 354}},
     Custody::NotTaken,
     false},
    {"junk at MAIL",
     {"yes"},
     "U U",
     {{SmtpStage::Mail, ErrorKind::Protocol}},
     Custody::NotTaken,
     false},
    {"drop at the first RCPT",
     {"250 x", ""},
     "U U",
     {{SmtpStage::Rcpt, ErrorKind::Disconnected}},
     Custody::NotTaken,
     false},
    {"drop at the second RCPT",
     {"250 x", "250 x", ""},
     "U U",
     {{SmtpStage::Rcpt, ErrorKind::Disconnected}},
     Custody::NotTaken,
     false},
    {"drop after a refused RCPT",
     {"250 x", "550 x", ""},
     "R550 U",
     {{SmtpStage::Rcpt, ErrorKind::Disconnected}},
     Custody::NotTaken,
     false},
    {"421 after a refused RCPT",
     {"250 x", "550 x", "421 x"},
     "R550 U",
     {{SmtpStage::Rcpt, ErrorKind::Disconnected, 421}},
     Custody::NotTaken,
     false},
    {"silence at RCPT",
     {"250 x", "-"},
     "U U",
     {{SmtpStage::Rcpt, ErrorKind::Timeout}},
     Custody::NotTaken,
     false},
    {"354 at RCPT",
     {"250 x", "354 x"},
     "U U",
     {{SmtpStage::Rcpt, ErrorKind::Protocol, 354}},
     Custody::NotTaken,
     false},
    {"all refused",
     {"250 x", "550 x", "450 x"},
     "R550 R450",
     {},
     Custody::NotTaken,
     true,
     "RCPT TO:<r2@mx.lab>"},
    {"drop at DATA",
     {"250 x", "250 x", "550 x", ""},
     "U R550",
     {{SmtpStage::Data, ErrorKind::Disconnected}},
     Custody::NotTaken,
     false},
    {"silence at DATA",
     {"250 x", "250 x", "250 x", "-"},
     "U U",
     {{SmtpStage::Data, ErrorKind::Timeout}},
     Custody::NotTaken,
     false},
    {"451 at DATA",
     {"250 x", "250 x", "250 x", "451 x"},
     "U U",
     {{SmtpStage::Data, ErrorKind::Protocol, 451}},
     Custody::NotTaken,
     true,
     "DATA"},
    {"554 at DATA",
     {"250 x", "250 x", "550 x", "554 x"},
     "U R550",
     {{SmtpStage::Data, ErrorKind::Protocol, 554}}},
    {"421 at DATA",
     {"250 x", "250 x", "250 x", "421 x"},
     "U U",
     {{SmtpStage::Data, ErrorKind::Disconnected, 421}},
     Custody::NotTaken,
     false},
    {"250 at DATA",
     {"250 x", "250 x", "250 x", "250 x"},
     "U U",
     {{SmtpStage::Data, ErrorKind::Protocol, 250}},
     Custody::NotTaken,
     false},
    {"the end is answered before it was sent",
     {"250 x", "250 x", "250 x", "354 x\r\n250 taken", "554 never"},
     "U U",
     {{SmtpStage::Data, ErrorKind::Protocol}},
     Custody::NotTaken,
     false},
    {"drop after the dot",
     {"250 x", "250 x", "250 x", "354 x", ""},
     "U U",
     {{SmtpStage::EndOfData, ErrorKind::Disconnected}},
     Custody::Unknown,
     false},
    {"silence after the dot",
     {"250 x", "250 x", "550 x", "354 x", "-"},
     "U R550",
     {{SmtpStage::EndOfData, ErrorKind::Timeout}},
     Custody::Unknown,
     false},
    {"junk after the dot",
     {"250 x", "250 x", "250 x", "354 x", "yes"},
     "U U",
     {{SmtpStage::EndOfData, ErrorKind::Protocol}},
     Custody::Unknown,
     false},
    {"half an answer after the dot",
     {"250 x", "250 x", "250 x", "354 x", "-250-queued"},
     "U U",
     {{SmtpStage::EndOfData, ErrorKind::Disconnected}},
     Custody::Unknown,
     false},
    {"354 after the dot",
     {"250 x", "250 x", "250 x", "354 x", "354 x"},
     "U U",
     {{SmtpStage::EndOfData, ErrorKind::Protocol, 354}},
     Custody::Unknown,
     false},
    {"421 after the dot",
     {"250 x", "250 x", "250 x", "354 x", "421 x"},
     "U U",
     {{SmtpStage::EndOfData, ErrorKind::Disconnected, 421}},
     Custody::NotTaken,
     false},
    {"451 after the dot",
     {"250 x", "250 x", "250 x", "354 x", "451 x"},
     "U U",
     {{SmtpStage::EndOfData, ErrorKind::Protocol, 451}}},
    {"554 after the dot",
     {"250 x", "250 x", "550 x", "354 x", "554 x"},
     "U R550",
     {{SmtpStage::EndOfData, ErrorKind::Protocol, 554}}},
    {"delivered",
     {"250 x", "250 x", "250 x", "354 x", "250 x"},
     "D250 D250",
     {},
     Custody::Taken,
     true,
     kMessage},
    {"delivered to one",
     {"250 x", "452 x", "250 x", "354 x", "250 x"},
     "R452 D250",
     {},
     Custody::Taken},
    {"251 and 252 accept",
     {"250 x", "251 x", "252 x", "354 x", "250 x"},
     "D250 D250",
     {},
     Custody::Taken},
    {"drop after the final reply",
     {"250 x", "250 x", "250 x", "354 x", "-250 x"},
     "D250 D250",
     {},
     Custody::Taken},
};

// Two recipients, PIPELINING: all four replies come, unless the server leaves.
const Row kPipelined[] = {
    {"drop at MAIL",
     {""},
     "U U",
     {{SmtpStage::Mail, ErrorKind::Disconnected}},
     Custody::NotTaken,
     false},
    {"550 at MAIL, the rest follows",
     {"550 x", "503 x", "503 x", "503 x"},
     "U U",
     {{SmtpStage::Mail, ErrorKind::Protocol, 550}}},
    {"550 at MAIL, then a drop",
     {"550 x", "503 x", ""},
     "U U",
     {{SmtpStage::Mail, ErrorKind::Protocol, 550}},
     Custody::NotTaken,
     false},
    {"550 at MAIL, and all else accepted",
     {"550 x", "250 x", "250 x", "354 x", "250 x"},
     "U U",
     {{SmtpStage::Mail, ErrorKind::Protocol, 550}},
     Custody::NotTaken,
     false},
    {"421 in the middle",
     {"250 x", "550 x", "421 x"},
     "R550 U",
     {{SmtpStage::Rcpt, ErrorKind::Disconnected, 421}},
     Custody::NotTaken,
     false},
    {"drop in the middle",
     {"250 x", "250 x", ""},
     "U U",
     {{SmtpStage::Rcpt, ErrorKind::Disconnected}},
     Custody::NotTaken,
     false},
    {"silence in the middle",
     {"250 x", "550 x", "-"},
     "R550 U",
     {{SmtpStage::Rcpt, ErrorKind::Timeout}},
     Custody::NotTaken,
     false},
    {"junk in the middle",
     {"250 x", "250 x", "yes"},
     "U U",
     {{SmtpStage::Rcpt, ErrorKind::Protocol}},
     Custody::NotTaken,
     false},
    {"all refused, DATA too",
     {"250 x", "550 x", "450 x", "554 x"},
     "R550 R450",
     {},
     Custody::NotTaken,
     true,
     "DATA"},
    {"all refused but 354: a lone dot",
     {"250 x", "550 x", "450 x", "354 x", "554 x"},
     "R550 R450",
     {},
     Custody::NotTaken,
     true,
     ".\r\n"},
    {"all refused but 354, and the dot accepted",
     {"250 x", "550 x", "450 x", "354 x", "250 x"},
     "R550 R450",
     {},
     Custody::NotTaken,
     true,
     ".\r\n"},
    {"all refused but 354, then a drop",
     {"250 x", "550 x", "450 x", "354 x", ""},
     "R550 R450",
     {},
     Custody::NotTaken,
     false,
     ".\r\n"},
    {"all refused and DATA gets 250",
     {"250 x", "550 x", "550 x", "250 x"},
     "R550 R550",
     {{SmtpStage::Data, ErrorKind::Protocol, 250}},
     Custody::NotTaken,
     false},
    {"451 at DATA",
     {"250 x", "250 x", "550 x", "451 x"},
     "U R550",
     {{SmtpStage::Data, ErrorKind::Protocol, 451}}},
    {"drop after the dot",
     {"250 x", "250 x", "550 x", "354 x", ""},
     "U R550",
     {{SmtpStage::EndOfData, ErrorKind::Disconnected}},
     Custody::Unknown,
     false},
    {"delivered to one",
     {"250 x", "250 x", "550 x", "354 x", "250 x"},
     "D250 R550",
     {},
     Custody::Taken,
     true,
     kMessage},
};

// RFC 3030: two recipients and BDAT, not pipelined.
const Row kChunked[] = {
    {"delivered",
     {"250 x", "250 x", "250 x", "250 x"},
     "D250 D250",
     {},
     Custody::Taken,
     true,
     kPlainMessage},
    {"delivered to one", {"250 x", "550 x", "250 x", "250 x"}, "R550 D250", {}, Custody::Taken},
    {"all refused: no BDAT",
     {"250 x", "550 x", "450 x"},
     "R550 R450",
     {},
     Custody::NotTaken,
     true,
     "RCPT TO:<r2@mx.lab>"},
    {"550 at MAIL", {"550 x"}, "U U", {{SmtpStage::Mail, ErrorKind::Protocol, 550}}},
    {"451 to BDAT",
     {"250 x", "250 x", "250 x", "451 x"},
     "U U",
     {{SmtpStage::EndOfData, ErrorKind::Protocol, 451}}},
    {"552 to BDAT",
     {"250 x", "250 x", "550 x", "552 x"},
     "U R550",
     {{SmtpStage::EndOfData, ErrorKind::Protocol, 552}}},
    {"354 to BDAT",
     {"250 x", "250 x", "250 x", "354 x"},
     "U U",
     {{SmtpStage::EndOfData, ErrorKind::Protocol, 354}},
     Custody::Unknown,
     false},
    {"421 to BDAT",
     {"250 x", "250 x", "250 x", "421 x"},
     "U U",
     {{SmtpStage::EndOfData, ErrorKind::Disconnected, 421}},
     Custody::NotTaken,
     false},
    {"drop after BDAT",
     {"250 x", "250 x", "250 x", ""},
     "U U",
     {{SmtpStage::EndOfData, ErrorKind::Disconnected}},
     Custody::Unknown,
     false},
    {"silence after BDAT",
     {"250 x", "250 x", "550 x", "-"},
     "U R550",
     {{SmtpStage::EndOfData, ErrorKind::Timeout}},
     Custody::Unknown,
     false},
    {"junk after BDAT",
     {"250 x", "250 x", "250 x", "yes"},
     "U U",
     {{SmtpStage::EndOfData, ErrorKind::Protocol}},
     Custody::Unknown,
     false},
};

// The same pipelined: the message has gone before anything was answered.
const Row kChunkedPipelined[] = {
    {"delivered",
     {"250 x", "250 x", "250 x", "250 x"},
     "D250 D250",
     {},
     Custody::Taken,
     true,
     kPlainMessage},
    {"delivered to one", {"250 x", "250 x", "550 x", "250 x"}, "D250 R550", {}, Custody::Taken},
    {"all refused, BDAT too",
     {"250 x", "550 x", "450 x", "503 x"},
     "R550 R450",
     {},
     Custody::NotTaken,
     true,
     kPlainMessage},
    {"all refused, BDAT accepted",
     {"250 x", "550 x", "450 x", "250 x"},
     "R550 R450",
     {},
     Custody::Unknown},
    {"550 at MAIL, the rest follows",
     {"550 x", "503 x", "503 x", "503 x"},
     "U U",
     {{SmtpStage::Mail, ErrorKind::Protocol, 550}}},
    {"550 at MAIL, and all else accepted",
     {"550 x", "250 x", "250 x", "250 x"},
     "U U",
     {{SmtpStage::Mail, ErrorKind::Protocol, 550}},
     Custody::Unknown},
    {"drop in the middle",
     {"250 x", "250 x", ""},
     "U U",
     {{SmtpStage::Rcpt, ErrorKind::Disconnected}},
     Custody::Unknown,
     false},
    {"421 in the middle",
     {"250 x", "550 x", "421 x"},
     "R550 U",
     {{SmtpStage::Rcpt, ErrorKind::Disconnected, 421}},
     Custody::Unknown,
     false},
    {"junk in the middle",
     {"250 x", "yes", "250 x", "250 x"},
     "U U",
     {{SmtpStage::Rcpt, ErrorKind::Protocol}},
     Custody::Unknown,
     false},
    {"552 to BDAT",
     {"250 x", "250 x", "550 x", "552 x"},
     "U R550",
     {{SmtpStage::EndOfData, ErrorKind::Protocol, 552}}},
    {"drop instead of the reply to BDAT",
     {"250 x", "250 x", "550 x", ""},
     "U R550",
     {{SmtpStage::EndOfData, ErrorKind::Disconnected}},
     Custody::Unknown,
     false},
};

// PRDR was asked for. Without a 353 it is as ever.
const Row kPrdr[] = {
    {"each accepted",
     {"250 x", "250 x", "250 x", "354 x", "353 x\r\n250 a\r\n250 b\r\n250 c"},
     "D250 D250",
     {},
     Custody::Taken},
    {"one refuses the message",
     {"250 x", "250 x", "250 x", "354 x", "353 x\r\n550 a\r\n250 b\r\n250 c"},
     "M550 D250",
     {},
     Custody::Taken},
    {"one refuses it for now",
     {"250 x", "250 x", "250 x", "354 x", "353 x\r\n250 a\r\n450 b\r\n250 c"},
     "D250 M450",
     {},
     Custody::Taken},
    {"a refused recipient has no reply",
     {"250 x", "550 x", "250 x", "354 x", "353 x\r\n250 b\r\n250 c"},
     "R550 D250",
     {},
     Custody::Taken},
    {"both refuse it",
     {"250 x", "250 x", "250 x", "354 x", "353 x\r\n550 a\r\n450 b\r\n550 c"},
     "M550 M450",
     {},
     Custody::NotTaken},
    {"refused as a whole after all",
     {"250 x", "250 x", "250 x", "354 x", "353 x\r\n550 a\r\n250 b\r\n451 c"},
     "M550 U",
     {{SmtpStage::EndOfData, ErrorKind::Protocol, 451}}},
    {"no 353: one reply for all",
     {"250 x", "250 x", "250 x", "354 x", "250 x"},
     "D250 D250",
     {},
     Custody::Taken},
    {"no 353: refused",
     {"250 x", "250 x", "250 x", "354 x", "554 x"},
     "U U",
     {{SmtpStage::EndOfData, ErrorKind::Protocol, 554}}},
    {"drop after the first of them",
     {"250 x", "250 x", "250 x", "354 x", "-353 x\r\n250 a"},
     "U U",
     {{SmtpStage::EndOfData, ErrorKind::Disconnected}},
     Custody::Unknown,
     false},
    {"drop before the last reply",
     {"250 x", "250 x", "250 x", "354 x", "-353 x\r\n250 a\r\n550 b"},
     "U U",
     {{SmtpStage::EndOfData, ErrorKind::Disconnected}},
     Custody::Unknown,
     false},
    {"354 for a recipient",
     {"250 x", "250 x", "250 x", "354 x", "353 x\r\n354 a\r\n250 b\r\n250 c"},
     "U U",
     {{SmtpStage::EndOfData, ErrorKind::Protocol, 354}},
     Custody::Unknown,
     false},
    {"421 for a recipient",
     {"250 x", "250 x", "250 x", "354 x", "353 x\r\n250 a\r\n421 b"},
     "U U",
     {{SmtpStage::EndOfData, ErrorKind::Disconnected, 421}},
     Custody::Unknown,
     false},
    {"354 for the whole",
     {"250 x", "250 x", "250 x", "354 x", "353 x\r\n250 a\r\n250 b\r\n354 c"},
     "U U",
     {{SmtpStage::EndOfData, ErrorKind::Protocol, 354}},
     Custody::Unknown,
     false},
};

// RFC 5321 4.5.3.1.10: three recipients; both ways of sending.
const Row kTooMany[] = {
    {"452 after one was accepted",
     {"250 x", "250 x", "452 x", "354 x", "250 x"},
     "D250 N N",
     {},
     Custody::Taken},
    {"452 after one was refused: no DATA",
     {"250 x", "550 x", "452 x"},
     "R550 N N",
     {},
     Custody::NotTaken,
     true,
     "RCPT TO:<r2@mx.lab>"},
    {"452 first is like any 4xx",
     {"250 x", "452 x", "250 x", "452 x", "354 x", "250 x"},
     "R452 D250 N",
     {},
     Custody::Taken},
    {"452 to all", {"250 x", "452 x", "452 x", "452 x"}, "R452 R452 R452", {}, Custody::NotTaken},
    {"450 is not 452",
     {"250 x", "250 x", "450 x", "250 x", "354 x", "250 x"},
     "D250 R450 D250",
     {},
     Custody::Taken},
    {"451 to DATA then",
     {"250 x", "250 x", "452 x", "451 x"},
     "U N N",
     {{SmtpStage::Data, ErrorKind::Protocol, 451}}},
};

const Row kTooManyPipelined[] = {
    {"452 in the middle",
     {"250 x", "250 x", "452 x", "250 x", "354 x", "250 x"},
     "D250 N D250",
     {},
     Custody::Taken},
    {"452 to the rest",
     {"250 x", "550 x", "452 x", "452 x", "554 x"},
     "R550 N N",
     {},
     Custody::NotTaken,
     true,
     "DATA"},
    {"452 first",
     {"250 x", "452 x", "250 x", "452 x", "354 x", "250 x"},
     "R452 D250 N",
     {},
     Custody::Taken},
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

Outcome run_row(const Row& row, const Way& way) {
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

void check_row(const Row& row, const Way& way) {
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

void ignore(const TransactionResult&) {}

}  // namespace

START_TEST(one_by_one) {
  check_row(kSerial[_i], {});
}
END_TEST

START_TEST(pipelined) {
  check_row(kPipelined[_i], {.pipelining = true});
}
END_TEST

START_TEST(chunked) {
  check_row(kChunked[_i], {.form = MessageForm::Plain});
}
END_TEST

START_TEST(chunked_pipelined) {
  check_row(kChunkedPipelined[_i], {.pipelining = true, .form = MessageForm::Plain});
}
END_TEST

START_TEST(replies_of_recipients) {
  check_row(kPrdr[_i], {.prdr = PerRecipientReplies::Yes});
}
END_TEST

START_TEST(too_many_recipients) {
  check_row(kTooMany[_i], {.recipients = 3});
}
END_TEST

START_TEST(too_many_recipients_pipelined) {
  check_row(kTooManyPipelined[_i], {.pipelining = true, .recipients = 3});
}
END_TEST

// hosts_avoid_pipelining: PIPELINING is on offer and not used.
START_TEST(one_by_one_although_offered) {
  auto file = file_of(kMessage);
  std::string all;
  Dialogue dialogue([&all](PeerSide& side) {
    for (const char* reply : {"250 a\r\n", "550 b\r\n"}) {
      all += side.hear() + "|";
      side.say(reply);
    }
    side.answer("221 bye\r\n");
  });
  auto asked = envelope(1);
  asked.grouping = Grouping::OneByOne;
  auto result = run_transaction(dialogue.session, asked,
                                {file.get(), std::string_view(kMessage).size()}, ignore);
  assert_text(fates(result), "R550");
  ck_assert(!result.pipelined);
  dialogue.session.quit();
  dialogue.peer.heard();
  assert_text(all, "MAIL FROM:<s@me.lab>|RCPT TO:<r1@mx.lab>|");
}
END_TEST

// RFC 3030 4.2: a small message goes out with its envelope, in one breath; a larger one waits for
// a recipient, so that nothing is sent for nobody. The line is at 8192 octets.
START_TEST(a_large_chunk_waits_for_a_recipient) {
  const std::string content = std::string(_i == 0 ? 8190 : 8191, 'x') + "\r\n";
  auto file = file_of(content);
  Dialogue dialogue([](PeerSide& side) {
    side.answer("250 a\r\n");
    side.answer("550 b\r\n");
    std::string next = side.hear();
    if (next == "QUIT") return;
    side.hear_octets(std::stoul(next.substr(5)));
    side.say("503 c\r\n");
    side.hear();
  });
  auto result = run_transaction(dialogue.session, envelope(1),
                                {{file.get(), content.size()}, MessageForm::Plain}, ignore);
  assert_text(fates(result), "R550");
  ck_assert(!result.trouble && dialogue.session.usable());
  dialogue.session.quit();
  const auto heard = joined(dialogue.peer.heard());
  ck_assert_int_eq(heard.find("|BDAT 8192 LAST|") != std::string::npos, _i == 0);
  ck_assert_int_eq(heard.find("BDAT 8193") != std::string::npos, 0);
}
END_TEST

START_TEST(the_message_must_end_with_a_dot) {
  const std::string bad[] = {"",         ".",          ".\r",      "x.\r\n",      "a\r\n",
                             "a\r\n.\r", "a\r\n.\n\n", "a\n.\r\n", "a\r\n..\r\n", "a\r\n.\r\nb"};
  Dialogue dialogue([](PeerSide& side) { side.hear(); });
  for (const auto& text : bad) {
    auto file = file_of(text);
    auto result = run_transaction(dialogue.session, envelope(1), {file.get(), text.size()}, ignore);
    ck_assert_msg(result.trouble.has_value(), "sent: %s", text.c_str());
    assert_trouble(*result.trouble, {SmtpStage::Mail, ErrorKind::BadInput});
    ck_assert(dialogue.session.usable());
  }
}
END_TEST

START_TEST(nothing_is_sent_of_a_bad_envelope) {
  auto file = file_of(kMessage);
  MessageData message{{file.get(), std::string_view(kMessage).size()}};
  Dialogue dialogue([](PeerSide& side) { side.answer("221 bye\r\n"); });
  auto injected = envelope(3);
  injected.recipients[2].recipient = "x@y.lab>\r\nDATA";
  for (const auto& bad : {injected, envelope(0)}) {
    auto result = run_transaction(dialogue.session, bad, message, ignore);
    ck_assert(result.trouble.has_value());
    assert_trouble(*result.trouble, {SmtpStage::Mail, ErrorKind::BadInput});
    ck_assert_uint_eq(result.recipients.size(), bad.recipients.size());
  }
  dialogue.session.quit();
  assert_text(joined(dialogue.peer.heard()), "EHLO me.lab|QUIT");
}
END_TEST

// The envelope of a server with PIPELINING is one write; nothing is answered before it is all
// there.
START_TEST(the_envelope_is_one_write) {
  auto file = file_of(kMessage);
  std::string all;
  Dialogue dialogue([&all](PeerSide& side) {
    for (int i = 0; i < 5; ++i) all += side.hear() + "|";
    side.say("250 a\r\n250 b\r\n550 c\r\n250 d\r\n354 e\r\n");
    side.hear_message();
    side.say("250 f\r\n");
    side.hear();
  });
  auto result = run_transaction(dialogue.session, envelope(3),
                                {file.get(), std::string_view(kMessage).size()}, ignore);
  assert_text(fates(result), "D250 R550 D250");
  assert_text(result.recipients[1].reply->lines[0], "c");
  assert_text(result.recipients[1].command, "RCPT TO:<r2@mx.lab>");
  assert_text(result.recipients[2].reply->lines[0], "f");
  dialogue.session.quit();
  dialogue.peer.heard();
  assert_text(
      all,
      "MAIL FROM:<s@me.lab>|RCPT TO:<r1@mx.lab>|RCPT TO:<r2@mx.lab>|RCPT TO:<r3@mx.lab>|DATA|");
}
END_TEST

// RFC 2920 3.1: a large envelope must not fill both directions: this server answers each command
// with 500 octets at once and reads no more until its reply is gone.
START_TEST(a_large_envelope_does_not_deadlock) {
  const std::size_t count = static_cast<std::size_t>(_i);
  auto file = file_of(kMessage);
  std::string answer = "250 " + std::string(500, 'x') + "\r\n";
  Dialogue dialogue(
      [&](PeerSide& side) {
        for (std::size_t i = 0; i <= count; ++i) side.answer(i % 7 == 3 ? "550 no\r\n" : answer);
        side.answer("354 go\r\n");
        side.hear_message();
        side.say("250 ok\r\n");
        side.hear();
      },
      [] {
        auto s = short_settings();
        s.timeouts.command = s.timeouts.final_reply = 5s;
        return s;
      }());
  auto result = run_transaction(dialogue.session, envelope(count),
                                {file.get(), std::string_view(kMessage).size()}, ignore);
  ck_assert(!result.trouble);
  ck_assert(result.custody == Custody::Taken);
  for (std::size_t i = 0; i < count; ++i)
    ck_assert(result.recipients[i].fate ==
              ((i + 1) % 7 == 3 ? RecipientFate::Refused : RecipientFate::Delivered));
}
END_TEST

START_TEST(two_messages_with_and_without_reset) {
  auto file = file_of(kMessage);
  MessageData message{{file.get(), std::string_view(kMessage).size()}};
  std::vector<std::string> heard;
  {
    Dialogue dialogue([&heard](PeerSide& side) {
      for (int i = 0; i < 2; ++i) {
        for (int n = 0; n < 3; ++n) side.hear();
        side.say("250 a\r\n250 b\r\n354 c\r\n");
        side.hear_message();
        side.say("250 d\r\n");
      }
      for (int n = 0; n < 3; ++n) side.hear();
      side.say("250 a\r\n550 b\r\n503 c\r\n");
      side.answer("250 reset\r\n");
      side.answer("221 bye\r\n");
      heard = side.heard();
    });
    assert_text(fates(run_transaction(dialogue.session, envelope(1), message, ignore)), "D250");
    assert_text(fates(run_transaction(dialogue.session, envelope(1), message, ignore)), "D250");
    assert_text(fates(run_transaction(dialogue.session, envelope(1), message, ignore)), "R550");
    ck_assert(dialogue.session.reset().has_value());
    dialogue.session.quit();
    dialogue.peer.heard();
  }
  ck_assert_uint_eq(heard.size(), 14);
  assert_text(heard[12], "RSET");
}
END_TEST

struct Reset {
  const char* reply;
  ExpectedTrouble trouble;
};

const Reset kResets[] = {
    {"500 what?\r\n", {SmtpStage::Mail, ErrorKind::Protocol, 500}},
    {"421 bye\r\n", {SmtpStage::Mail, ErrorKind::Disconnected, 421}},
    {"", {SmtpStage::Mail, ErrorKind::Disconnected}},
};

START_TEST(a_reset_can_fail) {
  const auto& row = kResets[_i];
  Dialogue dialogue([&row](PeerSide& side) {
    side.hear();
    side.say(row.reply);
  });
  auto done = dialogue.session.reset();
  ck_assert(!done);
  assert_trouble(done.error(), row.trouble);
}
END_TEST

// A message that the server does not read: the limit is for each block.
START_TEST(data_that_is_not_read) {
  std::string content(8 << 20, 'x');
  content += "\r\n.\r\n";
  auto file = file_of(content);
  bool hangs_up = _i == 1;
  Dialogue dialogue([hangs_up](PeerSide& side) {
    for (int n = 0; n < 3; ++n) side.hear();
    side.say("250 a\r\n250 b\r\n354 c\r\n");
    if (hangs_up) return;
    std::this_thread::sleep_for(600ms);
  });
  TimeLimit limit(kCommandTimeout, _i == 0 ? TimeUse::All : TimeUse::Part);
  auto result =
      run_transaction(dialogue.session, envelope(1), {file.get(), content.size()}, ignore);
  limit.check();
  ck_assert(result.trouble.has_value());
  assert_trouble(*result.trouble,
                 {SmtpStage::Data, _i == 0 ? ErrorKind::Timeout : ErrorKind::Disconnected});
  ck_assert(result.custody == Custody::NotTaken);  // the dot was not sent
  ck_assert(!dialogue.session.usable());
}
END_TEST

// A file that can no longer be read after DATA: the connection ends without a dot, never with half
// a message that looks whole.
START_TEST(a_message_that_cannot_be_read) {
  auto file = file_of(std::string(100000, 'x') + "\r\n.\r\n");
  std::string got = "nothing heard";
  {
    Dialogue dialogue([&](PeerSide& side) {
      for (int n = 0; n < 3; ++n) side.hear();
      static_cast<void>(!::ftruncate(file.get(), 70000));
      side.say("250 a\r\n250 b\r\n354 c\r\n");
      got = side.hear_message();
    });
    auto result = run_transaction(dialogue.session, envelope(1), {file.get(), 100005}, ignore);
    ck_assert(result.trouble.has_value());
    assert_trouble(*result.trouble, {SmtpStage::Data, ErrorKind::Io});
    ck_assert(result.custody == Custody::NotTaken);
    dialogue.session.quit();
    dialogue.peer.heard();
  }
  assert_text(got, "");
}
END_TEST

// The final reply is on record before QUIT is sent.
START_TEST(the_caller_hears_at_once) {
  auto file = file_of(kMessage);
  Dialogue dialogue([](PeerSide& side) {
    for (int n = 0; n < 3; ++n) side.hear();
    side.say("250 a\r\n250 b\r\n354 c\r\n");
    side.hear_message();
    side.say("250 d\r\n");
    side.hear();
  });
  std::string last;
  auto result = run_transaction(dialogue.session, envelope(1),
                                {file.get(), std::string_view(kMessage).size()},
                                [&](const TransactionResult& done) {
                                  assert_text(fates(done), "D250");
                                  last = dialogue.log.lines.back();
                                });
  dialogue.session.quit();
  assert_text(fates(result), "D250");
  assert_text(last, "SMTP<< 250 d");
}
END_TEST

// AddressSanitizer keeps freed memory for a while.
#if defined(__SANITIZE_ADDRESS__)
constexpr long kMostGrowth = 1024 << 10;
#else
constexpr long kMostGrowth = 8 << 10;  // KiB
#endif

// 100 MB, in clear and over TLS: memory stays where it was.
START_TEST(memory_stays_flat) {
  UniqueFd file(::memfd_create("message", MFD_CLOEXEC));
  const std::size_t size = 100 << 20;
  ck_assert_int_eq(::ftruncate(file.get(), static_cast<off_t>(size)), 0);
  ck_assert_int_eq(::pwrite(file.get(), "\r\n.\r\n", 5, static_cast<off_t>(size - 5)), 5);
  auto settings = short_settings();
  settings.timeouts.data_block = settings.timeouts.final_reply = 5s;
  bool over_tls = _i == 1;
  ScriptedPeer peer([over_tls](PeerSide& side) {
    side.say("220 mx.lab\r\n");
    side.answer(over_tls ? "250-mx.lab\r\n250 STARTTLS\r\n" : "250 mx.lab\r\n");
    if (over_tls) {
      side.answer("220 go ahead\r\n");
      if (!side.start_tls({})) return;
      side.answer("250 mx.lab\r\n");
    }
    side.answer("250 a\r\n");
    side.answer("250 b\r\n");
    side.answer("354 c\r\n");
    if (side.take(size)) side.say("250 d\r\n");
    side.hear();
  });
  RecordingLog log;
  SmtpSession session(LineChannel(peer.take_socket()), settings, log);
  ck_assert(session.open().has_value());
  rusage before{};
  rusage after{};
  ::getrusage(RUSAGE_SELF, &before);
  auto result = run_transaction(session, envelope(1), {file.get(), size}, ignore);
  ::getrusage(RUSAGE_SELF, &after);
  ck_assert(result.custody == Custody::Taken);
  ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, kMostGrowth);
}
END_TEST

int main() {
  Suite* suite = suite_create("transaction");
  TCase* tc = tcase_create("run");
  tcase_set_timeout(tc, 20);
  tcase_add_loop_test(tc, one_by_one, 0, static_cast<int>(std::size(kSerial)));
  tcase_add_loop_test(tc, pipelined, 0, static_cast<int>(std::size(kPipelined)));
  tcase_add_loop_test(tc, chunked, 0, static_cast<int>(std::size(kChunked)));
  tcase_add_loop_test(tc, chunked_pipelined, 0, static_cast<int>(std::size(kChunkedPipelined)));
  tcase_add_loop_test(tc, replies_of_recipients, 0, static_cast<int>(std::size(kPrdr)));
  tcase_add_loop_test(tc, too_many_recipients, 0, static_cast<int>(std::size(kTooMany)));
  tcase_add_loop_test(tc, too_many_recipients_pipelined, 0,
                      static_cast<int>(std::size(kTooManyPipelined)));
  tcase_add_test(tc, one_by_one_although_offered);
  tcase_add_loop_test(tc, a_large_chunk_waits_for_a_recipient, 0, 2);
  tcase_add_test(tc, the_message_must_end_with_a_dot);
  tcase_add_test(tc, nothing_is_sent_of_a_bad_envelope);
  tcase_add_test(tc, the_envelope_is_one_write);
  // The last one is more than the socket holds in either direction.
  for (int count : {1, 126, 127, 128, 254, 255, 256, 12000})
    tcase_add_loop_test(tc, a_large_envelope_does_not_deadlock, count, count + 1);
  tcase_add_test(tc, two_messages_with_and_without_reset);
  tcase_add_loop_test(tc, a_reset_can_fail, 0, static_cast<int>(std::size(kResets)));
  tcase_add_loop_test(tc, data_that_is_not_read, 0, 2);
  tcase_add_test(tc, a_message_that_cannot_be_read);
  tcase_add_test(tc, the_caller_hears_at_once);
  tcase_add_loop_test(tc, memory_stays_flat, 0, 2);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

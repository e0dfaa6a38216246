// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit/model/prompt_peer.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "core/format.h"

namespace danesmtp::test {
namespace {

using enum Say;
using Custody = Ledger::Custody;

int yes_to(Kind kind) {
  if (kind == Kind::Greeting) return 220;
  if (kind == Kind::Quit) return 221;
  return kind == Kind::Data ? 354 : 250;
}

bool hangs_up(Say what) {
  return what == Leaving || what == Gone || what == HalfLine || what == FirstLine ||
         what == YesThenGone || what == YesThenEof;
}

// "RCPT TO:<user2@dom.lab>": 1.
std::size_t recipient_in(const std::string& line) {
  std::size_t number = 0;
  const auto at = line.find("user") + 4;
  std::from_chars(line.data() + at, line.data() + line.size(), number);
  return number - 1;
}

}  // namespace

PromptPeer::PromptPeer(UniqueFd socket, Play& play, Begin begin)
    : socket_(std::move(socket)), play_(play), reader_(*play.ledger) {
  if (begin == Begin::AtGreeting) ask({Kind::Greeting, 0});
}

void PromptPeer::step() {
  const bool connected = !socket_ || hear();
  while (input_.awaits == Awaits::Command ? take_line() : take_message()) continue;
  tell_reader();
  if (!connected) reader_.connection_ended();
}

// False when the client has gone.
bool PromptPeer::hear() {
  std::array<char, 32768> block;
  for (;;) {
    const auto got =
        ::recvfrom(socket_.get(), block.data(), block.size(), MSG_DONTWAIT, nullptr, nullptr);
    if (got <= 0) return got < 0 && errno == EAGAIN;
    input_.octets.append(block.data(), static_cast<std::size_t>(got));
  }
}

bool PromptPeer::take_line() {
  const auto end = input_.octets.find("\r\n");
  if (end == std::string::npos) return false;
  const auto line = input_.octets.substr(0, end);
  input_.octets.erase(0, end + 2);
  play_.dialogue += "C " + line + "\n";
  command(line);
  return true;
}

bool PromptPeer::take_message() {
  const bool dotted = input_.awaits == Awaits::Dotted;
  auto end = input_.chunk;
  if (dotted) {
    const bool empty = input_.octets.starts_with(".\r\n");
    const auto at = input_.octets.find("\r\n.\r\n");
    if (!empty && at == std::string::npos) return false;
    end = empty ? 3 : at + 5;
  }
  if (input_.octets.size() < end) return false;
  const auto message = input_.octets.substr(0, end);
  input_.octets.erase(0, end);
  input_.awaits = Awaits::Command;
  end_of_message(message, dotted ? play_.servers.dotted : play_.servers.plain);
  return true;
}

void PromptPeer::command(const std::string& line) {
  if (line.starts_with("EHLO")) return ask({Kind::Ehlo, 0});
  if (line == "RSET") return ask({Kind::Reset, 0});
  if (line == "QUIT") return ask({Kind::Quit, 0});
  if (line == "DATA") return ask({Kind::Data, 0});
  if (line.starts_with("RCPT")) return ask({Kind::Rcpt, recipient_in(line)});
  if (line.starts_with("BDAT ")) {
    std::from_chars(line.data() + 5, line.data() + line.size(), input_.chunk);
    input_.awaits = Awaits::Chunk;
    return;
  }
  if (!line.starts_with("MAIL")) return play_.ledger->fault("heard " + line);
  if (++transactions_ > 1)
    play_.choices.reached(format("{} transaction {} {}{} {}{} {}", play_.place, transactions_,
                                 unread_.commands.size(), unread_.replies.size(),
                                 static_cast<int>(answers_), reader_.state(),
                                 play_.ledger->states()));
  if (mind_.open) play_.ledger->fault("MAIL in a transaction");
  mind_ = {};
  mind_.prdr = line.find(" PRDR") != std::string::npos;
  ask({Kind::Mail, 0});
}

void PromptPeer::ask(const Command& command) {
  const bool of_client =
      command.kind != Kind::Greeting && command.kind != Kind::Own && command.kind != Kind::Overall;
  if (of_client) reader_.sent(command);
  unread_.commands.push_back(command);
  if (answers_ == Answers::None) return unanswered(command);
  const Say what = choose(command.kind);
  say(command, what);
  understood(command, what);
}

void PromptPeer::unanswered(const Command& command) {
  if (command.kind == Kind::Rcpt && !mind_.refused) mind_.perhaps.push_back(command.recipient);
  if (command.kind == Kind::End) message_answered(Mute);
  if (command.kind == Kind::Quit) socket_.reset();
}

Say PromptPeer::choose(Kind kind) {
  if (answers_ == Answers::Yes) return Yes;
  std::vector<Say> open;
  for (const Say say : answers_to(kind))
    if (may_say(kind, say)) open.push_back(say);
  return open[play_.choices.pick(static_cast<unsigned>(open.size()))];
}

// A server that refused MAIL is not interested in the rest.
bool PromptPeer::may_say(Kind kind, Say say) const {
  const bool in_transaction = kind == Kind::Rcpt || kind == Kind::Data || kind == Kind::End;
  if (mind_.refused && in_transaction) return say == Never || say == Mute || say == Gone;
  if (say == Each) return mind_.prdr && !mind_.accepted.empty();
  return say != YesAndMore || kind == Kind::End || play_.servers.more_replies;
}

void PromptPeer::say(const Command& command, Say what) {
  const int yes = yes_to(command.kind);
  if (command.kind == Kind::Ehlo && is_yes(what)) put(play_.servers.extensions);
  if (is_yes(what)) say_code(what, yes, "yes");
  if (what == YesAndMore) say_code(Yes, 250, "one more");
  mind_.one_more = mind_.one_more || what == YesAndMore;
  if (what == Each) say_code(what, 353, "each");
  if (what == NotNow) say_code(what, 450, "not now");
  if (what == TooMany) say_code(what, 452, "too many");
  if (what == Never) say_code(what, 550, "never");
  if (what == Leaving) say_code(what, 421, "leaving");
  if (what == Garbage) say_code(what, 0, "what?");
  if (what == WrongKind) say_code(what, yes == 354 ? 250 : 354, "of the wrong kind");
  if (what == Contradiction) {
    put("250-yes\r\n");
    say_code(what, 451, "no");  // which stands for it (RFC 5321 4.2.3)
  }
  if (what == HalfLine) put(format("{} ye", yes));
  if (what == FirstLine) put(format("{}-yes\r\n", yes));
  if (hangs_up(what)) hang_up(what);
  if (what == Mute) answers_ = Answers::None;
  if (what == Garbage || what == WrongKind || (what == Contradiction && command.kind != Kind::Rcpt))
    answers_ = Answers::Yes;
}

void PromptPeer::say_code(Say what, int code, const std::string& text) {
  const auto mark = format("#{};", ++play_.marks);
  const auto said = what == Contradiction ? "550" : code == 0 ? "" : std::to_string(code);
  put(format("{}{}{} {}\r\n", said, said.empty() ? "" : " ", text, mark));
  unread_.replies.push_back({what, code, mark, unread_.said});
}

void PromptPeer::put(const std::string& octets) {
  play_.dialogue += "S " + octets + (octets.ends_with('\n') ? "" : "(and no more)\n");
  const auto put = ::sendto(socket_.get(), octets.data(), octets.size(), MSG_NOSIGNAL, nullptr, 0);
  if (put > 0) unread_.said += static_cast<std::size_t>(put);
}

void PromptPeer::hang_up(Say what) {
  answers_ = Answers::None;
  play_.dialogue += "S (hangs up)\n";
  if (what == YesThenEof)
    ::shutdown(socket_.get(), SHUT_WR);
  else
    socket_.reset();
}

void PromptPeer::understood(const Command& command, Say what) {
  if (command.kind == Kind::Mail) mind_.open = is_yes(what);
  if (command.kind == Kind::Reset || command.kind == Kind::End) mind_.open = false;
  if (command.kind == Kind::Mail)
    mind_.refused = what == NotNow || what == Never || what == Contradiction || what == Leaving;
  if (command.kind == Kind::Rcpt) understood_rcpt(command.recipient, what);
  if (command.kind == Kind::Data && is_yes(what)) input_.awaits = Awaits::Dotted;
  if (command.kind == Kind::End) message_answered(what);
}

void PromptPeer::understood_rcpt(std::size_t recipient, Say what) {
  if (is_yes(what))
    mind_.accepted.push_back(recipient);
  else if (what != NotNow && what != Never && what != TooMany && what != Contradiction &&
           what != Leaving && !mind_.refused)
    mind_.perhaps.push_back(recipient);
}

// A dot alone is for nobody.
void PromptPeer::end_of_message(const std::string& message, const std::string& expected) {
  const bool for_nobody = mind_.accepted.empty() && mind_.perhaps.empty();
  if (message != expected && !(for_nobody && message == ".\r\n"))
    play_.ledger->fault("another message: " + message);
  play_.dialogue += format("C (message, {} octets)\n", message.size());
  reader_.message_sent();
  ask({Kind::End, 0});
}

void PromptPeer::message_answered(Say what) {
  if (what == NotNow || what == Never || what == Leaving || mind_.refused) return;
  if (what == Each) return answer_each();
  has_message(mind_.accepted, is_yes(what) ? Custody::Certain : Custody::Possible);
  has_message(mind_.perhaps, Custody::Possible);
}

void PromptPeer::answer_each() {
  std::vector<std::size_t> taken;
  std::vector<std::size_t> perhaps;
  for (const auto recipient : mind_.accepted) {
    if (answers_ == Answers::None) {
      perhaps.push_back(recipient);
      continue;
    }
    unread_.commands.push_back({Kind::Own, recipient});
    const Say what = choose(Kind::Own);
    say(unread_.commands.back(), what);
    if (is_yes(what))
      taken.push_back(recipient);
    else if (what != NotNow && what != Never && what != Contradiction)
      perhaps.push_back(recipient);
  }
  Say overall = Mute;
  if (answers_ != Answers::None) {
    unread_.commands.push_back({Kind::Overall, 0});
    overall = choose(Kind::Overall);
    say(unread_.commands.back(), overall);
  }
  if (overall == NotNow || overall == Never) return;
  has_message(taken, is_yes(overall) ? Custody::Certain : Custody::Possible);
  has_message(perhaps, Custody::Possible);
}

void PromptPeer::has_message(const std::vector<std::size_t>& recipients, Custody custody) {
  if (mind_.one_more && custody == Custody::Possible) return;
  for (const auto recipient : recipients) play_.ledger->server_has(recipient, custody);
}

void PromptPeer::left_alone() {
  step();
  if (!socket_) reader_.connection_ended();
}

void PromptPeer::received(std::size_t octets) {
  unread_.received += octets;
  tell_reader();
}

void PromptPeer::tell_reader() {
  auto& [commands, replies, said, received] = unread_;
  while (!commands.empty() && !replies.empty() && replies.front().end <= received) {
    reader_.answered(commands.front(), replies.front());
    commands.pop_front();
    replies.pop_front();
  }
  if (!socket_ && received == said) reader_.connection_ended();
}

}  // namespace danesmtp::test

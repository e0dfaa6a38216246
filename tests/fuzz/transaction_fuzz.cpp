// SPDX-License-Identifier: GPL-2.0-or-later
// A session and two transactions against a server that says anything: its replies are the input, a
// piece each time that the client has said something. Whatever it says, each recipient has one
// fate, nobody is delivered whom the server has not promised the message after its end
// (spoken_dialogue.h), and what is undecided has a reason. RFC 5321 3.3, RFC 2920, RFC 3030,
// draft-hall-prdr.
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <set>
#include <string>
#include <thread>

#include "fuzz/spoken_dialogue.h"
#include "smtp/transaction.h"

using namespace danesmtp;
using fuzz::must;

namespace {

constexpr std::string_view kDotted = "Subject: x\r\n\r\n..\r\n.\r\n";
constexpr std::string_view kPlain = "Subject: x\r\n\r\n.\r\n";

class NoLog final : public Log {
 public:
  void note(std::string_view) override {}
  bool debugging() const override { return false; }
  void debug(std::string_view) override {}
};

UniqueFd file_of(std::string_view content) {
  UniqueFd fd(::memfd_create("message", MFD_CLOEXEC));
  must(::write(fd.get(), content.data(), content.size()) == static_cast<ssize_t>(content.size()));
  return fd;
}

// Says the pieces one by one, each after something was heard or a moment has passed; then says no
// more, and hears the client out, unless it leaves.
class Peer {
 public:
  Peer(int fd, fuzz::Input input, bool leaves)
      : leaves_(leaves), thread_([this, fd, input] { serve(UniqueFd(fd), input); }) {}
  ~Peer() {
    if (thread_.joinable()) thread_.join();
  }

  // Once the client has closed its end. Nobody, of one that left: what it would have heard.
  void check_promises(const std::set<std::string>& delivered) {
    thread_.join();
    if (leaves_) return;
    using Begins = fuzz::SpokenDialogue::Begins;
    const fuzz::SpokenDialogue dialogue(heard_, said_, Begins::ByGreeting);
    for (const auto& recipient : delivered) must(dialogue.promised().contains(recipient));
  }

 private:
  void serve(UniqueFd socket, fuzz::Input input) {
    while (!input.empty()) {
      const ByteView said = input.piece();
      if (::send(socket.get(), said.data(), said.size(), MSG_NOSIGNAL) < 0) break;
      said_ += as_text(said);
      pollfd heard{socket.get(), POLLIN, 0};
      if (::poll(&heard, 1, 2) == 1 && !hear(socket)) return;
    }
    if (leaves_) return;
    ::shutdown(socket.get(), SHUT_WR);
    while (hear(socket)) continue;
  }

  bool hear(const UniqueFd& socket) {
    std::array<char, 4096> block;
    const auto octets = ::read(socket.get(), block.data(), block.size());
    if (octets > 0) heard_.append(block.data(), static_cast<std::size_t>(octets));
    return octets > 0;
  }

  bool leaves_;
  std::string heard_, said_;
  std::thread thread_;
};

SessionSettings settings() {
  SessionSettings settings;
  settings.helo_name = "me.lab";
  settings.tls_use = TlsUse::Never;
  settings.timeouts.command = settings.timeouts.data_block = settings.timeouts.final_reply =
      settings.timeouts.quit = std::chrono::milliseconds(20);
  return settings;
}

std::string address(int turn, std::size_t place) {
  return std::to_string(turn) + "." + std::to_string(place) + "@mx.lab";
}

Envelope envelope(std::uint8_t choice, int turn) {
  Envelope envelope;
  envelope.mail.sender = "s@me.lab";
  if (choice & 1U) envelope.mail.prdr = PerRecipientReplies::Yes;
  if (choice & 2U) envelope.grouping = Grouping::OneByOne;
  for (unsigned i = 0; i < 1 + (choice >> 2U & 3U); ++i)
    envelope.recipients.push_back({address(turn, i), {}, {}});
  return envelope;
}

void check(const TransactionResult& result, std::size_t asked, int told) {
  must(result.recipients.size() == asked);
  bool delivered = false;
  for (const auto& recipient : result.recipients) {
    const bool decided = recipient.fate != RecipientFate::Undecided &&
                         recipient.fate != RecipientFate::NextTransaction;
    must(recipient.reply.has_value() == decided);
    if (recipient.fate == RecipientFate::Undecided) must(result.trouble.has_value());
    if (recipient.fate == RecipientFate::Delivered) {
      delivered = true;
      must(recipient.reply->positive());
    } else if (recipient.reply) {
      must(recipient.reply->refused());
    }
  }
  if (delivered) must(result.custody == Custody::Taken);
  must(told == (result.custody == Custody::Taken ? 1 : 0));
}

// Returns who was delivered.
std::set<std::string> transactions(SmtpSession& session, std::uint8_t choice) {
  static const UniqueFd dotted = file_of(kDotted), plain = file_of(kPlain);
  const MessageData message =
      choice & 16U ? MessageData{{plain.get(), kPlain.size()}, MessageForm::Plain}
                   : MessageData{{dotted.get(), kDotted.size()}, MessageForm::Dotted};
  std::set<std::string> delivered;
  for (int turn = 0; turn < 2 && session.usable(); ++turn) {
    const auto asked = envelope(choice, turn);
    int told = 0;
    const auto result =
        run_transaction(session, asked, message, [&](const TransactionResult&) { ++told; });
    check(result, asked.recipients.size(), told);
    for (std::size_t i = 0; i < asked.recipients.size(); ++i)
      if (result.recipients[i].fate == RecipientFate::Delivered) delivered.insert(address(turn, i));
    if (result.custody != Custody::Taken && session.usable() && !session.reset()) break;
  }
  return delivered;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input({data, size});
  const std::uint8_t choice = input.octet();
  int ends[2] = {-1, -1};
  must(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  Peer peer(ends[1], input, (choice & 32U) != 0);
  std::set<std::string> delivered;
  {
    NoLog log;
    SmtpSession session(LineChannel{UniqueFd{ends[0]}}, settings(), log);
    if (session.open()) delivered = transactions(session, choice);
    session.quit();
  }
  peer.check_promises(delivered);
  return 0;
}

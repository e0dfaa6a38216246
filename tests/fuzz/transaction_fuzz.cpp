// SPDX-License-Identifier: GPL-2.0-or-later
// A session and two transactions against a server that says anything: its replies are the input, a
// piece each time that the client has said something. Whatever it says, each recipient has one
// fate, nobody is delivered whose message was not sent to its end, and what is undecided has a
// reason. RFC 5321 3.3, RFC 2920, RFC 3030, draft-hall-prdr.
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>

#include "fuzz/fuzz_support.h"
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

// Says the pieces one by one, each after something was heard or a moment has passed; keeps all that
// it heard.
class Peer {
 public:
  Peer(int fd, fuzz::Input input) : thread_([this, fd, input] { serve(UniqueFd(fd), input); }) {}
  ~Peer() { thread_.join(); }

 private:
  void serve(UniqueFd socket, fuzz::Input input) {
    while (!input.empty()) {
      const ByteView said = input.piece();
      if (::send(socket.get(), said.data(), said.size(), MSG_NOSIGNAL) < 0) return;
      pollfd heard{socket.get(), POLLIN, 0};
      std::array<char, 4096> block;
      if (::poll(&heard, 1, 2) == 1 && ::read(socket.get(), block.data(), block.size()) <= 0)
        return;
    }
  }
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

Envelope envelope(std::uint8_t choice) {
  Envelope envelope;
  envelope.mail.sender = "s@me.lab";
  if (choice & 1U) envelope.mail.prdr = PerRecipientReplies::Yes;
  if (choice & 2U) envelope.grouping = Grouping::OneByOne;
  for (unsigned i = 0; i < 1 + (choice >> 2U & 3U); ++i)
    envelope.recipients.push_back({"r@mx.lab", {}, {}});
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const UniqueFd dotted = file_of(kDotted), plain = file_of(kPlain);
  fuzz::Input input({data, size});
  const std::uint8_t choice = input.octet();
  int ends[2] = {-1, -1};
  must(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  Peer peer(ends[1], input);
  NoLog log;
  SmtpSession session(LineChannel{UniqueFd{ends[0]}}, settings(), log);
  if (!session.open()) return 0;
  const MessageData message =
      choice & 16U ? MessageData{{plain.get(), kPlain.size()}, MessageForm::Plain}
                   : MessageData{{dotted.get(), kDotted.size()}, MessageForm::Dotted};
  for (int turn = 0; turn < 2 && session.usable(); ++turn) {
    const auto asked = envelope(choice);
    int told = 0;
    const auto result =
        run_transaction(session, asked, message, [&](const TransactionResult&) { ++told; });
    check(result, asked.recipients.size(), told);
    if (result.custody != Custody::Taken && session.usable() && !session.reset()) break;
  }
  session.quit();
  return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
// The sequence of commands for one message; see the header.
#include "smtp/transaction.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "core/bytes.h"

namespace danesmtp {
namespace {

// RFC 2920 3.1 leaves it to the client not to fill both directions at once: replies to this many
// commands, even of 512 octets each, fit the receive buffer of a socket, so the server never
// blocks.
constexpr std::size_t kMostUnanswered = 128;

// RFC 5321 4.1.1.4: CRLF "." CRLF, or the dot alone for a message without a line.
bool ends_with_dot(const FileExtent& message) {
  constexpr std::string_view kEnd = "\r\n.\r\n";
  std::array<char, kEnd.size()> tail{};
  std::size_t wanted = message.size == 3 ? 3 : kEnd.size();
  if (message.size < wanted) return false;
  auto offset = static_cast<off_t>(message.size - wanted);
  ssize_t got = ::pread(message.fd, tail.data(), wanted, offset);
  return got == static_cast<ssize_t>(wanted) &&
         std::string_view(tail.data(), wanted) == kEnd.substr(kEnd.size() - wanted);
}

class Transaction {
 public:
  Transaction(SmtpSession& session, const FileExtent& message)
      : session_(session), message_(message) {}

  TransactionResult run(const Envelope& envelope, const MessageAccepted& accepted);

 private:
  [[nodiscard]] Result<void> prepare(const Envelope& envelope);
  void exchange_envelope();
  void exchange_group(std::size_t first, std::size_t end);
  void take_reply(std::size_t index, const SmtpReply& reply);
  void take_rcpt_reply(std::size_t recipient, const SmtpReply& reply);
  void take_data_reply(const SmtpReply& reply);
  void end_without_message();
  void deliver();
  void take_final_reply(const SmtpReply& reply);
  void note(SmtpTrouble trouble);

  std::size_t data_index() const { return commands_.size() - 1; }
  SmtpStage stage_of(std::size_t index) const {
    if (index == 0) return SmtpStage::Mail;
    return index == data_index() ? SmtpStage::Data : SmtpStage::Rcpt;
  }

  SmtpSession& session_;
  FileExtent message_;
  std::vector<std::string> commands_;  // MAIL, RCPT for each recipient, DATA
  std::vector<std::size_t> accepted_;  // recipients that the server took at RCPT
  bool data_invited_ = false;          // 354 was received and not yet answered
  TransactionResult result_;
};

// The first trouble is the cause; what follows from it is not interesting.
void Transaction::note(SmtpTrouble trouble) {
  if (!result_.trouble) result_.trouble = std::move(trouble);
}

TransactionResult Transaction::run(const Envelope& envelope, const MessageAccepted& accepted) {
  auto prepared = prepare(envelope);
  if (!prepared) {
    note({SmtpStage::Mail, prepared.error(), std::nullopt, "MAIL"});
    return std::move(result_);
  }
  exchange_envelope();
  if (data_invited_ && !result_.trouble && !accepted_.empty()) deliver();
  if (data_invited_) end_without_message();
  if (result_.custody == Custody::Taken && accepted) accepted(result_);
  return std::move(result_);
}

Result<void> Transaction::prepare(const Envelope& envelope) {
  result_.recipients.resize(envelope.recipients.size());
  if (envelope.recipients.empty()) return fail(ErrorKind::BadInput, "no recipients");
  if (!ends_with_dot(message_))
    return fail(ErrorKind::BadInput, "the message does not end with a line of a single dot");
  auto mail = mail_command(envelope.mail);
  if (!mail) return tl::unexpected(mail.error());
  commands_.push_back(*mail);
  for (std::size_t i = 0; i < envelope.recipients.size(); ++i) {
    auto rcpt = rcpt_command(envelope.recipients[i]);
    if (!rcpt) return tl::unexpected(rcpt.error());
    result_.recipients[i].command = *rcpt;
    commands_.push_back(*rcpt);
  }
  commands_.emplace_back("DATA");
  return {};
}

// RFC 2920 3.1: DATA is the last command of its group. Without PIPELINING a group is one command.
void Transaction::exchange_envelope() {
  result_.pipelined = session_.capabilities().pipelining;
  std::size_t window = result_.pipelined ? kMostUnanswered : 1;
  for (std::size_t at = 0; at < commands_.size(); at += window) {
    if (at == data_index() && accepted_.empty()) return;
    exchange_group(at, std::min(at + window, commands_.size()));
    if (result_.trouble) return;
  }
}

void Transaction::exchange_group(std::size_t first, std::size_t end) {
  auto position = [](std::size_t index) { return static_cast<std::ptrdiff_t>(index); };
  auto sent = session_.send_commands(
      {commands_.begin() + position(first), commands_.begin() + position(end)});
  if (!sent) {
    note({stage_of(first), sent.error(), std::nullopt, commands_[first]});
    return;
  }
  // Each command has its reply, in order, also after a refusal; until the connection is lost.
  for (std::size_t i = first; i < end && session_.usable(); ++i) {
    auto reply =
        session_.read_reply(stage_of(i), commands_[i], Deadline::in(session_.timeouts().command));
    if (reply) take_reply(i, *reply);
    if (!reply) note(reply.error());
  }
}

void Transaction::take_reply(std::size_t index, const SmtpReply& reply) {
  if (index == data_index()) return take_data_reply(reply);
  bool fits = reply.positive() || reply.refused();
  if (!fits || (index == 0 && reply.refused()))
    return note(session_.unwelcome(stage_of(index), commands_[index], reply));
  // After a refused MAIL the replies to RCPT are about the missing MAIL, not about the recipients.
  if (index > 0 && !result_.trouble) take_rcpt_reply(index - 1, reply);
}

void Transaction::take_rcpt_reply(std::size_t recipient, const SmtpReply& reply) {
  if (reply.positive()) {
    accepted_.push_back(recipient);
    return;
  }
  result_.recipients[recipient].fate = RecipientFate::Refused;
  result_.recipients[recipient].reply = reply;
}

void Transaction::take_data_reply(const SmtpReply& reply) {
  data_invited_ = reply.intermediate();
  bool expected_refusal = reply.refused() && accepted_.empty();
  if (!data_invited_ && !expected_refusal)
    note(session_.unwelcome(SmtpStage::Data, commands_.back(), reply));
}

// RFC 2920 3.1: 354 although no recipient is valid; a dot alone ends it, and the reply, most often
// 554, is of no interest. If MAIL was refused the server may think otherwise of the recipients: no
// dot then.
void Transaction::end_without_message() {
  if (result_.trouble) return session_.abandon();
  if (!session_.send_commands({"."})) return;
  static_cast<void>(session_.read_reply(SmtpStage::EndOfData, "end of data",
                                        Deadline::in(session_.timeouts().command)));
}

void Transaction::deliver() {
  data_invited_ = false;
  auto sent = session_.send_message(message_);
  if (!sent) {
    note({SmtpStage::Data, sent.error(), std::nullopt, "message data"});
    return;
  }
  auto reply = session_.read_reply(SmtpStage::EndOfData, "end of data",
                                   Deadline::in(session_.timeouts().final_reply));
  if (reply) return take_final_reply(*reply);
  // RFC 5321 4.2.5 and 4.5.3.2.6: after the final dot only the reply tells who has the message.
  if (!reply.error().reply) result_.custody = Custody::Unknown;
  note(reply.error());
}

void Transaction::take_final_reply(const SmtpReply& reply) {
  if (!reply.positive()) {
    if (!reply.refused()) result_.custody = Custody::Unknown;
    return note(session_.unwelcome(SmtpStage::EndOfData, "end of data", reply));
  }
  result_.custody = Custody::Taken;
  for (std::size_t i : accepted_) {
    result_.recipients[i].fate = RecipientFate::Delivered;
    result_.recipients[i].reply = reply;
  }
}

}  // namespace

TransactionResult run_transaction(SmtpSession& session, const Envelope& envelope,
                                  const FileExtent& message, const MessageAccepted& accepted) {
  return Transaction(session, message).run(envelope, accepted);
}

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// The sequence of commands for one message; see the header.
#include "smtp/transaction.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "core/format.h"

namespace danesmtp {
namespace {

// RFC 2920 3.1 leaves it to the client not to fill both directions at once: replies to this many
// commands, even of 512 octets each, fit the receive buffer of a socket, so the server never
// blocks.
constexpr std::size_t kMostUnanswered = 128;

// A message up to this size goes out by BDAT in the same breath as its envelope (RFC 3030 4.2); a
// larger one waits until a recipient is known to be accepted. Octets; the buffer of Exim's own
// driver, which draws the line there too.
constexpr std::uint64_t kEarlyChunk = 8192;

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
  Transaction(SmtpSession& session, const MessageData& message, const MessageAccepted& on_record)
      : session_(session), message_(message), on_record_(on_record) {}

  TransactionResult run(const Envelope& envelope);

 private:
  [[nodiscard]] Result<void> prepare(const Envelope& envelope);
  void exchange_envelope();
  void exchange_group(std::size_t first, std::size_t end);
  bool send_group(std::size_t first, std::size_t end);
  void take_reply(std::size_t index, const SmtpReply& reply);
  void take_rcpt_reply(std::size_t recipient, const SmtpReply& reply);
  void take_data_reply(const SmtpReply& reply);
  void postpone_from(std::size_t recipient);
  void end_data();
  void end_without_message();
  void end_chunk();
  void send_awaited_message();
  void send_message();
  void read_final_reply();
  void take_final_reply(const SmtpReply& reply);
  void read_replies_of_recipients();
  void taken();
  void take_overall_reply(const std::vector<SmtpReply>& said, const SmtpReply& overall);
  void refuse(const SmtpReply& reply);
  void note(SmtpTrouble trouble);

  bool chunked() const { return message_.form == MessageForm::Plain; }
  bool wanted() const {
    const bool some = !accepted_.empty();
    const bool all = accepted_.size() == result_.recipients.size();
    return !result_.trouble && (partial_ == Partial::Allowed ? some : all);
  }
  std::size_t data_index() const { return result_.recipients.size() + 1; }
  SmtpStage stage_of(std::size_t index) const {
    if (index == 0) return SmtpStage::Mail;
    return index == data_index() ? SmtpStage::Data : SmtpStage::Rcpt;
  }
  // How a log line names the command.
  const std::string& name_of(std::size_t index) const {
    return stage_of(index) == SmtpStage::Rcpt ? result_.recipients[index - 1].command
                                              : commands_[index];
  }

  SmtpSession& session_;
  MessageData message_;
  const MessageAccepted& on_record_;
  Partial partial_ = Partial::Allowed;
  std::vector<std::string> commands_;  // MAIL, RCPT for each recipient, DATA unless by BDAT
  std::string data_command_;           // DATA or BDAT
  std::vector<std::size_t> accepted_;  // recipients that the server took at RCPT
  bool one_decided_ = false;           // a recipient was accepted or refused for good
  bool too_many_ = false;              // the server will take no more in this transaction
  bool data_invited_ = false;          // 354 was received and not yet answered
  bool sent_ = false;                  // the message, to its last octet
  bool prdr_ = false;
  bool doubtful_ = false;  // the server both took and refused a recipient
  bool in_group_ = false;  // what is being answered went out together with other commands
  TransactionResult result_;
};

// The first trouble is the cause; what follows from it is not interesting.
void Transaction::note(SmtpTrouble trouble) {
  // Whatever came behind a refused MAIL: there was no transaction.
  if (trouble.stage == SmtpStage::Mail && trouble.reply && trouble.reply->refused() &&
      !trouble.reply->contradicts())
    result_.custody = Custody::NotTaken;
  if (result_.trouble) return;
  result_.trouble = std::move(trouble);
  result_.trouble->in_group = in_group_;
}

TransactionResult Transaction::run(const Envelope& envelope) {
  auto prepared = prepare(envelope);
  if (!prepared) {
    note({SmtpStage::Mail, prepared.error(), std::nullopt, "MAIL"});
    return std::move(result_);
  }
  result_.pipelined =
      envelope.grouping == Grouping::AsOffered && session_.capabilities().pipelining;
  // DATA must not go out before every reply to RCPT is known.
  partial_ = envelope.partial;
  if (partial_ == Partial::Forbidden) result_.pipelined = false;
  prdr_ = envelope.mail.prdr == PerRecipientReplies::Yes;
  // RFC 5321 4.1.1: what is there before the first command would pass for its reply, and each reply
  // for that of the command before, the final one too.
  if (session_.unasked_reply()) {
    session_.abandon();
    note({SmtpStage::Mail, {ErrorKind::Protocol, "a reply to nothing"}, std::nullopt, "MAIL"});
    return std::move(result_);
  }
  in_group_ = result_.pipelined;
  exchange_envelope();
  // A reply to BDAT may still be one of its group's.
  in_group_ = in_group_ && sent_;
  if (chunked())
    end_chunk();
  else
    end_data();
  return std::move(result_);
}

Result<void> Transaction::prepare(const Envelope& envelope) {
  result_.recipients.resize(envelope.recipients.size());
  if (envelope.recipients.empty()) return fail(ErrorKind::BadInput, "no recipients");
  if (!chunked() && !ends_with_dot(message_.file))
    return fail(ErrorKind::BadInput, "the message does not end with a line of a single dot");
  auto mail = mail_command(envelope.mail);
  if (!mail) return tl::unexpected(mail.error());
  commands_.push_back(*mail);
  for (std::size_t i = 0; i < envelope.recipients.size(); ++i) {
    auto rcpt = rcpt_command(envelope.recipients[i]);
    if (!rcpt) return tl::unexpected(rcpt.error());
    result_.recipients[i].command = format("RCPT TO:<{}>", envelope.recipients[i].recipient);
    commands_.push_back(*rcpt);
  }
  data_command_ = chunked() ? last_chunk_command(message_.file.size) : "DATA";
  if (!chunked()) commands_.push_back(data_command_);
  return {};
}

// RFC 2920 3.1: DATA is the last command of its group. Without PIPELINING a group is one command.
void Transaction::exchange_envelope() {
  const std::size_t window = result_.pipelined ? kMostUnanswered : 1;
  for (std::size_t at = 0; at < commands_.size();) {
    if (at == data_index() && !wanted()) return;
    const std::size_t end = std::min(at + window, commands_.size());
    exchange_group(at, end);
    if (result_.trouble) return;
    at = end;
    if (!too_many_ || at >= data_index()) continue;
    postpone_from(end - 1);
    at = data_index();
  }
}

void Transaction::exchange_group(std::size_t first, std::size_t end) {
  if (!send_group(first, end)) return;
  // RFC 3030 4.2: BDAT may follow in the same group, and the message with it.
  const bool last = end == commands_.size();
  if (last && chunked() && result_.pipelined && message_.file.size <= kEarlyChunk) send_message();
  // Each command has its reply, in order, also after a refusal; until the connection is lost.
  for (std::size_t i = first; i < end && session_.usable(); ++i) {
    auto reply =
        session_.read_reply(stage_of(i), name_of(i), Deadline::in(session_.timeouts().command));
    if (reply) take_reply(i, *reply);
    if (!reply) note(reply.error());
  }
}

bool Transaction::send_group(std::size_t first, std::size_t end) {
  auto position = [](std::size_t index) { return static_cast<std::ptrdiff_t>(index); };
  auto sent = session_.send_commands(
      {commands_.begin() + position(first), commands_.begin() + position(end)});
  if (!sent) note({stage_of(first), sent.error(), std::nullopt, name_of(first)});
  return sent.has_value();
}

void Transaction::take_reply(std::size_t index, const SmtpReply& reply) {
  if (index == data_index()) return take_data_reply(reply);
  bool fits = reply.positive() || reply.refused();
  if (!fits || (index == 0 && reply.refused()))
    return note(session_.unwelcome(stage_of(index), name_of(index), reply));
  // After a refused MAIL the replies to RCPT are about the missing MAIL, not about the recipients.
  if (index > 0 && !result_.trouble) take_rcpt_reply(index - 1, reply);
}

void Transaction::take_rcpt_reply(std::size_t recipient, const SmtpReply& reply) {
  // RFC 5321 4.5.3.1.10: not the recipient's fault once others were answered. As the first answer
  // it is one like any other 4xx, or transactions would never end.
  if (reply.code == 452 && one_decided_) {
    too_many_ = true;
    result_.recipients[recipient].fate = RecipientFate::NextTransaction;
    return;
  }
  if (!reply.transient()) one_decided_ = true;
  if (reply.positive()) {
    accepted_.push_back(recipient);
    return;
  }
  // RFC 5321 4.2.1: a reply that contradicts itself is a refusal for now, of this recipient alone.
  if (reply.contradicts()) doubtful_ = true;
  result_.recipients[recipient].fate = RecipientFate::Refused;
  result_.recipients[recipient].reply = reply;
}

void Transaction::postpone_from(std::size_t recipient) {
  for (std::size_t i = recipient; i < result_.recipients.size(); ++i)
    result_.recipients[i].fate = RecipientFate::NextTransaction;
}

void Transaction::take_data_reply(const SmtpReply& reply) {
  data_invited_ = reply.intermediate();
  bool expected_refusal = reply.refused() && !reply.contradicts() && accepted_.empty();
  if (!data_invited_ && !expected_refusal)
    note(session_.unwelcome(SmtpStage::Data, data_command_, reply));
}

void Transaction::end_data() {
  if (!data_invited_) return;
  if (!wanted()) return end_without_message();
  send_awaited_message();
  if (sent_) read_final_reply();
}

// RFC 2920 3.1: 354 although no recipient is valid; a dot alone ends it, and the reply, most often
// 554, is of no interest. If MAIL was refused, or a recipient in doubtful words, the server may
// think otherwise of the recipients: no dot then.
void Transaction::end_without_message() {
  if (result_.trouble || doubtful_) return session_.abandon();
  if (!session_.send_commands({"."})) return;
  static_cast<void>(session_.read_reply(SmtpStage::EndOfData, "end of data",
                                        Deadline::in(session_.timeouts().command)));
}

// RFC 3030 2: a message that went out before its recipients were refused has its own reply.
void Transaction::end_chunk() {
  if (!sent_ && wanted()) send_awaited_message();
  if (sent_ && session_.usable()) read_final_reply();
}

// Every command has been answered: what is there now would pass for the reply to a message that the
// server has not seen yet.
void Transaction::send_awaited_message() {
  if (!session_.unasked_reply()) return send_message();
  session_.abandon();
  note({SmtpStage::Data, {ErrorKind::Protocol, "a reply to nothing"}, std::nullopt, data_command_});
}

void Transaction::send_message() {
  auto sent = chunked() ? session_.send_commands({data_command_}) : Result<void>();
  if (sent) sent = session_.send_message(message_.file);
  if (!sent) return note({SmtpStage::Data, sent.error(), std::nullopt, "message data"});
  sent_ = true;
  // RFC 5321 4.2.5 and 4.5.3.2.6: from here on only the reply tells who has the message.
  result_.custody = Custody::Unknown;
}

void Transaction::read_final_reply() {
  auto reply = session_.read_reply(SmtpStage::EndOfData, "end of data",
                                   Deadline::in(session_.timeouts().final_reply));
  if (reply) return take_final_reply(*reply);
  if (reply.error().reply) result_.custody = Custody::NotTaken;
  SmtpTrouble trouble = reply.error();
  if (trouble.error.kind == ErrorKind::Timeout)
    trouble.command += format(" ({} bytes written)", message_.file.size);
  note(std::move(trouble));
}

void Transaction::take_final_reply(const SmtpReply& reply) {
  if (prdr_ && reply.intermediate()) return read_replies_of_recipients();
  if (!reply.positive()) return refuse(reply);
  if (!wanted()) {
    result_.custody = Custody::Unknown;  // a message for nobody was taken
    return;
  }
  for (std::size_t i : accepted_) result_.recipients[i].fate = RecipientFate::Delivered;
  taken();
  for (std::size_t i : accepted_) result_.recipients[i].reply = reply;
}

// The message is the server's now. What fails from here on must not undo that.
void Transaction::taken() {
  result_.custody = Custody::Taken;
  if (on_record_) on_record_(result_);
}

// The message was not taken, or the reply makes no sense; nobody waits for it if it is for nobody.
void Transaction::refuse(const SmtpReply& reply) {
  if (reply.refused() && !reply.contradicts()) result_.custody = Custody::NotTaken;
  auto trouble = session_.unwelcome(SmtpStage::EndOfData, "end of data", reply);
  if (!accepted_.empty()) note(std::move(trouble));
}

// draft-hall-prdr: one reply for each accepted recipient, then one for the whole. Until that one
// is there nothing counts: a server that stops half-way may have kept the message or not.
void Transaction::read_replies_of_recipients() {
  std::vector<SmtpReply> said;
  while (said.size() <= accepted_.size()) {
    auto reply = session_.read_reply(SmtpStage::EndOfData, "end of data",
                                     Deadline::in(session_.timeouts().final_reply));
    if (!reply) return note(reply.error());
    if (!reply->positive() && !reply->refused())
      return note(session_.unwelcome(SmtpStage::EndOfData, "end of data", *reply));
    said.push_back(*reply);
  }
  const SmtpReply overall = said.back();
  said.pop_back();
  take_overall_reply(said, overall);
}

void Transaction::take_overall_reply(const std::vector<SmtpReply>& said, const SmtpReply& overall) {
  for (std::size_t i = 0; overall.positive() && i < said.size(); ++i)
    if (said[i].positive()) result_.recipients[accepted_[i]].fate = RecipientFate::Delivered;
  if (overall.positive()) taken();
  std::vector<std::size_t> not_refused;
  for (std::size_t i = 0; i < said.size(); ++i) {
    RecipientResult& recipient = result_.recipients[accepted_[i]];
    if (said[i].refused()) {
      recipient = {RecipientFate::MessageRefused, said[i], data_command_};
      continue;
    }
    if (overall.positive()) recipient.reply = said[i];
    not_refused.push_back(accepted_[i]);
  }
  accepted_ = not_refused;
  result_.overall = overall;
  if (!overall.positive()) refuse(overall);
}

}  // namespace

TransactionResult run_transaction(SmtpSession& session, const Envelope& envelope,
                                  const MessageData& message, const MessageAccepted& accepted) {
  return Transaction(session, message, accepted).run(envelope);
}

}  // namespace danesmtp

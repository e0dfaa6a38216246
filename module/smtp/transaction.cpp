// SPDX-License-Identifier: GPL-2.0-or-later
// The flow of one message: the envelope, the message, its final reply; see the header.
#include "smtp/transaction.h"

#include <string_view>
#include <utility>

#include "core/bytes.h"
#include "smtp/envelope_commands.h"
#include "smtp/envelope_exchange.h"
#include "smtp/message_transfer.h"
#include "smtp/stored_body.h"
#include "smtp/transaction_record.h"

namespace danesmtp {
namespace {

// A message up to this size goes out by BDAT in the same breath as its envelope (RFC 3030 4.2); a
// larger one waits until a recipient is known to be accepted. Octets; the buffer of Exim's own
// driver, which draws the line there too.
constexpr std::uint64_t kEarlyChunk = 8192;

// RFC 5321 4.1.1.4: CRLF "." CRLF, or the dot alone for a message without a line.
bool ends_with_dot(const FileExtent& message) {
  constexpr std::string_view kEnd = "\r\n.\r\n";
  Bytes tail(message.size == 3 ? 3 : kEnd.size());
  if (message.size < tail.size()) return false;
  const auto got = read_at(message.fd, tail, message.size - tail.size());
  return got && *got == tail.size() && as_text(tail) == kEnd.substr(kEnd.size() - tail.size());
}

// What must hold before anything is sent.
Result<EnvelopeCommands> prepare(const Envelope& envelope, const MessageData& message) {
  if (envelope.recipients.empty()) return fail(ErrorKind::BadInput, "no recipients");
  if (message.form == MessageForm::Dotted && !(message.body || ends_with_dot(message.file)))
    return fail(ErrorKind::BadInput, "the message does not end with a line of a single dot");
  return envelope_commands(envelope, message);
}

TransactionRecord record_of(const SmtpSession& session, const Envelope& envelope) {
  TransactionRecord record;
  record.result.recipients.resize(envelope.recipients.size());
  record.partial = envelope.partial;
  // DATA must not go out before every reply to RCPT is known.
  record.result.pipelined = envelope.grouping == Grouping::AsOffered &&
                            session.capabilities().pipelining &&
                            envelope.partial == Partial::Allowed;
  return record;
}

class Transaction {
 public:
  Transaction(SmtpSession& session, const MessageData& message, const EnvelopeCommands& commands,
              TransactionRecord& record)
      : session_(session), message_(message), commands_(commands), record_(record) {}

  void run(MessageTransfer& transfer);

 private:
  void end_data(const EnvelopeExchange& envelope, MessageTransfer& transfer);
  void end_without_message(const EnvelopeExchange& envelope);
  void end_chunk(MessageTransfer& transfer);

  SmtpSession& session_;
  const MessageData& message_;
  const EnvelopeCommands& commands_;
  TransactionRecord& record_;
};

void Transaction::run(MessageTransfer& transfer) {
  // RFC 5321 4.1.1: what is there before the first command would pass for its reply, and each reply
  // for that of the command before, the final one too.
  if (session_.unasked_reply()) {
    session_.abandon();
    return record_.note(
        {SmtpStage::Mail, {ErrorKind::Protocol, "a reply to nothing"}, std::nullopt, "MAIL"});
  }
  record_.in_group = record_.result.pipelined;
  const bool chunked = message_.form == MessageForm::Plain;
  const bool early = chunked && record_.result.pipelined && message_.size() <= kEarlyChunk;
  EnvelopeExchange envelope(session_, commands_, record_, early ? &transfer : nullptr);
  envelope.run();
  // A reply to BDAT may still be one of its group's.
  record_.in_group = record_.in_group && transfer.sent();
  if (chunked)
    end_chunk(transfer);
  else
    end_data(envelope, transfer);
}

void Transaction::end_data(const EnvelopeExchange& envelope, MessageTransfer& transfer) {
  if (!envelope.data_invited()) return;
  if (!record_.wanted()) return end_without_message(envelope);
  transfer.send_awaited();
  if (transfer.sent()) transfer.read_final_reply();
}

// RFC 2920 3.1: 354 although no recipient is valid; a dot alone ends it, and the reply, most often
// 554, is of no interest. If MAIL was refused, or a recipient in doubtful words, the server may
// think otherwise of the recipients: no dot then.
void Transaction::end_without_message(const EnvelopeExchange& envelope) {
  if (record_.result.trouble || envelope.doubtful()) return session_.abandon();
  if (!session_.send_commands({"."})) return;
  static_cast<void>(session_.read_reply(SmtpStage::EndOfData, "end of data",
                                        Deadline::in(session_.timeouts().command)));
}

// RFC 3030 2: a message that went out before its recipients were refused has its own reply.
void Transaction::end_chunk(MessageTransfer& transfer) {
  if (!transfer.sent() && record_.wanted()) transfer.send_awaited();
  if (transfer.sent() && session_.connected()) transfer.read_final_reply();
}

}  // namespace

TransactionResult run_transaction(SmtpSession& session, const Envelope& envelope,
                                  const MessageData& message, const MessageAccepted& accepted) {
  TransactionRecord record = record_of(session, envelope);
  const auto commands = prepare(envelope, message);
  if (!commands) {
    record.result.pipelined = false;
    record.note({SmtpStage::Mail, commands.error(), std::nullopt, "MAIL"});
    return std::move(record.result);
  }
  for (std::size_t i = 0; i < commands->names.size(); ++i)
    record.result.recipients[i].command = commands->names[i];
  const MessageManner manner{envelope.mail.prdr, envelope.farewell};
  MessageTransfer transfer(session, message, commands->data, manner, record, accepted);
  Transaction(session, message, *commands, record).run(transfer);
  return std::move(record.result);
}

}  // namespace danesmtp

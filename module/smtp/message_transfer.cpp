// SPDX-License-Identifier: GPL-2.0-or-later
#include "smtp/message_transfer.h"

#include <utility>

#include "core/format.h"

namespace danesmtp {

// Every command has been answered: what is there now would pass for the reply to a message that the
// server has not seen yet.
void MessageTransfer::send_awaited() {
  if (session_.unasked_reply()) {
    session_.abandon();
    return record_.note(
        {SmtpStage::Data, {ErrorKind::Protocol, "a reply to nothing"}, std::nullopt, command_});
  }
  std::vector<std::string> commands;
  if (message_.form == MessageForm::Plain) commands.push_back(command_);
  auto sent = send(commands, Farewell::Later);
  if (!sent) record_.note({SmtpStage::Data, sent.error(), std::nullopt, "message data"});
}

Result<void> MessageTransfer::send_with(std::vector<std::string> commands) {
  commands.push_back(command_);
  return send(commands, manner_.farewell);
}

Result<void> MessageTransfer::send(const std::vector<std::string>& commands, Farewell farewell) {
  auto sent = session_.send_message(commands, message_, farewell);
  if (!sent) return sent;
  sent_ = true;
  // RFC 5321 4.2.5 and 4.5.3.2.6: from here on only the reply tells who has the message.
  record_.result.custody = Custody::Unknown;
  return {};
}

void MessageTransfer::read_final_reply() {
  auto reply = session_.read_reply(SmtpStage::EndOfData, "end of data",
                                   Deadline::in(session_.timeouts().final_reply));
  if (reply) return take_final_reply(*reply);
  if (reply.error().reply) record_.result.custody = Custody::NotTaken;
  SmtpTrouble trouble = reply.error();
  if (trouble.error.kind == ErrorKind::Timeout)
    trouble.command += format(" ({} bytes written)", message_.size());
  record_.note(std::move(trouble));
}

// The answer to a QUIT that has been sent says only that one before it is missing.
bool MessageTransfer::accepts(const SmtpReply& reply) const {
  return reply.positive() && (manner_.farewell == Farewell::Later || reply.code != 221);
}

void MessageTransfer::take_final_reply(const SmtpReply& reply) {
  if (manner_.prdr == PerRecipientReplies::Yes && reply.intermediate())
    return read_replies_of_recipients();
  if (!accepts(reply)) return refuse(reply);
  if (!record_.wanted()) {
    record_.result.custody = Custody::Unknown;  // a message for nobody was taken
    return;
  }
  for (std::size_t i : record_.accepted)
    record_.result.recipients[i].fate = RecipientFate::Delivered;
  taken();
  for (std::size_t i : record_.accepted) record_.result.recipients[i].reply = reply;
}

// The message is the server's now. What fails from here on must not undo that.
void MessageTransfer::taken() {
  record_.result.custody = Custody::Taken;
  if (on_record_) on_record_(record_.result);
}

// The message was not taken, or the reply makes no sense; nobody waits for it if it is for nobody.
void MessageTransfer::refuse(const SmtpReply& reply) {
  if (reply.refused() && !reply.contradicts()) record_.result.custody = Custody::NotTaken;
  auto trouble = session_.unwelcome(SmtpStage::EndOfData, "end of data", reply);
  if (!record_.accepted.empty()) record_.note(std::move(trouble));
}

// draft-hall-prdr: one reply for each accepted recipient, then one for the whole. Until that one
// is there nothing counts: a server that stops half-way may have kept the message or not.
void MessageTransfer::read_replies_of_recipients() {
  std::vector<SmtpReply> said;
  while (said.size() <= record_.accepted.size()) {
    auto reply = session_.read_reply(SmtpStage::EndOfData, "end of data",
                                     Deadline::in(session_.timeouts().final_reply));
    if (!reply) return record_.note(reply.error());
    if (!accepts(*reply) && !reply->refused())
      return record_.note(session_.unwelcome(SmtpStage::EndOfData, "end of data", *reply));
    said.push_back(*reply);
  }
  const SmtpReply overall = said.back();
  said.pop_back();
  take_overall_reply(said, overall);
}

void MessageTransfer::take_overall_reply(const std::vector<SmtpReply>& said,
                                         const SmtpReply& overall) {
  for (std::size_t i = 0; overall.positive() && i < said.size(); ++i)
    if (said[i].positive())
      record_.result.recipients[record_.accepted[i]].fate = RecipientFate::Delivered;
  if (overall.positive()) taken();
  std::vector<std::size_t> not_refused;
  for (std::size_t i = 0; i < said.size(); ++i) {
    RecipientResult& recipient = record_.result.recipients[record_.accepted[i]];
    if (said[i].refused()) {
      recipient = {RecipientFate::MessageRefused, said[i], command_};
      continue;
    }
    if (overall.positive()) recipient.reply = said[i];
    not_refused.push_back(record_.accepted[i]);
  }
  record_.accepted = not_refused;
  record_.result.overall = overall;
  if (!overall.positive()) refuse(overall);
}

}  // namespace danesmtp

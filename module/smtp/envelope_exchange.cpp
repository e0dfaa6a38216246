// SPDX-License-Identifier: GPL-2.0-or-later
#include "smtp/envelope_exchange.h"

#include <algorithm>
#include <utility>

namespace danesmtp {
namespace {

// RFC 2920 3.1 leaves it to the client not to fill both directions at once: replies to this many
// commands, even of 512 octets each, fit the receive buffer of a socket, so the server never
// blocks.
constexpr std::size_t kMostUnanswered = 128;

// Of a group that the message ends: its file is read before anything is sent, and it is what a peer
// that takes no more octets does not take.
bool is_of_message(const Error& error) {
  return error.kind == ErrorKind::Io || error.kind == ErrorKind::Timeout;
}

}  // namespace

// RFC 2920 3.1: DATA is the last command of its group. Without PIPELINING a group is one command.
void EnvelopeExchange::run() {
  const std::size_t window = record_.result.pipelined ? kMostUnanswered : 1;
  for (std::size_t at = 0; at < commands_.lines.size();) {
    if (at == commands_.data_place() && !record_.wanted()) return;
    const std::size_t end = std::min(at + window, commands_.lines.size());
    exchange_group(at, end);
    if (record_.result.trouble) return;
    at = end;
    if (!too_many_ || at >= commands_.data_place()) continue;
    postpone_from(end - 1);
    at = commands_.data_place();
  }
}

void EnvelopeExchange::exchange_group(std::size_t first, std::size_t end) {
  if (!send_group(first, end)) return;
  // Each command has its reply, in order, also after a refusal; until the connection is lost.
  for (std::size_t i = first; i < end && session_.connected(); ++i) {
    auto reply = session_.read_reply(commands_.stage(i), commands_.name(i),
                                     Deadline::in(session_.timeouts().command));
    if (reply) take_reply(i, *reply);
    if (!reply) record_.note(reply.error());
  }
}

bool EnvelopeExchange::send_group(std::size_t first, std::size_t end) {
  // RFC 3030 4.2: BDAT may follow in the same group, and the message with it.
  const bool with_message = early_ != nullptr && end == commands_.lines.size();
  auto commands = commands_.group(first, end);
  auto sent =
      with_message ? early_->send_with(std::move(commands)) : session_.send_commands(commands);
  if (sent) return true;
  if (with_message && is_of_message(sent.error()))
    record_.note({SmtpStage::Data, sent.error(), std::nullopt, "message data"});
  else
    record_.note({commands_.stage(first), sent.error(), std::nullopt, commands_.name(first)});
  return false;
}

void EnvelopeExchange::take_reply(std::size_t place, const SmtpReply& reply) {
  if (place == commands_.data_place()) return take_data_reply(reply);
  bool fits = reply.positive() || reply.refused();
  if (!fits || (place == 0 && reply.refused()))
    return record_.note(session_.unwelcome(commands_.stage(place), commands_.name(place), reply));
  // After a refused MAIL the replies to RCPT are about the missing MAIL, not about the recipients.
  if (place > 0 && !record_.result.trouble) take_rcpt_reply(place - 1, reply);
}

void EnvelopeExchange::take_rcpt_reply(std::size_t recipient, const SmtpReply& reply) {
  // RFC 5321 4.5.3.1.10: not the recipient's fault once others were answered. As the first answer
  // it is one like any other 4xx, or transactions would never end.
  if (reply.code == 452 && one_decided_) {
    too_many_ = true;
    record_.result.recipients[recipient].fate = RecipientFate::NextTransaction;
    return;
  }
  if (!reply.transient()) one_decided_ = true;
  if (reply.positive()) {
    record_.accepted.push_back(recipient);
    return;
  }
  // RFC 5321 4.2.1: a reply that contradicts itself is a refusal for now, of this recipient alone.
  if (reply.contradicts()) doubtful_ = true;
  record_.result.recipients[recipient].fate = RecipientFate::Refused;
  record_.result.recipients[recipient].reply = reply;
}

void EnvelopeExchange::postpone_from(std::size_t recipient) {
  for (std::size_t i = recipient; i < record_.result.recipients.size(); ++i)
    record_.result.recipients[i].fate = RecipientFate::NextTransaction;
}

void EnvelopeExchange::take_data_reply(const SmtpReply& reply) {
  data_invited_ = reply.intermediate();
  bool expected_refusal = reply.refused() && !reply.contradicts() && record_.accepted.empty();
  if (!data_invited_ && !expected_refusal)
    record_.note(session_.unwelcome(SmtpStage::Data, commands_.data, reply));
}

}  // namespace danesmtp

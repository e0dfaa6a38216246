// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/transactions.h"

#include <limits>
#include <utility>

#include "outcome/delivery_log.h"
#include "route/tls_requirement.h"
#include "route/written_message.h"

namespace danesmtp {
namespace {

constexpr std::size_t kEveryone = std::numeric_limits<std::size_t>::max();

}  // namespace

Transactions::Transactions(const AttemptContext& attempt, AttemptRecipients& recipients,
                           const ConnectionFacts& facts, const OpenConnection& open)
    : Transactions(attempt, recipients, facts) {
  served_.transactions = open.transactions;
  left_open_untried_ = true;
}

AttemptResult Transactions::send(SmtpSession& session) {
  const auto& offered = session.capabilities();
  if (const auto unsuited = unsuited_session(attempt_, facts_, offered)) return give_up(*unsuited);
  facts_.requiretls = carries_requiretls(attempt_, facts_, offered);
  auto dialogue = plan_dialogue(attempt_.server, attempt_.batch, attempt_.request.host, offered);
  if (!dialogue) return give_up(rule_on_host_error(dialogue.error()));
  if (dialogue->utf8 == Utf8Way::Forbidden)
    return give_up(
        rule_on_missing_smtputf8(attempt_.last_host() ? OtherHosts::None : OtherHosts::Remain));
  facts_.downconverted = dialogue->utf8 == Utf8Way::ToAscii;
  auto message = write_message(attempt_, dialogue->form);
  if (!message) return give_up(rule_on_write_failure(message.error()));
  facts_.dsn = dialogue->dsn ? DsnSupport::Yes : DsnSupport::No;
  served_.most = dialogue->most_transactions;
  return run_all(session, *dialogue, message->data);
}

// A transaction decides at least one recipient or ends in trouble, so this loop ends.
AttemptResult Transactions::run_all(SmtpSession& session, const Dialogue& dialogue,
                                    const MessageData& message) {
  auto auth = attempt_.server.mail_auth();
  if (!auth) return give_up(rule_on_host_error(auth.error()));
  for (; served_.transactions < served_.most && !recipients_.all_decided();
       ++served_.transactions) {
    if (served_.needs_reset)
      if (auto reset = session.reset(); !reset) return give_up(rule_on_reset(reset.error()));
    const auto recipients =
        recipients_.next(attempt_.batch.all_or_nothing ? kEveryone : dialogue.most_recipients);
    auto envelope = make_envelope(attempt_.server, attempt_.batch, dialogue, recipients);
    if (!envelope) return give_up(rule_on_inconvertible_address(envelope.error()));
    envelope->mail.auth = *auth;
    if (facts_.requiretls) envelope->mail.requiretls = RequireTlsParameter::Yes;
    if (attempt_.batch.all_or_nothing) envelope->partial = Partial::Forbidden;
    envelope->farewell = farewell_after(recipients);
    facts_.chunked = message.form == MessageForm::Plain;
    facts_.continued = served_.transactions > 0;
    const auto result = run_one(session, *envelope, message, recipients);
    if (auto end = take(result, recipients)) return *end;
  }
  used_up_ = !recipients_.all_decided();
  return recipients_.worked();
}

// What comes after the last transaction is asked before it, so that QUIT can go out with it.
// Several recipients may need another one after all (452).
Farewell Transactions::farewell_after(const std::vector<RecipientIndex>& recipients) {
  if (recipients.size() < recipients_.left()) return Farewell::Later;
  served_.wanted = served_.wanted || is_wanted_further(attempt_, facts_, served_);
  return served_.wanted || recipients.size() > 1 ? Farewell::Later : Farewell::BehindMessage;
}

// The server has the message as soon as it says so: first of all, that is put on record. Nothing
// there allocates.
TransactionResult Transactions::run_one(SmtpSession& session, const Envelope& envelope,
                                        const MessageData& message,
                                        const std::vector<RecipientIndex>& recipients) {
  std::vector<RecipientIndex> delivered;
  delivered.reserve(recipients.size());
  return run_transaction(session, envelope, message, [&](const TransactionResult& so_far) {
    for (std::size_t i = 0; i < recipients.size(); ++i)
      if (so_far.recipients[i].fate == RecipientFate::Delivered) delivered.push_back(recipients[i]);
    if (!delivered.empty()) attempt_.server.journal(delivered);
  });
}

// Nothing: another transaction can follow.
std::optional<AttemptResult> Transactions::take(const TransactionResult& result,
                                                const std::vector<RecipientIndex>& recipients) {
  if (std::exchange(left_open_untried_, false) && was_lost_before_mail(result))
    return AttemptResult{AttemptEnd::NotTried, {}, false, {}};
  take_delivered(result, recipients);
  take_refused(result, recipients);
  if (attempt_.batch.all_or_nothing && !result.trouble && result.custody != Custody::Taken)
    return refuse_all(result);
  if (result.trouble) return give_up(rule_on_transaction(result));
  served_.needs_reset = result.custody != Custody::Taken;
  return std::nullopt;
}

void Transactions::take_delivered(const TransactionResult& result,
                                  const std::vector<RecipientIndex>& recipients) {
  bool first = true;
  for (std::size_t i = 0; i < recipients.size(); ++i) {
    const auto& one = result.recipients[i];
    if (one.fate != RecipientFate::Delivered) continue;
    RecipientOutcome outcome{{}, facts_};
    outcome.verdict.text = result.overall ? confirmation_text(*one.reply, *result.overall)
                                          : confirmation_text(*one.reply);
    outcome.transaction = {std::exchange(first, false), result.pipelined,
                           result.overall.has_value()};
    recipients_.delivered(recipients[i], outcome);
    attempt_.server.retry_recipient(recipients[i], RetryChange::Worked);
  }
}

void Transactions::take_refused(const TransactionResult& result,
                                const std::vector<RecipientIndex>& recipients) {
  for (std::size_t i = 0; i < recipients.size(); ++i) {
    const auto& one = result.recipients[i];
    if (one.fate == RecipientFate::Refused) refused(recipients[i], one);
    if (one.fate == RecipientFate::MessageRefused) message_refused(recipients[i], one);
    if (one.fate != RecipientFate::Undecided && one.fate != RecipientFate::NextTransaction)
      recipients_.decided(recipients[i]);
  }
}

// The reply to RCPT is quoted without "pipelined": it is plain which command it answers.
void Transactions::refused(RecipientIndex recipient, const RecipientResult& result) {
  const auto verdict = rule_on_refusal(*result.reply, result.command).verdict;
  auto& server = attempt_.server;
  const auto host = attempt_.request.host;
  recipients_.report(recipient, facts_, verdict);
  server.log_message(host, verdict.text);
  if (verdict.status == Status::Failed) return;
  server.event(host, recipient, "msg:rcpt:host:defer", verdict.text);
  // After the last host the recipient's own line says it.
  if (attempt_.last_host())
    server.event(host, recipient, "msg:rcpt:defer", verdict.text);
  else
    server.log_refusal(host, verdict.text);
  server.retry_recipient(recipient, RetryChange::Deferred);
}

void Transactions::message_refused(RecipientIndex recipient, const RecipientResult& result) {
  const auto verdict = rule_on_message_refusal(*result.reply, result.command).verdict;
  recipients_.report(recipient, facts_, verdict);
  if (verdict.status == Status::Deferred)
    attempt_.server.retry_recipient(recipient, RetryChange::Deferred);
}

AttemptResult Transactions::refuse_all(const TransactionResult& result) {
  const auto ruling = rule_on_partial_refusal(result);
  for (auto recipient : attempt_.request.recipients)
    recipients_.report(recipient, facts_, ruling.verdict);
  return {AttemptEnd::Stop, ruling, false, {}};
}

}  // namespace danesmtp

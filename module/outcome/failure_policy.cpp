// SPDX-License-Identifier: GPL-2.0-or-later
#include "outcome/failure_policy.h"

#include <cerrno>

namespace danesmtp {
namespace {

using enum Happening;

Happening happening_of(const SmtpTrouble& trouble) {
  // RFC 5321 3.8: 421 is about the server, not about the recipient it answers.
  const bool leaving = trouble.reply && trouble.reply->code == 421;
  if (leaving && trouble.stage == SmtpStage::Rcpt) return Closed;
  if (trouble.reply && trouble.reply->transient()) return Refused4xx;
  if (trouble.reply && trouble.reply->permanent()) return Refused5xx;
  if (trouble.reply) return Garbled;
  switch (trouble.error.kind) {
    case ErrorKind::Timeout:
      return NoAnswer;
    case ErrorKind::Disconnected:
      return Closed;
    case ErrorKind::Protocol:
      return Garbled;
    case ErrorKind::TlsHandshake:
    case ErrorKind::TlsVerify:
      return TlsFailed;
    case ErrorKind::BadInput:
      return BadSetting;
    case ErrorKind::DnsBogus:
    case ErrorKind::DnsFailure:
    case ErrorKind::Io:
    case ErrorKind::Internal:
      break;
  }
  return IoError;
}

// Without a policy, retry rules go by these.
Cause cause_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::DnsBogus:
    case ErrorKind::DnsFailure:
      return Cause::Dns;
    case ErrorKind::TlsHandshake:
    case ErrorKind::TlsVerify:
      return Cause::TlsRequired;
    case ErrorKind::BadInput:
      return Cause::Expansion;
    case ErrorKind::Timeout:
    case ErrorKind::Disconnected:
    case ErrorKind::Io:
    case ErrorKind::Protocol:
    case ErrorKind::Internal:
      break;
  }
  return Cause::None;
}

PolicyFailure policy_failure_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::DnsBogus:
      return PolicyFailure::Bogus;
    case ErrorKind::DnsFailure:
      return PolicyFailure::NoDns;
    case ErrorKind::TlsHandshake:
    case ErrorKind::TlsVerify:
      return PolicyFailure::NoRecords;
    case ErrorKind::BadInput:
    case ErrorKind::Timeout:
    case ErrorKind::Disconnected:
    case ErrorKind::Io:
    case ErrorKind::Protocol:
    case ErrorKind::Internal:
      break;
  }
  return PolicyFailure::Configuration;
}

// Retry rules know the codes of these.
bool is_4xx(Cause cause) {
  return cause == Cause::Mail4xx || cause == Cause::Rcpt4xx || cause == Cause::Data4xx;
}

// What has no row is the host's trouble, for now.
FailureRow row_for(SmtpStage stage, Happening happening) {
  for (const auto& row : failure_rows())
    if (row.stage == stage && row.happening == happening) return row;
  return {stage, happening, FailureScope::Host, Status::Deferred, Cause::None};
}

// What has no row would wait.
Status status_at(DeliveryEnd end) {
  for (const auto& row : delivery_end_rows())
    if (row.end == end) return row.status;
  return Status::Deferred;
}

}  // namespace

FailureRuling rule_on_policy_failure(const Error& error) {
  const PolicyFailure failure = policy_failure_of(error);
  FailureRuling ruling;
  ruling.verdict.text = error.text;
  ruling.for_operator = error.for_operator;
  for (const auto& row : policy_failure_rows())
    if (row.failure == failure) {
      ruling.verdict.cause = row.cause;
      ruling.policy_status = row.policy_status;
    }
  return ruling;
}

FailureRuling rule_on_host_error(const Error& error) {
  FailureRuling ruling;
  ruling.verdict.cause = cause_of(error);
  ruling.verdict.text = error.text;
  return ruling;
}

// DNS trouble never bounces mail (D-005).
FailureRuling rule_on_failed_domain(const Error& error) {
  FailureRuling ruling = under_dane(rule_on_policy_failure(error));
  ruling.verdict.cause = Cause::Dns;
  return ruling;
}

FailureRuling rule_on_untried(NoHostReason reason, std::string_view domain, std::string_view why) {
  const bool expired = reason == NoHostReason::AllExpired || reason == NoHostReason::AllTried;
  FailureRuling ruling;
  if (expired) ruling.verdict.status = status_at(DeliveryEnd::AllHostsExpired);
  ruling.verdict.cause = Cause::HostRetry;
  ruling.verdict.text = no_host_text(reason, domain, why);
  ruling.verdict.text_is_for_sender = expired;
  return ruling;
}

FailureRuling rule_on_missing_address(std::string_view host) {
  FailureRuling ruling;
  ruling.verdict.cause = Cause::UnknownHost;
  ruling.verdict.text = no_address_text(host);
  return ruling;
}

FailureRuling rule_on_local_host(std::string_view transport, std::string_view host) {
  FailureRuling ruling;
  ruling.scope = FailureScope::Delivery;
  ruling.verdict.cause = Cause::HostIsLocal;
  ruling.verdict.text = local_host_text(transport, host);
  return ruling;
}

// D-134
FailureRuling under_policy(PolicyOf policy, FailureRuling ruling) {
  if (ruling.policy_status.empty()) return ruling;
  policy = ruling.policy.value_or(policy);
  const Reader reader = ruling.for_operator ? Reader::Operator : Reader::Anybody;
  ruling.verdict.text =
      policy_failure_text(ruling.policy_status, ruling.verdict.text, reader, policy);
  ruling.verdict.text_is_for_sender = reader == Reader::Anybody;
  return ruling;
}

FailureRuling under_dane(FailureRuling ruling) {
  return under_policy(PolicyOf::Dane, std::move(ruling));
}

FailureRuling rule_on_trouble(const SmtpTrouble& trouble) {
  const FailureRow row = row_for(trouble.stage, happening_of(trouble));
  FailureRuling ruling;
  ruling.scope = row.scope;
  ruling.verdict.status = row.status;
  ruling.verdict.cause = row.cause;
  ruling.policy_status = row.policy_status;
  ruling.for_operator = trouble.error.for_operator;
  if (row.cause == Cause::Timeout) ruling.verdict.system_errno = ETIMEDOUT;
  if (trouble.reply && is_4xx(row.cause)) ruling.verdict.reply_code = trouble.reply->code;
  ruling.verdict.text_is_for_sender = trouble.reply.has_value();
  ruling.verdict.text = trouble_text(trouble);
  return ruling;
}

// RFC 5321 4.1.1.5
FailureRuling rule_on_reset(const SmtpTrouble& trouble) {
  FailureRuling ruling = rule_on_trouble(trouble);
  ruling.verdict.status = Status::Deferred;
  return ruling;
}

FailureRuling rule_on_unsuited_host(Shortcoming shortcoming, std::string why) {
  FailureRuling ruling;
  ruling.scope = FailureScope::Unsuited;
  ruling.verdict.cause = Cause::TlsRequired;
  ruling.verdict.text = std::move(why);
  ruling.policy_status = shortcoming == Shortcoming::NoTls ? "4.7.10" : "4.7.30";
  ruling.policy = PolicyOf::Requirement;
  return ruling;
}

// D-193
FailureRuling rule_on_no_suited_host(const FailureRuling& last) {
  FailureRuling ruling = last;
  ruling.scope = FailureScope::Delivery;
  ruling.verdict.status = status_at(DeliveryEnd::NoSuitedHost);
  ruling.verdict.cause = Cause::NoSuitedHost;
  ruling.verdict.text = no_suited_host_text(last.policy_status, last.verdict.text);
  ruling.verdict.text_is_for_sender = true;
  return ruling;
}

FailureRuling for_this_message_alone(FailureRuling ruling) {
  const bool of_policy = !ruling.policy_status.empty();
  if (ruling.scope == FailureScope::Host && of_policy) ruling.scope = FailureScope::Message;
  return ruling;
}

// D-194: what was promised is waited for, as by any other message.
FailureRuling rule_on_required_tls(const SmtpTrouble& trouble, TlsPromise promise) {
  const FailureRuling ruling = rule_on_trouble(trouble);
  const bool of_tls = !ruling.policy_status.empty() && !ruling.for_operator;
  const Happening happening = happening_of(trouble);
  if (promise == TlsPromise::None && of_tls && (happening == TlsFailed || happening == Refused5xx))
    return rule_on_unsuited_host(Shortcoming::NoTls, ruling.verdict.text);
  return for_this_message_alone(ruling);
}

FailureRuling rule_on_connect_failure(const ConnectFailure& failure) {
  FailureRuling ruling;
  ruling.verdict.cause = failure.timed_out ? Cause::ConnectTimeout : Cause::System;
  ruling.verdict.system_errno = failure.system_errno;
  return ruling;
}

FailureRuling rule_on_write_failure(const WriteFailure& failure) {
  FailureRuling ruling;
  ruling.scope = FailureScope::Delivery;
  ruling.verdict.text = failure.text;
  switch (failure.kind) {
    case WriteFailureKind::Io:
    case WriteFailureKind::Signing:
      ruling.verdict.cause = Cause::None;
      break;
    case WriteFailureKind::Filter:
      ruling.verdict.cause = Cause::Filter;
      break;
    case WriteFailureKind::Headers:
      ruling.verdict.cause = Cause::Headers;
      break;
  }
  return ruling;
}

// A connection that breaks after the message went out with its envelope is, whatever was being
// answered, one that breaks before the final reply.
FailureRuling rule_on_transaction(const TransactionResult& result) {
  SmtpTrouble trouble = *result.trouble;
  if (result.custody == Custody::Unknown && !trouble.reply) trouble.stage = SmtpStage::EndOfData;
  return rule_on_trouble(trouble);
}

// With early BDAT the server may have the message before the first reply is there.
bool was_lost_before_mail(const TransactionResult& result) {
  if (!result.trouble || result.trouble->stage != SmtpStage::Mail) return false;
  const auto kind = result.trouble->error.kind;
  const bool garbled = kind == ErrorKind::Protocol && !result.trouble->reply;
  return result.custody == Custody::NotTaken &&
         (kind == ErrorKind::Disconnected || kind == ErrorKind::Io || garbled);
}

FailureRuling rule_on_partial_refusal(const TransactionResult& result) {
  FailureRuling ruling;
  for (const auto& one : result.recipients)
    if (one.fate == RecipientFate::Refused && ruling.verdict.text.empty())
      ruling = rule_on_refusal(*one.reply, one.command);
  ruling.scope = FailureScope::Delivery;
  ruling.verdict.status = status_at(DeliveryEnd::PartialRefusal);
  return ruling;
}

FailureRuling rule_on_event_answer(const std::string& answer) {
  FailureRuling ruling;
  ruling.verdict.cause = Cause::Expansion;
  ruling.verdict.text = event_answer_text(answer);
  return ruling;
}

FailureRuling rule_on_missing_auth(const std::string& why) {
  FailureRuling ruling;
  ruling.verdict.cause = Cause::AuthMissing;
  ruling.verdict.text = missing_auth_text(why);
  return ruling;
}

FailureRuling rule_on_auth_problem(const std::string& why) {
  FailureRuling ruling;
  ruling.scope = FailureScope::Delivery;
  ruling.verdict.cause = Cause::AuthProblem;
  ruling.verdict.text = why;
  return ruling;
}

FailureRuling rule_on_missing_smtputf8(OtherHosts others) {
  FailureRuling ruling;
  ruling.scope = FailureScope::Message;
  if (others == OtherHosts::None) ruling.verdict.status = status_at(DeliveryEnd::NoSmtpUtf8);
  ruling.verdict.cause = Cause::Utf8;
  ruling.verdict.text = missing_smtputf8_text();
  return ruling;
}

FailureRuling rule_on_inconvertible_address(const Error& error) {
  FailureRuling ruling;
  ruling.scope = FailureScope::Delivery;
  ruling.verdict.cause = Cause::Expansion;
  ruling.verdict.text = error.text;
  return ruling;
}

FailureRuling rule_on_refusal(const SmtpReply& reply, const std::string& command) {
  return rule_on_trouble({SmtpStage::Rcpt, {ErrorKind::Protocol, "refused"}, reply, command});
}

FailureRuling rule_on_message_refusal(const SmtpReply& reply, const std::string& command) {
  auto ruling =
      rule_on_trouble({SmtpStage::EndOfData, {ErrorKind::Protocol, "refused"}, reply, command});
  ruling.scope = FailureScope::Recipient;
  ruling.verdict.text = message_refusal_text(reply, command);
  return ruling;
}

}  // namespace danesmtp

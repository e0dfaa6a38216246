// SPDX-License-Identifier: GPL-2.0-or-later
#include "outcome/failure_policy.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "outcome/delivery_log.h"

namespace danesmtp {
namespace {

using enum Happening;

// RFC 3463 3.8, RFC 5248 2.4: what a DANE policy makes wait, by its cause. 4.7.4: the server lacks
// the security feature; 4.7.5: there is one, and the cryptography fails.
constexpr const char* kNotSupported = "4.7.4";
constexpr const char* kCryptography = "4.7.5";
constexpr auto kHost = FailureScope::Host;
constexpr auto kMessage = FailureScope::Message;

// One row a stage and happening. Until the peer is authenticated nothing it says is final (D-027,
// D-135): a refusal before MAIL only takes the host out.
constexpr FailureRow kRows[] = {
    {SmtpStage::Greeting, Refused4xx, kHost, Status::Deferred, Cause::None},
    {SmtpStage::Greeting, Refused5xx, kHost, Status::Deferred, Cause::None},
    {SmtpStage::Greeting, NoAnswer, kHost, Status::Deferred, Cause::Timeout},
    {SmtpStage::Greeting, Closed, kHost, Status::Deferred, Cause::Closed},
    {SmtpStage::Greeting, Garbled, kHost, Status::Deferred, Cause::Format},
    {SmtpStage::Greeting, IoError, kHost, Status::Deferred, Cause::None},

    {SmtpStage::Ehlo, Refused4xx, kHost, Status::Deferred, Cause::None},
    {SmtpStage::Ehlo, Refused5xx, kHost, Status::Deferred, Cause::None},
    {SmtpStage::Ehlo, NoAnswer, kHost, Status::Deferred, Cause::Timeout},
    {SmtpStage::Ehlo, Closed, kHost, Status::Deferred, Cause::Closed},
    {SmtpStage::Ehlo, Garbled, kHost, Status::Deferred, Cause::Format},
    {SmtpStage::Ehlo, IoError, kHost, Status::Deferred, Cause::None},

    // RFC 7672 2.2, D-023, D-131: no STARTTLS where TLS is mandatory => do not send, try another
    // host, else wait; only the retry rules make a bounce of it (D-112).
    {SmtpStage::StartTls, Refused4xx, kHost, Status::Deferred, Cause::TlsRequired, kNotSupported},
    {SmtpStage::StartTls, Refused5xx, kHost, Status::Deferred, Cause::TlsRequired, kNotSupported},
    {SmtpStage::StartTls, NoAnswer, kHost, Status::Deferred, Cause::Timeout},
    {SmtpStage::StartTls, Closed, kHost, Status::Deferred, Cause::Closed},
    {SmtpStage::StartTls, Garbled, kHost, Status::Deferred, Cause::Format},
    {SmtpStage::StartTls, IoError, kHost, Status::Deferred, Cause::None},
    {SmtpStage::StartTls, TlsFailed, kHost, Status::Deferred, Cause::TlsRequired, kNotSupported},

    {SmtpStage::Handshake, NoAnswer, kHost, Status::Deferred, Cause::TlsFailure, kCryptography},
    {SmtpStage::Handshake, Closed, kHost, Status::Deferred, Cause::TlsFailure, kCryptography},
    {SmtpStage::Handshake, Garbled, kHost, Status::Deferred, Cause::TlsFailure, kCryptography},
    {SmtpStage::Handshake, IoError, kHost, Status::Deferred, Cause::TlsFailure, kCryptography},
    {SmtpStage::Handshake, TlsFailed, kHost, Status::Deferred, Cause::TlsFailure, kCryptography},
    {SmtpStage::Verify, TlsFailed, kHost, Status::Deferred, Cause::TlsFailure, kCryptography},

    // A 5xx reply to one authenticator leads to the next one; it is no row.
    {SmtpStage::Auth, Refused4xx, kHost, Status::Deferred, Cause::None},
    {SmtpStage::Auth, NoAnswer, kHost, Status::Deferred, Cause::Timeout},
    {SmtpStage::Auth, Closed, kHost, Status::Deferred, Cause::Closed},
    {SmtpStage::Auth, Garbled, kHost, Status::Deferred, Cause::Format},
    {SmtpStage::Auth, IoError, kHost, Status::Deferred, Cause::None},

    {SmtpStage::Mail, Refused4xx, kMessage, Status::Deferred, Cause::Mail4xx},
    {SmtpStage::Mail, Refused5xx, kMessage, Status::Failed, Cause::None},
    {SmtpStage::Mail, NoAnswer, kMessage, Status::Deferred, Cause::Timeout},
    {SmtpStage::Mail, Closed, kHost, Status::Deferred, Cause::Closed},
    {SmtpStage::Mail, Garbled, kHost, Status::Deferred, Cause::Format},
    {SmtpStage::Mail, IoError, kHost, Status::Deferred, Cause::None},

    {SmtpStage::Rcpt, Refused4xx, FailureScope::Recipient, Status::Deferred, Cause::Rcpt4xx},
    {SmtpStage::Rcpt, Refused5xx, FailureScope::Recipient, Status::Failed, Cause::None},
    {SmtpStage::Rcpt, NoAnswer, FailureScope::Recipient, Status::Deferred, Cause::Timeout},
    {SmtpStage::Rcpt, Closed, kHost, Status::Deferred, Cause::Closed},
    {SmtpStage::Rcpt, Garbled, kHost, Status::Deferred, Cause::Format},
    {SmtpStage::Rcpt, IoError, kHost, Status::Deferred, Cause::None},

    {SmtpStage::Data, Refused4xx, kMessage, Status::Deferred, Cause::Data4xx},
    {SmtpStage::Data, Refused5xx, kMessage, Status::Failed, Cause::None},
    {SmtpStage::Data, NoAnswer, kHost, Status::Deferred, Cause::Timeout},
    {SmtpStage::Data, Closed, kHost, Status::Deferred, Cause::Closed},
    {SmtpStage::Data, Garbled, kHost, Status::Deferred, Cause::Format},
    {SmtpStage::Data, IoError, kHost, Status::Deferred, Cause::None},

    {SmtpStage::EndOfData, Refused4xx, kMessage, Status::Deferred, Cause::Data4xx},
    {SmtpStage::EndOfData, Refused5xx, kMessage, Status::Failed, Cause::None},
    {SmtpStage::EndOfData, NoAnswer, kMessage, Status::Deferred, Cause::Timeout},
    {SmtpStage::EndOfData, Closed, kMessage, Status::Deferred, Cause::Closed},
    {SmtpStage::EndOfData, Garbled, kHost, Status::Deferred, Cause::Format},
    {SmtpStage::EndOfData, IoError, kHost, Status::Deferred, Cause::None},
};

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
    case ErrorKind::DnsBogus:
    case ErrorKind::DnsFailure:
    case ErrorKind::Io:
    case ErrorKind::Internal:
      break;
  }
  return IoError;
}

constexpr PolicyFailureRow kPolicyRows[] = {
    // D-130
    {PolicyFailure::Bogus, Cause::Dns, kCryptography, "a DNS answer fails validation"},
    {PolicyFailure::NoDns, Cause::Dns, "4.4.3", "a DNS look-up fails"},
    {PolicyFailure::NoRecords, Cause::TlsRequired, kNotSupported,
     "hosts_require_dane names a host without TLSA records or signed names, or TLS is forbidden"},
    {PolicyFailure::Configuration, Cause::Expansion, "4.3.5",
     "an option cannot be read, or forbids what the policy demands"},
};

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
  auto found = std::find_if(std::begin(kRows), std::end(kRows), [&](const FailureRow& row) {
    return row.stage == stage && row.happening == happening;
  });
  if (found != std::end(kRows)) return *found;
  return {stage, happening, kHost, Status::Deferred, Cause::None, ""};
}

}  // namespace

std::span<const FailureRow> failure_rows() {
  return kRows;
}

std::span<const PolicyFailureRow> policy_failure_rows() {
  return kPolicyRows;
}

FailureRuling rule_on_policy_failure(const Error& error) {
  const PolicyFailure failure = policy_failure_of(error);
  FailureRuling ruling;
  ruling.verdict.text = error.text;
  ruling.for_operator = error.for_operator;
  for (const auto& row : kPolicyRows)
    if (row.failure == failure) {
      ruling.verdict.cause = row.cause;
      ruling.policy_status = row.policy_status;
    }
  return ruling;
}

// D-134
FailureRuling under_dane(FailureRuling ruling) {
  if (ruling.policy_status.empty()) return ruling;
  ruling.verdict.text = policy_failure_text(ruling.policy_status, ruling.verdict.text);
  ruling.verdict.text_is_for_sender = !ruling.for_operator;
  return ruling;
}

FailureRuling rule_on_trouble(const SmtpTrouble& trouble) {
  const FailureRow row = row_for(trouble.stage, happening_of(trouble));
  FailureRuling ruling;
  ruling.scope = row.scope;
  ruling.verdict.status = row.status;
  ruling.verdict.cause = row.cause;
  ruling.policy_status = row.policy_status;
  if (row.cause == Cause::Timeout) ruling.verdict.system_errno = ETIMEDOUT;
  if (trouble.reply && is_4xx(row.cause)) ruling.verdict.reply_code = trouble.reply->code;
  ruling.verdict.text_is_for_sender = trouble.reply.has_value();
  ruling.verdict.text = trouble_text(trouble);
  return ruling;
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
  ruling.verdict.status = others == OtherHosts::None ? Status::Failed : Status::Deferred;
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

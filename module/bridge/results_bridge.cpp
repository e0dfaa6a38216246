// SPDX-License-Identifier: GPL-2.0-or-later
#include "bridge/results_bridge.h"

#include "bridge/trust.h"

namespace danesmtp {
namespace {

danesmtp_status bridge_status(Status status) {
  switch (status) {
    case Status::Delivered:
      return DANESMTP_DELIVERED;
    case Status::Deferred:
      return DANESMTP_DEFERRED;
    case Status::Failed:
      return DANESMTP_FAILED;
  }
  return DANESMTP_DEFERRED;
}

danesmtp_cause bridge_cause(Cause cause) {
  switch (cause) {
    case Cause::None:
      return DANESMTP_CAUSE_NONE;
    case Cause::System:
      return DANESMTP_CAUSE_SYSTEM;
    case Cause::ConnectTimeout:
      return DANESMTP_CAUSE_CONNECT_TIMEOUT;
    case Cause::Timeout:
      return DANESMTP_CAUSE_TIMEOUT;
    case Cause::Closed:
      return DANESMTP_CAUSE_CLOSED;
    case Cause::Format:
      return DANESMTP_CAUSE_FORMAT;
    case Cause::TlsRequired:
      return DANESMTP_CAUSE_TLS_REQUIRED;
    case Cause::TlsFailure:
      return DANESMTP_CAUSE_TLS_FAILURE;
    case Cause::AuthMissing:
      return DANESMTP_CAUSE_AUTH_MISSING;
    case Cause::AuthProblem:
      return DANESMTP_CAUSE_AUTH_PROBLEM;
    case Cause::Dns:
      return DANESMTP_CAUSE_DNS;
    case Cause::UnknownHost:
      return DANESMTP_CAUSE_UNKNOWN_HOST;
    case Cause::HostIsLocal:
      return DANESMTP_CAUSE_HOST_IS_LOCAL;
    case Cause::Mail4xx:
      return DANESMTP_CAUSE_MAIL_4XX;
    case Cause::Rcpt4xx:
      return DANESMTP_CAUSE_RCPT_4XX;
    case Cause::Data4xx:
      return DANESMTP_CAUSE_DATA_4XX;
    case Cause::HostRetry:
      return DANESMTP_CAUSE_HOST_RETRY;
    case Cause::Filter:
      return DANESMTP_CAUSE_FILTER;
    case Cause::Headers:
      return DANESMTP_CAUSE_HEADERS;
    case Cause::Expansion:
      return DANESMTP_CAUSE_EXPANSION;
    case Cause::Utf8:
      return DANESMTP_CAUSE_UTF8;
    case Cause::NoSuitedHost:
      return DANESMTP_CAUSE_NO_SUITED_HOST;
  }
  return DANESMTP_CAUSE_NONE;
}

std::uint32_t bridge_flags(const RecipientOutcome& outcome) {
  std::uint32_t flags = 0;
  if (outcome.verdict.text_is_for_sender) flags |= DANESMTP_PASS_MESSAGE;
  if (outcome.transaction.first) flags |= DANESMTP_FIRST;
  if (outcome.transaction.pipelined) flags |= DANESMTP_PIPELINED;
  if (outcome.connection.host_secure) flags |= DANESMTP_HOST_SECURE;
  if (outcome.connection.continued) flags |= DANESMTP_CONTINUED;
  if (outcome.connection.chunked) flags |= DANESMTP_CHUNKED;
  if (outcome.transaction.prdr) flags |= DANESMTP_PRDR;
  if (outcome.connection.downconverted) flags |= DANESMTP_DOWNCONVERTED;
  if (outcome.connection.resumed) flags |= DANESMTP_RESUMED;
  if (outcome.connection.dsn == DsnSupport::Yes) flags |= DANESMTP_DSN_YES;
  if (outcome.connection.dsn == DsnSupport::No) flags |= DANESMTP_DSN_NO;
  return flags | trust_flags(outcome.connection.trust);
}

// What Exim shows as X=. The log line has no other place for words of ours.
std::string logged_cipher(const ConnectionFacts& facts) {
  if (facts.cipher.empty()) return {};
  std::string shown = facts.cipher;
  if (facts.trust == PeerTrust::Sts) shown += ":sts";
  if (facts.requiretls) shown += ":requiretls";
  return shown;
}

int deferred(RetryChange change) {
  return change == RetryChange::Deferred ? 1 : 0;
}

}  // namespace

void ResultsBridge::set_outcome(RecipientIndex recipient, const RecipientOutcome& outcome) {
  danesmtp_result result{};
  result.status = bridge_status(outcome.verdict.status);
  result.cause = bridge_cause(outcome.verdict.cause);
  result.system_errno = outcome.verdict.system_errno;
  result.reply_code = outcome.verdict.reply_code;
  result.host =
      outcome.connection.host ? static_cast<std::int32_t>(outcome.connection.host->value()) : -1;
  result.flags = bridge_flags(outcome);
  result.duration_us = outcome.duration.count();
  result.message = outcome.verdict.text.c_str();
  const auto cipher = logged_cipher(outcome.connection);
  if (!cipher.empty()) result.cipher = cipher.c_str();
  if (!outcome.connection.peer_dn.empty()) result.peer_dn = outcome.connection.peer_dn.c_str();
  result.ocsp = bridge_ocsp(outcome.connection.ocsp);
  result.greeting = null_if_empty(outcome.connection.greeting);
  result.hello = null_if_empty(outcome.connection.hello);
  exim_.services.set_result(exim_.handle, recipient.value(), &result);
}

void ResultsBridge::journal(const std::vector<RecipientIndex>& recipients) {
  exim_.services.journal(exim_.handle, numbers_of(recipients), recipients.size());
}

void ResultsBridge::delegate(const std::vector<RecipientIndex>& recipients) {
  exim_.services.delegate(exim_.handle, numbers_of(recipients), recipients.size());
}

void ResultsBridge::retry_host(HostIndex host, RecipientIndex recipient, RetryChange change) {
  exim_.services.retry_host(exim_.handle, host.value(), recipient.value(), deferred(change));
}

void ResultsBridge::retry_message(HostIndex host, RecipientIndex recipient, RetryChange change) {
  exim_.services.retry_message(exim_.handle, host.value(), recipient.value(), deferred(change));
}

void ResultsBridge::retry_recipient(RecipientIndex recipient, RetryChange change) {
  if (change == RetryChange::Deferred)
    exim_.services.retry_recipient(exim_.handle, recipient.value());
  else
    exim_.services.retry_recipient_clear(exim_.handle, recipient.value());
}

void ResultsBridge::retry_skipped(RecipientIndex recipient) {
  exim_.services.retry_skipped(exim_.handle, recipient.value());
}

void ResultsBridge::retry_routing(RecipientIndex recipient, const std::string& name) {
  exim_.services.retry_routing(exim_.handle, recipient.value(), name.c_str());
}

}  // namespace danesmtp

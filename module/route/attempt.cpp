// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/attempt.h"

#include <chrono>

#include "net/line_channel.h"
#include "net/message_file.h"
#include "outcome/delivery_log.h"
#include "route/client_auth.h"
#include "route/dialogue.h"
#include "route/host_tls.h"
#include "smtp/session.h"
#include "smtp/transaction.h"

namespace danesmtp {
namespace {

using std::chrono::microseconds;
using SteadyClock = std::chrono::steady_clock;

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

Judgement host_judgement(const Error& error) {
  Judgement judgement;
  judgement.cause = cause_of(error);
  judgement.text = error.text;
  return judgement;
}

AttemptEnd end_of(const Judgement& judgement) {
  if (judgement.scope == FailureScope::Delivery) return AttemptEnd::Stop;
  if (judgement.scope == FailureScope::Host) return AttemptEnd::HostDeferred;
  return judgement.scope == FailureScope::Message && judgement.status == Status::Deferred
             ? AttemptEnd::MessageDeferred
             : AttemptEnd::Worked;
}

class Attempt {
 public:
  Attempt(MailServer& server, const AddressBatch& batch, const AttemptRequest& request)
      : server_(server), batch_(batch), request_(request), undecided_(request.recipients) {}

  AttemptResult run();

 private:
  AttemptResult converse(UniqueFd socket);
  AttemptResult send(SmtpSession& session);
  [[nodiscard]] tl::expected<UniqueFd, WriteFailure> message(MessageForm form);
  AttemptResult transact(SmtpSession& session, const Dialogue& dialogue,
                         const MessageData& message);
  void take(const TransactionResult& result, const std::vector<std::size_t>& recipients);
  void accepted(const TransactionResult& result, const std::vector<std::size_t>& recipients);
  void refused(std::size_t recipient, const RecipientResult& result);
  void message_refused(std::size_t recipient, const RecipientResult& result);
  AttemptResult give_up(const Judgement& judgement);
  AttemptResult trouble(const SmtpTrouble& trouble, bool pipelined);
  void report(std::size_t recipient, const Judgement& judgement);
  void describe_peer(const SmtpSession& session);
  void set_tls_variables(const TlsInfo* session);
  void dane_event(const std::string& data);
  bool last_host() const { return request_.host + 1 == batch_.hosts.size(); }
  std::vector<std::size_t> next_recipients(std::size_t most) const;

  MailServer& server_;
  const AddressBatch& batch_;
  const AttemptRequest& request_;
  SteadyClock::time_point started_ = SteadyClock::now();
  HostTls tls_;
  RecipientOutcome peer_;               // what every outcome on this connection has in common
  std::vector<std::size_t> undecided_;  // in order
  std::vector<std::size_t> waiting_;    // deferred
  bool connection_used_up_ = false;     // all went well, and it takes no more messages
};

bool has_dane_policy(const HostPolicy& policy) {
  return !std::holds_alternative<NoDane>(policy);
}

// D-163
void Attempt::dane_event(const std::string& data) {
  server_.event(request_.host, request_.recipients.front(), "dane:fail", data);
}

AttemptResult Attempt::run() {
  peer_.host = request_.host;
  peer_.host_secure = request_.plan.secure;
  set_tls_variables(nullptr);
  auto tls = tls_for_host(server_, batch_, request_);
  if (!tls) {
    if (const auto* skip = std::get_if<SkipHost>(&request_.plan.policy))
      dane_event(skip->event_data);
    return give_up(host_judgement(tls.error()));
  }
  tls_ = *tls;
  // A server that takes so many messages on a connection and no more gets another connection. Each
  // decides a recipient or ends in trouble, so this loop ends.
  AttemptResult result;
  do {
    connection_used_up_ = false;
    auto socket = server_.connect(request_.host, request_.port);
    if (!socket) return give_up(judge(socket.error()));
    result = converse(std::move(*socket));
  } while (connection_used_up_);
  return result;
}

AttemptResult Attempt::converse(UniqueFd socket) {
  auto settings = session_settings(server_, tls_);
  if (!settings) return give_up(host_judgement(settings.error()));
  if (server_.host_in("hosts_avoid_esmtp", request_.host).value_or(false))
    settings->hello = Hello::Helo;
  SmtpSession session(LineChannel(std::move(socket)), std::move(*settings), server_);
  auto opened = session.open();
  describe_peer(session);
  if (opened && !session.tls() && has_dane_policy(request_.plan.policy) &&
      request_.plan.enforcement == Enforcement::Audit)
    server_.note(audit_text(batch_, request_, "the session is not encrypted"));
  if (!opened) return trouble(opened.error(), false);
  // The peer has been judged: only from here on may it hear a secret.
  auto refusal = authenticate(server_, session, request_.host);
  auto result = refusal ? give_up(*refusal) : send(session);
  session.quit();
  return result;
}

AttemptResult Attempt::send(SmtpSession& session) {
  auto dialogue = plan_dialogue(server_, batch_, request_.host, session.capabilities());
  if (!dialogue) return give_up(host_judgement(dialogue.error()));
  if (dialogue->utf8 == Utf8Way::Forbidden)
    return give_up(judge_missing_smtputf8(last_host() ? OtherHosts::None : OtherHosts::Remain));
  peer_.downconverted = dialogue->utf8 == Utf8Way::ToAscii;
  auto file = message(dialogue->form);
  if (!file) return give_up(judge(file.error()));
  auto extent = whole_file(*file);
  if (!extent) return give_up(host_judgement(extent.error()));
  return transact(session, *dialogue, {*extent, dialogue->form});
}

tl::expected<UniqueFd, WriteFailure> Attempt::message(MessageForm form) {
  auto file = make_message_file(batch_.spool_directory, batch_.message_size);
  if (!file) return tl::unexpected(WriteFailure{WriteFailureKind::Io, 0, file.error().text});
  auto written = server_.write_message(file->get(), form);
  if (!written) return tl::unexpected(written.error());
  return std::move(*file);
}

void Attempt::describe_peer(const SmtpSession& session) {
  for (char step : session.steps()) server_.session_step(step);
  if (!session.tls()) return;
  peer_.cipher = session.tls()->cipher;
  if (!session.tls()->group.empty()) peer_.cipher += ":" + session.tls()->group;
  peer_.peer_dn = session.tls()->peer_dn;
  peer_.trust = tls_.verdict->trust;
  peer_.ocsp = tls_.verdict->ocsp;
  set_tls_variables(&*session.tls());
}

// Before the connection they say what the policy asks for, after the verdict what was found.
void Attempt::set_tls_variables(const TlsInfo* session) {
  TlsVariables variables;
  if (const auto* base = tlsa_base_domain(request_.plan.policy)) variables.sni = base->text();
  if (const auto* dane = std::get_if<Authenticate>(&request_.plan.policy))
    for (const auto& record : dane->records)
      variables.tlsa_usages |= 1U << static_cast<unsigned>(record.usage);
  if (session) {
    variables.sni = session->sni;
    variables.version = session->version;
    variables.cipher = peer_.cipher;
    variables.standard_cipher = session->standard_cipher;
    variables.key_bits = session->key_bits;
    variables.peer_dn = session->peer_dn;
    variables.trust = peer_.trust;
    variables.ocsp = peer_.ocsp;
    if (!session->chain.empty())
      variables.peer_certificate = certificate_pem(session->chain.front());
  }
  server_.set_tls_variables(variables);
}

std::vector<std::size_t> Attempt::next_recipients(std::size_t most) const {
  auto count = static_cast<std::ptrdiff_t>(std::min(most, undecided_.size()));
  return {undecided_.begin(), undecided_.begin() + count};
}

// A transaction decides at least one recipient or ends in trouble, so this loop ends.
AttemptResult Attempt::transact(SmtpSession& session, const Dialogue& dialogue,
                                const MessageData& message) {
  peer_.dsn = dialogue.dsn ? DsnSupport::Yes : DsnSupport::No;
  auto auth = server_.mail_auth();
  if (!auth) return give_up(host_judgement(auth.error()));
  peer_.continued = false;
  bool previous_accepted = true;
  for (std::size_t made = 0; made < dialogue.most_transactions && !undecided_.empty(); ++made) {
    if (!previous_accepted) {
      auto reset = session.reset();
      if (!reset) return trouble(reset.error(), false);
    }
    const auto recipients = next_recipients(dialogue.most_recipients);
    auto envelope = make_envelope(server_, batch_, dialogue, recipients);
    if (!envelope) return give_up(judge_inconvertible_address(envelope.error()));
    envelope->mail.auth = *auth;
    peer_.chunked = dialogue.form == MessageForm::Plain;
    peer_.continued = made > 0;
    auto result =
        run_transaction(session, *envelope, message,
                        [&](const TransactionResult& so_far) { accepted(so_far, recipients); });
    take(result, recipients);
    if (result.trouble) return trouble(*result.trouble, result.trouble_in_group);
    previous_accepted = result.custody == Custody::Taken;
  }
  connection_used_up_ = !undecided_.empty();
  return {AttemptEnd::Worked, {}, false, waiting_};
}

// The server has the message now: first of all, put that on record.
void Attempt::accepted(const TransactionResult& result,
                       const std::vector<std::size_t>& recipients) {
  std::vector<std::size_t> delivered;
  for (std::size_t i = 0; i < recipients.size(); ++i) {
    if (result.recipients[i].fate != RecipientFate::Delivered) continue;
    RecipientOutcome outcome = peer_;
    outcome.status = Status::Delivered;
    const SmtpReply& reply = *result.recipients[i].reply;
    outcome.text =
        result.overall ? confirmation_text(reply, *result.overall) : confirmation_text(reply);
    outcome.prdr = result.overall.has_value();
    outcome.first_of_transaction = delivered.empty();
    outcome.pipelined = result.pipelined;
    outcome.duration = std::chrono::duration_cast<microseconds>(SteadyClock::now() - started_);
    server_.set_outcome(recipients[i], outcome);
    delivered.push_back(recipients[i]);
  }
  server_.journal(delivered);
  for (auto recipient : delivered) server_.retry_recipient(recipient, RetryChange::Worked);
}

// The reply to RCPT is quoted without "pipelined": it is plain which command it answers.
void Attempt::refused(std::size_t recipient, const RecipientResult& result) {
  const Judgement judgement = judge_refusal(*result.reply, result.command, false);
  report(recipient, judgement);
  server_.log_message(request_.host, judgement.text);
  if (judgement.status == Status::Failed) return;
  server_.event(request_.host, recipient, "msg:rcpt:host:defer", judgement.text);
  // After the last host the recipient's own line says it.
  if (last_host())
    server_.event(request_.host, recipient, "msg:rcpt:defer", judgement.text);
  else
    server_.log_refusal(request_.host, judgement.text);
  server_.retry_recipient(recipient, RetryChange::Deferred);
}

void Attempt::message_refused(std::size_t recipient, const RecipientResult& result) {
  const Judgement judgement = judge_message_refusal(*result.reply, result.command);
  report(recipient, judgement);
  if (judgement.status == Status::Deferred)
    server_.retry_recipient(recipient, RetryChange::Deferred);
}

void Attempt::take(const TransactionResult& result, const std::vector<std::size_t>& recipients) {
  for (std::size_t i = 0; i < recipients.size(); ++i) {
    const auto& one = result.recipients[i];
    if (one.fate == RecipientFate::Undecided || one.fate == RecipientFate::NextTransaction)
      continue;
    if (one.fate == RecipientFate::Refused) refused(recipients[i], one);
    if (one.fate == RecipientFate::MessageRefused) message_refused(recipients[i], one);
    std::erase(undecided_, recipients[i]);
  }
}

void Attempt::report(std::size_t recipient, const Judgement& judgement) {
  RecipientOutcome outcome = peer_;
  outcome.status = judgement.status;
  outcome.cause = judgement.cause;
  outcome.system_errno = judgement.system_errno;
  outcome.reply_code = judgement.reply_code;
  outcome.text = judgement.text;
  outcome.text_is_for_sender = judgement.text_is_for_sender;
  outcome.duration = std::chrono::duration_cast<microseconds>(SteadyClock::now() - started_);
  server_.set_outcome(recipient, outcome);
  if (judgement.status == Status::Deferred) waiting_.push_back(recipient);
}

AttemptResult Attempt::give_up(const Judgement& judgement) {
  for (auto recipient : undecided_) report(recipient, judgement);
  return {end_of(judgement), judgement, false, waiting_};
}

AttemptResult Attempt::trouble(const SmtpTrouble& trouble, bool pipelined) {
  const Judgement judgement = judge(trouble, pipelined);
  const bool tls = trouble.stage == SmtpStage::Handshake || trouble.stage == SmtpStage::Verify;
  if (has_dane_policy(request_.plan.policy)) {
    if (tls) dane_event("validation-failure");
    if (judgement.cause == Cause::TlsRequired) dane_event("starttls-not-supported");
  }
  auto result = give_up(judgement);
  result.tls_failed = tls;
  if (judgement.scope == FailureScope::Recipient && !undecided_.empty())
    server_.retry_recipient(undecided_.front(), RetryChange::Deferred);
  return result;
}

}  // namespace

AttemptResult attempt_host(MailServer& server, const AddressBatch& batch,
                           const AttemptRequest& request) {
  return Attempt(server, batch, request).run();
}

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/connection.h"

#include <algorithm>

#include "outcome/delivery_log.h"
#include "route/client_auth.h"
#include "route/connection_mark.h"
#include "smtp/message_file.h"

namespace danesmtp {
namespace {

using std::chrono::microseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kEveryone = static_cast<std::size_t>(-1);

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

AttemptEnd end_of(const FailureRuling& ruling) {
  if (ruling.scope == FailureScope::Delivery) return AttemptEnd::Stop;
  if (ruling.scope == FailureScope::Host) return AttemptEnd::HostDeferred;
  return ruling.scope == FailureScope::Message && ruling.verdict.status == Status::Deferred
             ? AttemptEnd::MessageDeferred
             : AttemptEnd::Worked;
}

// The server has ended a connection that waited for this message, or says on it what nobody asked
// for: nothing was said of the message, and it cannot have it. With early BDAT it may, before the
// first reply is there.
bool lost_before_mail(const TransactionResult& result) {
  if (!result.trouble || result.trouble->stage != SmtpStage::Mail) return false;
  const auto kind = result.trouble->error.kind;
  const bool garbled = kind == ErrorKind::Protocol && !result.trouble->reply;
  return result.custody == Custody::NotTaken &&
         (kind == ErrorKind::Disconnected || kind == ErrorKind::Io || garbled);
}

// A connection that breaks after the message went out with its envelope is, whatever was being
// answered, one that breaks before the final reply.
SmtpTrouble cause_of(const TransactionResult& result) {
  SmtpTrouble trouble = *result.trouble;
  if (result.custody == Custody::Unknown && !trouble.reply) trouble.stage = SmtpStage::EndOfData;
  return trouble;
}

bool has_dane_policy(const HostPolicy& policy) {
  return !std::holds_alternative<NoDane>(policy);
}

}  // namespace

FailureRuling rule_on_host_error(const Error& error) {
  FailureRuling ruling;
  ruling.verdict.cause = cause_of(error);
  ruling.verdict.text = error.text;
  return ruling;
}

bool dane_is_enforced(const HostPlan& plan) {
  return has_dane_policy(plan.policy) && plan.enforcement == Enforcement::Full;
}

TlsVariables variables_of_policy(const HostPolicy& policy) {
  TlsVariables variables;
  if (const auto* base = tlsa_base_domain(policy)) variables.sni = base->text();
  if (const auto* dane = std::get_if<Authenticate>(&policy))
    for (const auto& record : dane->records)
      variables.tlsa_usages |= 1U << static_cast<unsigned>(record.usage);
  return variables;
}

std::vector<std::size_t> AttemptRecipients::next(std::size_t most) const {
  auto count = static_cast<std::ptrdiff_t>(std::min(most, undecided_.size()));
  return {undecided_.begin(), undecided_.begin() + count};
}

void AttemptRecipients::set_outcome(std::size_t recipient, RecipientOutcome& outcome) {
  outcome.duration = std::chrono::duration_cast<microseconds>(SteadyClock::now() - started_);
  server_.set_outcome(recipient, outcome);
  if (outcome.verdict.status != Status::Deferred) settled_one_ = true;
}

void AttemptRecipients::delivered(std::size_t recipient, RecipientOutcome outcome) {
  outcome.verdict.status = Status::Delivered;
  set_outcome(recipient, outcome);
}

void AttemptRecipients::decided(std::size_t recipient) {
  std::erase(undecided_, recipient);
}

void AttemptRecipients::report(std::size_t recipient, const ConnectionFacts& peer,
                               const FailureRuling& ruling) {
  RecipientOutcome outcome{ruling.verdict, peer};
  set_outcome(recipient, outcome);
  if (ruling.verdict.status == Status::Deferred) waiting_.push_back(recipient);
}

AttemptResult AttemptRecipients::give_up(const ConnectionFacts& peer, const FailureRuling& ruling) {
  for (auto recipient : undecided_) report(recipient, peer, ruling);
  return {end_of(ruling), ruling, false, waiting_};
}

Connection::Connection(MailServer& server, const AddressBatch& batch, const AttemptRequest& request,
                       const HostTls& tls, AttemptRecipients& recipients)
    : server_(server), batch_(batch), request_(request), tls_(tls), recipients_(recipients) {
  peer_.host = request.host;
  peer_.host_secure = request.plan.secure;
  server_.set_tls_variables(variables_of_policy(request.plan.policy));
}

// D-163
void Connection::dane_event(const std::string& data) {
  server_.event(request_.host, request_.recipients.front(), "dane:fail", data);
}

AttemptResult Connection::make() {
  auto socket = server_.connect(request_.host, request_.port);
  if (!socket) return give_up(rule_on_connect_failure(socket.error()));
  return converse(std::move(*socket));
}

// D-104
AttemptResult Connection::take_over() {
  const auto open = server_.open_connection();
  auto settings = session_settings(server_, tls_, verdict_);
  std::optional<EhloCapabilities> offered;
  if (open && settings) {
    auto digest = policy_digest(server_, batch_, request_, tls_, *settings);
    if (digest) offered = offered_under(*digest, open->mark);
  }
  if (!offered) {
    server_.debug("the open connection was not verified for this policy: a new one is made");
    server_.end_open_connection();
    return {AttemptEnd::NotTried, {}, false, {}};
  }
  transactions_ = open->transactions;
  SmtpSession session(LineChannel(server_.use_open_connection()), std::move(*settings), *offered,
                      server_);
  left_open_untried_ = true;
  peer_.cipher = open->cipher;
  if (std::holds_alternative<Authenticate>(request_.plan.policy))
    peer_.trust = request_.plan.mx == MxTrust::Secure ? PeerTrust::Dane : PeerTrust::Verified;
  TlsInfo known;
  known.sni = tls_.settings.sni;
  known.version = open->cipher.substr(0, open->cipher.find(':'));
  set_tls_variables(known);
  auto result = send(session);
  end(session, result);
  return result;
}

AttemptResult Connection::converse(UniqueFd socket) {
  auto settings = session_settings(server_, tls_, verdict_);
  if (!settings) return give_up(rule_on_host_error(settings.error()));
  if (server_.host_in(kHostsAvoidEsmtp, request_.host).value_or(false))
    settings->hello = Hello::Helo;
  listen_for_events(*settings);
  SmtpSession session(LineChannel(std::move(socket)), std::move(*settings), server_);
  auto opened = session.open();
  describe_peer(session);
  if (opened && !session.tls() && has_dane_policy(request_.plan.policy) &&
      request_.plan.enforcement == Enforcement::Audit)
    server_.note(audit_text(batch_, request_, "the session is not encrypted"));
  if (!opened) raise_tcp_close();
  if (!opened && !event_answer_.empty()) return give_up(rule_on_event_answer(event_answer_));
  if (!opened) return trouble(opened.error());
  // The peer has been judged: only from here on may it hear a secret.
  auto refusal = authenticate(server_, session, request_.host);
  auto result = refusal ? give_up(*refusal) : send(session);
  end(session, result);
  return result;
}

void Connection::end(SmtpSession& session, const AttemptResult& result) {
  if (may_stay_open(session, result) && leave_open(session)) return;
  session.quit();
  raise_tcp_close();
}

void Connection::raise_tcp_close() {
  server_.event(request_.host, request_.recipients.front(), "tcp:close", "");
}

std::string Connection::ask(const char* name, const std::string& data) {
  return server_.ask_event(request_.host, request_.recipients.front(), name, data);
}

// smtp:connect, smtp:ehlo, and tls:cert for each certificate of the chain, from its far end; an
// answer to the first or the last forbids to go on.
void Connection::listen_for_events(SessionSettings& settings) {
  if (!batch_.events_wanted) return;
  settings.event = [this](const char* name, const std::string& data) {
    auto answer = ask(name, data);
    if (std::string_view(name) == "smtp:connect") event_answer_ = answer;
    return answer;
  };
  settings.verify_peer = [this, judge = settings.verify_peer](const TlsInfo& info) -> Result<void> {
    for (auto depth = info.chain.size(); depth-- > 0;) {
      TlsVariables variables;
      variables.sni = info.sni;
      variables.peer_certificate = certificate_pem(info.chain[depth]);
      server_.set_tls_variables(variables);
      const auto answer = ask("tls:cert", std::to_string(depth));
      if (answer.empty()) continue;
      return fail(ErrorKind::TlsVerify,
                  denied_certificate_text(batch_.hosts[request_.host].address, depth, answer));
    }
    return judge ? judge(info) : Result<void>();
  };
}

// A message whose recipients were all deferred does not lead to the next one: several such messages
// would lead to each other for ever.
bool Connection::may_stay_open(const SmtpSession& session, const AttemptResult& result) const {
  return request_.may_stay_open && result.end == AttemptEnd::Worked && recipients_.settled_one() &&
         recipients_.all_decided() && session.usable() && has_dane_policy(request_.plan.policy) &&
         request_.plan.enforcement == Enforcement::Full && !peer_.cipher.empty() &&
         transactions_ < most_transactions_;
}

bool Connection::leave_open(SmtpSession& session) {
  // To end TLS and go on in clear, as hosts_noproxy_tls asks for, is no way under DANE.
  for (const auto& option : {kHostsNopassTls, kHostsNoproxyTls})
    if (server_.host_in(option, request_.host).value_or(true)) return false;
  if (!server_.further_message(request_.host, transactions_, most_transactions_)) return false;
  auto settings = session_settings(server_, tls_, verdict_);
  if (!settings) return false;
  auto digest = policy_digest(server_, batch_, request_, tls_, *settings);
  if (!digest || (needs_reset_ && !session.reset())) return false;
  const auto mark = connection_mark(*digest, session.capabilities());
  auto socket = session.leave_open();
  if (!socket) {
    server_.debug("the connection cannot stay open: " + socket.error().text);
    return false;
  }
  server_.leave_open(std::move(*socket), {request_.host, mark, peer_.cipher, transactions_});
  return true;
}

AttemptResult Connection::send(SmtpSession& session) {
  auto dialogue = plan_dialogue(server_, batch_, request_.host, session.capabilities());
  if (!dialogue) return give_up(rule_on_host_error(dialogue.error()));
  if (dialogue->utf8 == Utf8Way::Forbidden)
    return give_up(rule_on_missing_smtputf8(last_host() ? OtherHosts::None : OtherHosts::Remain));
  peer_.downconverted = dialogue->utf8 == Utf8Way::ToAscii;
  auto file = message(dialogue->form);
  if (!file) return give_up(rule_on_write_failure(file.error()));
  auto extent = whole_file(*file);
  if (!extent) return give_up(rule_on_host_error(extent.error()));
  return transact(session, *dialogue, {*extent, dialogue->form});
}

tl::expected<UniqueFd, WriteFailure> Connection::message(MessageForm form) {
  auto file = make_message_file(batch_.spool_directory, batch_.message_size);
  if (!file) return tl::unexpected(WriteFailure{WriteFailureKind::Io, 0, file.error().text});
  auto written = server_.write_message(file->get(), form);
  if (!written) return tl::unexpected(written.error());
  return std::move(*file);
}

void Connection::describe_peer(const SmtpSession& session) {
  for (char step : session.steps()) server_.session_step(step);
  if (!session.tls()) return;
  peer_.cipher = session.tls()->cipher;
  if (!session.tls()->group.empty()) peer_.cipher += ":" + session.tls()->group;
  peer_.peer_dn = session.tls()->peer_dn;
  peer_.trust = verdict_.trust;
  peer_.ocsp = verdict_.ocsp;
  set_tls_variables(*session.tls());
}

// Before the connection they say what the policy asks for, after the verdict what was found.
void Connection::set_tls_variables(const TlsInfo& session) {
  TlsVariables variables = variables_of_policy(request_.plan.policy);
  variables.sni = session.sni;
  variables.version = session.version;
  variables.cipher = peer_.cipher;
  variables.standard_cipher = session.standard_cipher;
  variables.key_bits = session.key_bits;
  variables.peer_dn = session.peer_dn;
  variables.trust = peer_.trust;
  variables.ocsp = peer_.ocsp;
  variables.channel_binding = session.channel_binding;
  if (!session.chain.empty()) variables.peer_certificate = certificate_pem(session.chain.front());
  server_.set_tls_variables(variables);
}

// A transaction decides at least one recipient or ends in trouble, so this loop ends.
AttemptResult Connection::transact(SmtpSession& session, const Dialogue& dialogue,
                                   const MessageData& message) {
  peer_.dsn = dialogue.dsn ? DsnSupport::Yes : DsnSupport::No;
  auto auth = server_.mail_auth();
  if (!auth) return give_up(rule_on_host_error(auth.error()));
  most_transactions_ = dialogue.most_transactions;
  for (; transactions_ < most_transactions_ && !recipients_.all_decided(); ++transactions_) {
    if (needs_reset_) {
      auto reset = session.reset();
      if (!reset) return trouble(reset.error());
    }
    const auto recipients =
        recipients_.next(batch_.all_or_nothing ? kEveryone : dialogue.most_recipients);
    auto envelope = make_envelope(server_, batch_, dialogue, recipients);
    if (!envelope) return give_up(rule_on_inconvertible_address(envelope.error()));
    envelope->mail.auth = *auth;
    if (batch_.all_or_nothing) envelope->partial = Partial::Forbidden;
    peer_.chunked = dialogue.form == MessageForm::Plain;
    peer_.continued = transactions_ > 0;
    std::vector<std::size_t> delivered;
    delivered.reserve(recipients.size());
    auto result = run_transaction(
        session, *envelope, message,
        [&](const TransactionResult& so_far) { accepted(so_far, recipients, delivered); });
    if (std::exchange(left_open_untried_, false) && lost_before_mail(result))
      return {AttemptEnd::NotTried, {}, false, {}};
    take(result, recipients);
    if (batch_.all_or_nothing && !result.trouble && result.custody != Custody::Taken)
      return refuse_all(result);
    if (result.trouble) return trouble(cause_of(result));
    needs_reset_ = result.custody != Custody::Taken;
  }
  used_up_ = !recipients_.all_decided();
  return {AttemptEnd::Worked, {}, false, recipients_.waiting()};
}

// The server has the message now: first of all, that is put on record. Nothing here allocates.
void Connection::accepted(const TransactionResult& result,
                          const std::vector<std::size_t>& recipients,
                          std::vector<std::size_t>& delivered) {
  for (std::size_t i = 0; i < recipients.size(); ++i)
    if (result.recipients[i].fate == RecipientFate::Delivered) delivered.push_back(recipients[i]);
  if (!delivered.empty()) server_.journal(delivered);
}

RecipientOutcome Connection::delivered_by(const TransactionResult& result, const SmtpReply& reply) {
  RecipientOutcome outcome{{}, peer_};
  outcome.verdict.text =
      result.overall ? confirmation_text(reply, *result.overall) : confirmation_text(reply);
  outcome.transaction.prdr = result.overall.has_value();
  outcome.transaction.pipelined = result.pipelined;
  return outcome;
}

// The reply to RCPT is quoted without "pipelined": it is plain which command it answers.
void Connection::refused(std::size_t recipient, const RecipientResult& result) {
  const FailureRuling ruling = rule_on_refusal(*result.reply, result.command);
  recipients_.report(recipient, peer_, ruling);
  server_.log_message(request_.host, ruling.verdict.text);
  if (ruling.verdict.status == Status::Failed) return;
  server_.event(request_.host, recipient, "msg:rcpt:host:defer", ruling.verdict.text);
  // After the last host the recipient's own line says it.
  if (last_host())
    server_.event(request_.host, recipient, "msg:rcpt:defer", ruling.verdict.text);
  else
    server_.log_refusal(request_.host, ruling.verdict.text);
  server_.retry_recipient(recipient, RetryChange::Deferred);
}

void Connection::message_refused(std::size_t recipient, const RecipientResult& result) {
  const FailureRuling ruling = rule_on_message_refusal(*result.reply, result.command);
  recipients_.report(recipient, peer_, ruling);
  if (ruling.verdict.status == Status::Deferred)
    server_.retry_recipient(recipient, RetryChange::Deferred);
}

void Connection::take(const TransactionResult& result, const std::vector<std::size_t>& recipients) {
  bool first = true;
  for (std::size_t i = 0; i < recipients.size(); ++i) {
    const auto& one = result.recipients[i];
    if (one.fate != RecipientFate::Delivered) continue;
    RecipientOutcome outcome = delivered_by(result, *one.reply);
    outcome.transaction.first = std::exchange(first, false);
    recipients_.delivered(recipients[i], outcome);
    server_.retry_recipient(recipients[i], RetryChange::Worked);
  }
  for (std::size_t i = 0; i < recipients.size(); ++i) {
    const auto& one = result.recipients[i];
    if (one.fate == RecipientFate::Refused) refused(recipients[i], one);
    if (one.fate == RecipientFate::MessageRefused) message_refused(recipients[i], one);
    if (one.fate != RecipientFate::Undecided && one.fate != RecipientFate::NextTransaction)
      recipients_.decided(recipients[i]);
  }
}

// mua_wrapper: one recipient was refused, so none gets the message, and nobody tries again.
AttemptResult Connection::refuse_all(const TransactionResult& result) {
  FailureRuling ruling;
  for (const auto& one : result.recipients)
    if (one.fate == RecipientFate::Refused && ruling.verdict.text.empty())
      ruling = rule_on_refusal(*one.reply, one.command);
  ruling.scope = FailureScope::Delivery;
  ruling.verdict.status = Status::Failed;
  for (auto recipient : request_.recipients) recipients_.report(recipient, peer_, ruling);
  return {AttemptEnd::Stop, ruling, false, {}};
}

AttemptResult Connection::give_up(const FailureRuling& ruling) {
  return recipients_.give_up(peer_, ruling);
}

AttemptResult Connection::trouble(const SmtpTrouble& trouble) {
  const FailureRuling ruling = rule_on_trouble(trouble);
  const bool tls = trouble.stage == SmtpStage::Handshake || trouble.stage == SmtpStage::Verify;
  if (has_dane_policy(request_.plan.policy)) {
    if (tls) dane_event("validation-failure");
    if (ruling.verdict.cause == Cause::TlsRequired) dane_event("starttls-not-supported");
  }
  auto result = give_up(dane_is_enforced(request_.plan) ? under_dane(ruling) : ruling);
  result.failure = ruling;
  result.tls_failed = tls;
  if (ruling.scope == FailureScope::Recipient && !recipients_.all_decided())
    server_.retry_recipient(recipients_.first_undecided(), RetryChange::Deferred);
  return result;
}

}  // namespace danesmtp

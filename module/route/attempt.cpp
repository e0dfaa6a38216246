// SPDX-License-Identifier: GPL-2.0-or-later
// The flow of one attempt, from the top down.
#include "route/attempt.h"

#include <optional>
#include <string>
#include <utility>

#include "route/attempt_recipients.h"
#include "route/attempt_report.h"
#include "route/attempt_verdict.h"
#include "route/client_auth.h"
#include "route/host_sessions.h"
#include "route/host_tls.h"
#include "route/session_key.h"
#include "route/session_watch.h"
#include "route/shared_connection.h"
#include "route/tls_requirement.h"
#include "route/transactions.h"

namespace danesmtp {
namespace {

enum class HandshakeChoice {
  Resumed,  // if there is an earlier TLS session to go on with
  Full,
};

// Why a connection is followed by another one to the same host.
enum class Next {
  None,
  Rest,           // all went well, and it takes no more messages although recipients are left
  FullHandshake,  // the server, or our verdict, refused to go on with an earlier TLS session
};

// One connection, from EHLO, or from where an earlier message left it, to its end.
class Connection {
 public:
  Connection(const AttemptContext& attempt, const HostTls& tls, AttemptRecipients& recipients)
      : attempt_(attempt), tls_(tls), recipients_(recipients), watch_(attempt, tls) {}
  // The session keeps a pointer to it.
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  AttemptResult take_over();
  AttemptResult make(HandshakeChoice handshake);

  Next next() const { return next_; }

 private:
  AttemptResult open(UniqueFd socket, HandshakeChoice handshake);
  void offer_earlier_session(SessionSettings& settings);
  bool spoilt_by_earlier_session(const SmtpSession& session, const SmtpTrouble& trouble);
  void leave_session(const SmtpSession& session);
  AttemptResult not_opened(const SmtpSession& session, const SmtpTrouble& trouble);
  AttemptResult send(SmtpSession& session, Transactions transactions);
  AttemptResult give_up(const FailureRuling& ruling) {
    return recipients_.give_up(watch_.facts(), ruling);
  }

  AttemptContext attempt_;
  const HostTls& tls_;
  AttemptRecipients& recipients_;
  SessionWatch watch_;
  std::optional<HostSessions> sessions_;  // none with this host, or not on this connection
  std::string digest_;                    // of the policy, of a connection that was taken over
  Next next_ = Next::None;
};

AttemptResult without_connection(const AttemptContext& attempt, const Error& error) {
  const auto& [server, batch, request, store] = attempt;
  if (request.connection == ConnectionChoice::LeftOpen) {
    server.end_open_connection();
    return {AttemptEnd::NotTried, {}, false, {}};
  }
  tell_of_failure(server, request.host, request.recipients.front(),
                  verdict_of_policy(request.plan));
  attempt.report([&] { return report_of_policy(attempt); });
  ConnectionFacts nobody;
  nobody.host = request.host;
  nobody.host_secure = request.plan.secure;
  return AttemptRecipients(attempt).give_up(nobody, ruling_on_plan(attempt, error));
}

}  // namespace

AttemptResult attempt_host(MailServer& server, const AddressBatch& batch,
                           const AttemptRequest& request, Store& store) {
  const AttemptContext attempt{server, batch, request, store};
  server.set_tls_variables(variables_of_policy(attempt));
  const auto tls = tls_for_host(server, batch, request);
  if (!tls) return without_connection(attempt, tls.error());
  AttemptRecipients recipients(attempt);
  if (request.connection == ConnectionChoice::LeftOpen) {
    Connection left(attempt, *tls, recipients);
    auto result = left.take_over();
    if (left.next() == Next::None) return result;
  }
  // A server that takes so many messages on a connection and no more gets another connection. Each
  // decides a recipient, or ends in trouble, or is the only one that is followed by another for the
  // sake of a full handshake, so this loop ends.
  for (auto handshake = HandshakeChoice::Resumed;;) {
    Connection connection(attempt, *tls, recipients);
    auto result = connection.make(handshake);
    if (connection.next() == Next::None) return result;
    if (connection.next() == Next::FullHandshake) handshake = HandshakeChoice::Full;
  }
}

namespace {

// D-104
AttemptResult Connection::take_over() {
  auto verified = verified_connection(attempt_, tls_);
  if (!verified) return {AttemptEnd::NotTried, {}, false, {}};
  SmtpSession session(LineChannel(attempt_.server.use_open_connection()),
                      std::move(verified->settings), verified->known.offered, attempt_.server);
  watch_.taken_over(verified->open, verified->known.resumed);
  digest_ = std::move(verified->digest);
  return send(session, Transactions(attempt_, recipients_, watch_.facts(), verified->open));
}

AttemptResult Connection::make(HandshakeChoice handshake) {
  auto socket = attempt_.server.connect(attempt_.request.host, attempt_.request.port);
  if (!socket) return give_up(rule_on_connect_failure(socket.error()));
  return open(std::move(*socket), handshake);
}

AttemptResult Connection::open(UniqueFd socket, HandshakeChoice handshake) {
  auto& server = attempt_.server;
  auto settings = session_settings(server, tls_);
  if (!settings) {
    watch_.closed();
    return give_up(rule_on_host_error(settings.error()));
  }
  // RFC 8689 4.2.1: without EHLO there is no REQUIRETLS.
  if (!requires_tls(attempt_.batch) &&
      server.host_in(kHostsAvoidEsmtp, attempt_.request.host).value_or(false))
    settings->hello = Hello::Helo;
  if (handshake == HandshakeChoice::Resumed) offer_earlier_session(*settings);
  watch_.listen(*settings);
  watch_.connected(socket);
  SmtpSession session(LineChannel(std::move(socket)), std::move(*settings), server);
  auto opened = session.open();
  if (!opened) return not_opened(session, opened.error());
  watch_.opened(session);
  // The peer has been judged: only from here on may it hear a secret.
  const auto refusal = authenticate(server, session, attempt_.request.host);
  if (!refusal) return send(session, Transactions(attempt_, recipients_, watch_.facts()));
  auto result = give_up(*refusal);
  session.quit();
  watch_.closed();
  return result;
}

void Connection::offer_earlier_session(SessionSettings& settings) {
  sessions_.emplace(attempt_.store, session_key(attempt_, tls_, settings));
  if (!sessions_->wanted()) return;
  settings.tls.earlier_session = [this] { return sessions_->take(wall_time()); };
}

// In TLS 1.3 our end of a handshake is before the server's (RFC 8446 2.2): what it thinks of the
// session shows where its first reply is expected. A reply is about something else.
bool failed_at_handshake(const SmtpSession& session, const SmtpTrouble& trouble) {
  if (trouble.stage == SmtpStage::Handshake) return true;
  const bool first_words = trouble.stage == SmtpStage::Ehlo || trouble.stage == SmtpStage::Greeting;
  return first_words && session.tls() && !trouble.reply &&
         trouble.error.kind != ErrorKind::BadInput;
}

// A peer that goes on with an earlier session has shown no certificate of today, and one that fails
// at it may do better without: neither is held against it. A server that broke off, or hung, is not
// offered a session again for a while.
bool Connection::spoilt_by_earlier_session(const SmtpSession& session, const SmtpTrouble& trouble) {
  if (!sessions_ || !sessions_->took_one()) return false;
  if (trouble.stage == SmtpStage::Verify) return session.tls()->resumption.used;
  if (!failed_at_handshake(session, trouble)) return false;
  sessions_->give_up();
  return true;
}

// As late as can be: in TLS 1.3 tickets come after the handshake.
void Connection::leave_session(const SmtpSession& session) {
  const auto left = sessions_ ? session.resumable() : std::nullopt;
  if (!left) return;
  const TlsInfo& info = *session.tls();
  if (may_be_resumed(attempt_.request.plan, tls_.settings, watch_.facts().trust, info))
    sessions_->keep(*left, info.resumption.used, wall_time());
}

AttemptResult Connection::not_opened(const SmtpSession& session, const SmtpTrouble& trouble) {
  if (spoilt_by_earlier_session(session, trouble)) {
    attempt_.server.debug("TLS: no session is resumed after all: " + trouble.error.text);
    watch_.closed();
    next_ = Next::FullHandshake;
    return {};
  }
  const auto ruling = ruling_on_session(attempt_, trouble);
  watch_.failed(session, trouble, ruling);
  if (!watch_.event_answer().empty()) return give_up(rule_on_event_answer(watch_.event_answer()));
  auto result = give_up(ruling);
  result.tls_failed = trouble.stage == SmtpStage::Handshake || trouble.stage == SmtpStage::Verify;
  return result;
}

// A message whose recipients were all deferred does not lead to the next one: several such messages
// would lead to each other for ever.
AttemptResult Connection::send(SmtpSession& session, Transactions transactions) {
  auto result = transactions.send(session);
  if (transactions.used_up()) next_ = Next::Rest;
  leave_session(session);
  const bool done =
      result.end == AttemptEnd::Worked && recipients_.settled_one() && recipients_.all_decided();
  auto served = transactions.served();
  served.digest = std::move(digest_);
  if (done && leave_open(attempt_, tls_, session, watch_.facts(), served)) return result;
  session.quit();
  watch_.closed();
  return result;
}

}  // namespace
}  // namespace danesmtp

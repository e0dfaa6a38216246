// SPDX-License-Identifier: GPL-2.0-or-later
// The flow of one attempt, from the top down.
#include "route/attempt.h"

#include "route/attempt_recipients.h"
#include "route/attempt_verdict.h"
#include "route/client_auth.h"
#include "route/host_tls.h"
#include "route/session_watch.h"
#include "route/shared_connection.h"
#include "route/transactions.h"

namespace danesmtp {
namespace {

// One connection, from EHLO, or from where an earlier message left it, to its end.
class Connection {
 public:
  Connection(const AttemptContext& attempt, const HostTls& tls, AttemptRecipients& recipients)
      : attempt_(attempt), tls_(tls), recipients_(recipients), watch_(attempt, tls) {}

  AttemptResult take_over();
  AttemptResult make();

  // All went well, and it takes no more messages although recipients are left.
  bool used_up() const { return used_up_; }

 private:
  AttemptResult open(UniqueFd socket);
  AttemptResult not_opened(const SmtpSession& session, const SmtpTrouble& trouble);
  AttemptResult send(SmtpSession& session, Transactions transactions);
  AttemptResult give_up(const FailureRuling& ruling) {
    return recipients_.give_up(watch_.facts(), ruling);
  }

  AttemptContext attempt_;
  const HostTls& tls_;
  AttemptRecipients& recipients_;
  SessionWatch watch_;
  bool used_up_ = false;
};

AttemptResult without_connection(const AttemptContext& attempt, const Error& error) {
  const auto& [server, batch, request] = attempt;
  if (request.connection == ConnectionChoice::LeftOpen) {
    server.end_open_connection();
    return {AttemptEnd::NotTried, {}, false, {}};
  }
  tell_of_failure(server, request.host, request.recipients.front(),
                  verdict_of_policy(request.plan));
  ConnectionFacts nobody;
  nobody.host = request.host;
  nobody.host_secure = request.plan.secure;
  return AttemptRecipients(attempt).give_up(nobody, is_held_to_dane(request.plan)
                                                        ? rule_on_policy_failure(error)
                                                        : rule_on_host_error(error));
}

}  // namespace

AttemptResult attempt_host(MailServer& server, const AddressBatch& batch,
                           const AttemptRequest& request) {
  const AttemptContext attempt{server, batch, request};
  server.set_tls_variables(variables_of_policy(request.plan.policy));
  const auto tls = tls_for_host(server, batch, request);
  if (!tls) return without_connection(attempt, tls.error());
  AttemptRecipients recipients(attempt);
  if (request.connection == ConnectionChoice::LeftOpen) {
    Connection left(attempt, *tls, recipients);
    auto result = left.take_over();
    if (!left.used_up()) return result;
  }
  // A server that takes so many messages on a connection and no more gets another connection. Each
  // decides a recipient or ends in trouble, so this loop ends.
  for (;;) {
    Connection connection(attempt, *tls, recipients);
    auto result = connection.make();
    if (!connection.used_up()) return result;
  }
}

namespace {

// D-104
AttemptResult Connection::take_over() {
  auto verified = verified_connection(attempt_, tls_);
  if (!verified) return {AttemptEnd::NotTried, {}, false, {}};
  SmtpSession session(LineChannel(attempt_.server.use_open_connection()),
                      std::move(verified->settings), verified->offered, attempt_.server);
  watch_.taken_over(verified->open);
  return send(session, Transactions(attempt_, recipients_, watch_.facts(), verified->open));
}

AttemptResult Connection::make() {
  auto socket = attempt_.server.connect(attempt_.request.host, attempt_.request.port);
  if (!socket) return give_up(rule_on_connect_failure(socket.error()));
  return open(std::move(*socket));
}

AttemptResult Connection::open(UniqueFd socket) {
  auto& server = attempt_.server;
  auto settings = session_settings(server, tls_);
  if (!settings) return give_up(rule_on_host_error(settings.error()));
  if (server.host_in(kHostsAvoidEsmtp, attempt_.request.host).value_or(false))
    settings->hello = Hello::Helo;
  watch_.listen(*settings);
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

AttemptResult Connection::not_opened(const SmtpSession& session, const SmtpTrouble& trouble) {
  const auto ruling = rule_on_trouble(trouble);
  watch_.failed(session, trouble.stage, ruling);
  if (!watch_.event_answer().empty()) return give_up(rule_on_event_answer(watch_.event_answer()));
  auto result = give_up(ruling);
  result.tls_failed = trouble.stage == SmtpStage::Handshake || trouble.stage == SmtpStage::Verify;
  return result;
}

// A message whose recipients were all deferred does not lead to the next one: several such messages
// would lead to each other for ever.
AttemptResult Connection::send(SmtpSession& session, Transactions transactions) {
  auto result = transactions.send(session);
  used_up_ = transactions.used_up();
  const bool done =
      result.end == AttemptEnd::Worked && recipients_.settled_one() && recipients_.all_decided();
  if (done && leave_open(attempt_, tls_, session, watch_.facts().cipher, transactions.served()))
    return result;
  session.quit();
  watch_.closed();
  return result;
}

}  // namespace
}  // namespace danesmtp

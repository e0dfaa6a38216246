// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/attempt.h"

#include "route/connection.h"
#include "route/host_tls.h"

namespace danesmtp {
namespace {

AttemptResult without_connection(MailServer& server, const AttemptRequest& request,
                                 const Error& error) {
  if (request.connection == ConnectionChoice::LeftOpen) {
    server.end_open_connection();
    return {AttemptEnd::NotTried, {}, false, {}};
  }
  // D-163
  if (const auto* skip = std::get_if<SkipHost>(&request.plan.policy))
    server.event(request.host, request.recipients.front(), "dane:fail", skip->event_data);
  ConnectionFacts nobody;
  nobody.host = request.host;
  nobody.host_secure = request.plan.secure;
  if (!dane_is_enforced(request.plan))
    return AttemptRecipients(server, request).give_up(nobody, rule_on_host_error(error));
  const FailureRuling ruling = rule_on_policy_failure(error);
  auto result = AttemptRecipients(server, request).give_up(nobody, under_dane(ruling));
  result.failure = ruling;
  return result;
}

}  // namespace

AttemptResult attempt_host(MailServer& server, const AddressBatch& batch,
                           const AttemptRequest& request) {
  server.set_tls_variables(variables_of_policy(request.plan.policy));
  auto tls = tls_for_host(server, batch, request);
  if (!tls) return without_connection(server, request, tls.error());
  AttemptRecipients recipients(server, request);
  if (request.connection == ConnectionChoice::LeftOpen) {
    Connection left(server, batch, request, *tls, recipients);
    auto result = left.take_over();
    if (!left.used_up()) return result;
  }
  // A server that takes so many messages on a connection and no more gets another connection. Each
  // decides a recipient or ends in trouble, so this loop ends.
  for (;;) {
    Connection connection(server, batch, request, *tls, recipients);
    auto result = connection.make();
    if (!connection.used_up()) return result;
  }
}

}  // namespace danesmtp

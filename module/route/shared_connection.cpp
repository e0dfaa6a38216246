// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/shared_connection.h"

#include <utility>

#include "route/attempt_verdict.h"
#include "route/tls_requirement.h"

namespace danesmtp {
namespace {

Result<std::string> digest_of(const AttemptContext& attempt, const HostTls& tls,
                              const SessionSettings& settings) {
  return policy_digest(attempt.server, attempt.batch, attempt.request, tls, settings);
}

bool allowed_by_options(const AttemptContext& attempt) {
  // To end TLS and go on in clear, as hosts_noproxy_tls asks for, is no way under DANE.
  for (const auto& option : {kHostsNopassTls, kHostsNoproxyTls})
    if (attempt.server.host_in(option, attempt.request.host).value_or(true)) return false;
  return true;
}

}  // namespace

std::optional<VerifiedConnection> verified_connection(const AttemptContext& attempt,
                                                      const HostTls& tls) {
  auto& server = attempt.server;
  const auto open = server.open_connection();
  auto settings = session_settings(server, tls);
  if (open && settings) {
    auto digest = digest_of(attempt, tls, *settings);
    const auto known = digest ? marked_under(*digest, open->mark) : std::nullopt;
    const bool suited = known && (known->offered.requiretls || !requires_tls(attempt.batch));
    if (suited) return VerifiedConnection{*open, std::move(*settings), *known, std::move(*digest)};
  }
  server.debug("the open connection was not verified for this policy: a new one is made");
  server.end_open_connection();
  return std::nullopt;
}

bool is_wanted_further(const AttemptContext& attempt, const ConnectionFacts& facts,
                       const Served& served) {
  const auto& request = attempt.request;
  const auto transactions = served.transactions + 1;
  if (!request.may_stay_open || !is_held(request.plan)) return false;
  if (facts.cipher.empty() || transactions >= served.most || !allowed_by_options(attempt))
    return false;
  return attempt.server.further_message(request.host, transactions, served.most);
}

bool leave_open(const AttemptContext& attempt, const HostTls& tls, SmtpSession& session,
                const ConnectionFacts& facts, const Served& served) {
  auto& server = attempt.server;
  if (!served.wanted || served.transactions >= served.most || !session.usable()) return false;
  auto digest = served.digest;
  if (digest.empty()) {
    auto settings = session_settings(server, tls);
    if (settings) digest = digest_of(attempt, tls, *settings).value_or("");
  }
  if (digest.empty() || (served.needs_reset && !session.reset())) return false;
  const auto mark = connection_mark(digest, {session.capabilities(), facts.resumed});
  auto socket = session.leave_open();
  if (!socket) {
    server.debug("the connection cannot stay open: " + socket.error().text);
    return false;
  }
  server.leave_open(std::move(*socket),
                    {attempt.request.host, mark, facts.cipher, served.transactions});
  return true;
}

}  // namespace danesmtp

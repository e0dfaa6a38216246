// SPDX-License-Identifier: GPL-2.0-or-later
// What is learnt of the peer of one connection, and told of it as it is learnt: events, the
// variables $tls_out_..., the facts that every outcome on the connection has in common, the
// verdict, a report (RFC 8460). It goes with the connection, and sends nothing itself.
#pragma once

#include <string>

#include "route/attempt_report.h"
#include "route/attempt_verdict.h"
#include "route/host_tls.h"
#include "route/peer_judge.h"
#include "smtp/session.h"

namespace danesmtp {

// What $tls_out_... say as long as there is no session: what the policy asks for.
TlsVariables variables_of_policy(const AttemptContext& attempt);

class SessionWatch {
 public:
  // Sets the variables. Both are borrowed and outlive the watch.
  SessionWatch(const AttemptContext& attempt, const HostTls& tls);
  // The session keeps a pointer to it.
  SessionWatch(const SessionWatch&) = delete;
  SessionWatch& operator=(const SessionWatch&) = delete;

  // From here on the peer is judged, and told of: smtp:connect, smtp:ehlo, and tls:cert for each
  // certificate of the chain, from its far end.
  void listen(SessionSettings& settings);
  void connected(const UniqueFd& socket);
  // The session is open, or could not be opened.
  void opened(const SmtpSession& session);
  void failed(const SmtpSession& session, const SmtpTrouble& trouble, const FailureRuling& ruling);
  // An earlier message's connection, verified for the same policy (D-104).
  void taken_over(const OpenConnection& open, bool resumed);
  void closed() const { attempt_.event("tcp:close", ""); }

  const ConnectionFacts& facts() const { return facts_; }
  // To smtp:connect: not empty, the configuration forbids to go on.
  const std::string& event_answer() const { return event_answer_; }

 private:
  [[nodiscard]] Result<void> show_certificates(const TlsInfo& info) const;
  void describe(const SmtpSession& session);
  // Of a peer that was judged; the names as the log has them.
  TlsInfo learnt(const TlsInfo& info);
  void note_clear_session() const;
  ReportedSession reported(const SmtpSession& session) const;
  void set_variables(const TlsInfo& session) const;

  AttemptContext attempt_;
  const HostTls& tls_;
  PeerJudge judge_;
  AttemptVerdict verdict_;
  ConnectionFacts facts_;
  std::string event_answer_;
  std::string sending_ip_;  // where somebody wants to know
};

}  // namespace danesmtp

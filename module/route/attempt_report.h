// SPDX-License-Identifier: GPL-2.0-or-later
// What a domain would be told of one attempt on one of its hosts: RFC 8460 4.3. The first failure
// counts, in its most specific form. Nothing: TLS was not come to, or what went wrong is ours.
#pragma once

#include <optional>
#include <string>

#include "route/attempt_context.h"
#include "route/host_tls.h"
#include "route/peer_judge.h"
#include "smtp/session.h"
#include "tlsrpt/tls_attempt.h"

namespace danesmtp {

// Of a host that is not connected to.
std::optional<TlsAttempt> report_of_policy(const AttemptContext& attempt);

// A look-up failed that every host of the domain depends on.
std::optional<TlsAttempt> report_of_failed_domain(const std::string& domain, const Error& error);

// Of a connection: what is known of it once its session is open, or could not be opened.
struct ReportedSession {
  const HostTls& tls;
  const SmtpSession& session;
  const PeerVerdict& peer;
  std::string sending_ip;  // empty: not known
};
std::optional<TlsAttempt> report_of_opened(const AttemptContext& attempt,
                                           const ReportedSession& seen);
std::optional<TlsAttempt> report_of_trouble(const AttemptContext& attempt,
                                            const ReportedSession& seen,
                                            const SmtpTrouble& trouble);

}  // namespace danesmtp

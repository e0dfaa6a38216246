// SPDX-License-Identifier: GPL-2.0-or-later
// A connection that serves more than one message: one that an earlier message left open is taken
// over only with the mark that our own policy would have given it (D-104), and ours is left open
// only if it was verified for a policy that is enforced.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "route/attempt_context.h"
#include "route/connection_mark.h"
#include "route/host_tls.h"
#include "smtp/session.h"

namespace danesmtp {

struct VerifiedConnection {
  OpenConnection open;
  SessionSettings settings;
  MarkedConnection known;  // of it, as of the earlier message
  std::string digest;      // of the policy
};

// The open connection, if it is for this host's policy; its socket is the caller's to use. Nothing:
// it has been ended.
std::optional<VerifiedConnection> verified_connection(const AttemptContext& attempt,
                                                      const HostTls& tls);

struct Served {
  std::size_t transactions = 0;  // on the connection, earlier messages' too
  std::size_t most = 0;          // as the options and the server have it
  bool needs_reset = false;      // the last one did not end with its final reply
  bool wanted = false;           // for a further message; asked before the last transaction
  std::string digest{};          // of the policy; empty where it has not been needed yet
};

// Whether the connection may stay open after one more transaction, and a message waits for it.
bool is_wanted_further(const AttemptContext& attempt, const ConnectionFacts& facts,
                       const Served& served);

// `facts`: of the connection. False: it is still ours to end.
bool leave_open(const AttemptContext& attempt, const HostTls& tls, SmtpSession& session,
                const ConnectionFacts& facts, const Served& served);

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// One attempt on one host: TCP connection, session, TLS as the host's policy demands, one or more
// transactions, and each recipient's outcome reported as soon as it is known. It never goes below
// the policy it is given, and it does not choose hosts.
#pragma once

#include <cstddef>
#include <vector>

#include "cache/store.h"
#include "outcome/failure_policy.h"
#include "route/host_plan.h"
#include "server/address_batch.h"
#include "server/mail_server.h"

namespace danesmtp {

enum class AttemptEnd {
  Worked,           // a transaction was completed; each recipient has its own outcome
  MessageDeferred,  // the host is well, but would not take this message now
  HostDeferred,     // the host is bad for now
  Stop,             // no other host would do better
  Unsuited,         // the host may not have this message, whatever its state
  NotTried,         // the connection left open is not for this message, or is gone: it is ended
};

struct AttemptResult {
  AttemptEnd end = AttemptEnd::HostDeferred;
  FailureRuling failure;                // unless Worked
  bool tls_failed = false;              // the handshake or verification did
  std::vector<RecipientIndex> waiting;  // recipients that another host may still take
};

// Unless the end is NotTried each recipient of the request has its outcome by then; of those in
// `waiting` it is a deferral. The store has the TLS sessions of earlier connections.
AttemptResult attempt_host(MailServer& server, const AddressBatch& batch,
                           const AttemptRequest& request, Store& store);

}  // namespace danesmtp

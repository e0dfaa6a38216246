// SPDX-License-Identifier: GPL-2.0-or-later
// One attempt on one host: TCP connection, session, TLS as the host's policy demands, one or more
// transactions, and each recipient's outcome reported as soon as it is known. It never goes below
// the policy it is given, and it does not choose hosts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/dns_name.h"
#include "dane/tlsa_policy.h"
#include "outcome/failure_policy.h"
#include "route/address_batch.h"
#include "route/mail_server.h"

namespace danesmtp {

// What follows when a host does not satisfy its policy (dane_audit_domains).
enum class Enforcement {
  Full,   // it is not used
  Audit,  // the log says so, and the message goes as if there were no DANE (D-111)
};

// What the look-ups decided for one host and one recipient domain.
struct HostPlan {
  HostPolicy policy = SkipHost{};
  MxTrust mx = MxTrust::Insecure;
  Enforcement enforcement = Enforcement::Full;
  bool secure = false;           // the host's addresses are signed, and what named it is too
  std::vector<DnsName> names{};  // reference identifiers for usage 2 (RFC 7672 3.2.2)
};

enum class AttemptEnd {
  Worked,           // a transaction was completed; each recipient has its own outcome
  MessageDeferred,  // the host is well, but would not take this message now
  HostDeferred,     // the host is bad for now
  Stop,             // no other host would do better
  NotTried,         // the connection left open is not for this message, or is gone: it is ended
};

struct AttemptResult {
  AttemptEnd end = AttemptEnd::HostDeferred;
  Judgement failure;                 // unless Worked
  bool tls_failed = false;           // the handshake or verification did
  std::vector<std::size_t> waiting;  // recipients that another host may still take
};

// An earlier message's connection, if it was verified for the same policy, or one of our own.
enum class ConnectionChoice { New, LeftOpen };

enum class TlsChoice { AsPolicySays, Suppressed };

struct AttemptRequest {
  std::size_t host = 0;
  std::uint16_t port = 25;
  const HostPlan& plan;
  std::vector<std::size_t> recipients;  // those still waiting
  TlsChoice tls = TlsChoice::AsPolicySays;
  ConnectionChoice connection = ConnectionChoice::New;
  bool may_stay_open = true;  // for a further message; false: this message may need others yet
};

AttemptResult attempt_host(MailServer& server, const AddressBatch& batch,
                           const AttemptRequest& request);

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// What became of one recipient, as Exim wants to know it. Values; what they follow from is decided
// in outcome/failure_policy.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "server/index.h"
#include "tls/ocsp_policy.h"

namespace danesmtp {

enum class Status { Delivered, Deferred, Failed };

// The kind of error; retry rules and `exinext` go by it.
enum class Cause {
  None,
  System,  // system_errno says which
  ConnectTimeout,
  Timeout,
  Closed,
  Format,
  TlsRequired,
  TlsFailure,
  AuthMissing,  // required, and not to be had
  AuthProblem,  // the configuration of an authenticator
  Dns,
  UnknownHost,
  HostIsLocal,
  Mail4xx,
  Rcpt4xx,
  Data4xx,
  HostRetry,
  Filter,
  Headers,
  Expansion,
  Utf8,          // SMTPUTF8 is needed and not offered
  NoSuitedHost,  // the message requires TLS, and may be given to no host of the domain
};

// How sure we are who the peer is (D-032, D-160).
enum class PeerTrust {
  None,      // no TLS, or nobody verified
  Verified,  // by PKIX, or by DANE of a host that an insecure MX record named
  Sts,       // by PKIX, of a host that the domain's policy of MTA-STS names
  Dane,      // by DANE all the way from the recipient's domain
};

// Whether the server can pass on requests for delivery notifications (RFC 3461).
enum class DsnSupport { Unknown, No, Yes };

// The part of an outcome that a ruling on a failure decides (outcome/failure_policy).
struct RecipientVerdict {
  Status status = Status::Deferred;
  Cause cause = Cause::None;
  int system_errno = 0;
  int reply_code = 0;               // of a 4xx reply
  std::string text;                 // one line, printable
  bool text_is_for_sender = false;  // may be quoted in a bounce
};

// What every outcome on one connection has in common.
struct ConnectionFacts {
  std::optional<HostIndex> host;  // the host used
  bool host_secure = false;       // found by DNSSEC
  bool continued = false;         // not the first message on it: `*` in the log line
  bool chunked = false;           // the message went by BDAT (RFC 3030)
  bool downconverted = false;     // addresses were sent as A-labels
  bool resumed = false;           // an earlier TLS session was resumed
  bool requiretls = false;        // the message went with REQUIRETLS
  DsnSupport dsn = DsnSupport::Unknown;
  std::string cipher;  // "TLS1.3:...:256"; empty: no TLS
  std::string peer_dn;
  PeerTrust trust = PeerTrust::None;
  OcspResult ocsp = OcspResult::NotRequested;
  std::string greeting{};  // first lines, as the server said them; empty: not heard on it
  std::string hello{};     // of the reply to the last EHLO or HELO
};

// Of a recipient that was delivered.
struct TransactionFacts {
  bool first = false;      // of the transaction
  bool pipelined = false;  // the envelope went out in groups (RFC 2920)
  bool prdr = false;       // the recipient had its own reply to the end of data
};

struct RecipientOutcome {
  RecipientVerdict verdict{};
  ConnectionFacts connection{};
  TransactionFacts transaction{};
  std::chrono::microseconds duration{0};
};

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// Where it is said what came of TLS on a host (RFC 8460), once for each attempt that came so far.
// Whether that is told to anybody else, and how, is not for whoever says it.
#pragma once

#include <optional>

#include "server/index.h"
#include "tlsrpt/tls_attempt.h"

namespace danesmtp {

// What became of a recipient that the mail server's own driver has delivered.
struct DelegatedDelivery {
  HostIndex host;
  bool encrypted = false;
  bool starttls_offered = false;  // if not encrypted: as far as the last connection tells
};

class TlsReports {
 public:
  TlsReports() = default;
  virtual ~TlsReports() = default;
  TlsReports(const TlsReports&) = delete;
  TlsReports& operator=(const TlsReports&) = delete;

  // `host` as in Events::event().
  virtual void tls_attempted(HostIndex host, RecipientIndex recipient,
                             const TlsAttempt& attempt) = 0;
  // After Results::delegate(). Nothing: it is not delivered, or by a connection that was there.
  virtual std::optional<DelegatedDelivery> delegated_delivery(RecipientIndex recipient) = 0;
};

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// The TlsReports as an event of Exim's, and kept until the delivery is over. Conversions only; no
// decision.
#pragma once

#include <vector>

#include "bridge/exim_link.h"
#include "server/tls_reports.h"

namespace danesmtp {

class TlsReportsBridge : public virtual TlsReports {
 public:
  explicit TlsReportsBridge(const EximLink& exim) : exim_(exim) {}

  void tls_attempted(HostIndex host, RecipientIndex recipient, const TlsAttempt& attempt) override;
  std::optional<DelegatedDelivery> delegated_delivery(RecipientIndex recipient) override;
  const std::vector<TlsAttempt>& tls_attempts() const { return attempts_; }

 private:
  EximLink exim_;
  std::vector<TlsAttempt> attempts_;
};

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
#include "bridge/tls_reports_bridge.h"

namespace danesmtp {

void TlsReportsBridge::tls_attempted(HostIndex host, RecipientIndex recipient,
                                     const TlsAttempt& attempt) {
  exim_.services.event(exim_.handle, host.value(), recipient.value(), "dane:report",
                       to_text(attempt).c_str());
  attempts_.push_back(attempt);
}

std::optional<DelegatedDelivery> TlsReportsBridge::delegated_delivery(RecipientIndex recipient) {
  danesmtp_delegated delivery{};
  if (!exim_.services.delegated_delivery(exim_.handle, recipient.value(), &delivery))
    return std::nullopt;
  return DelegatedDelivery{HostIndex(delivery.host), delivery.encrypted != 0,
                           delivery.starttls_offered != 0};
}

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// Every report, as it was made.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "server/tls_reports.h"

namespace danesmtp::test {

class FakeTlsReports : public virtual TlsReports {
 public:
  std::vector<TlsAttempt> reports;
  std::map<RecipientIndex, DelegatedDelivery> deliveries;  // of the mail server's own driver

  void tls_attempted(HostIndex, RecipientIndex, const TlsAttempt& attempt) override {
    reports.push_back(attempt);
  }
  std::optional<DelegatedDelivery> delegated_delivery(RecipientIndex recipient) override {
    const auto found = deliveries.find(recipient);
    return found == deliveries.end() ? std::nullopt : std::optional(found->second);
  }
  // "tlsa success; tlsa certificate-expired"
  std::string reported() const {
    std::string text;
    for (const auto& one : reports) text += (text.empty() ? "" : "; ") + to_text(one);
    return text;
  }
};

}  // namespace danesmtp::test

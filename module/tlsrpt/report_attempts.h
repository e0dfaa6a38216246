// SPDX-License-Identifier: GPL-2.0-or-later
// After a delivery: the collector is told of what was seen, domain by domain, as far as the domain
// asks for reports (RFC 8460 3). No failure here is of any consequence for mail.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/log.h"
#include "dns/resolver.h"
#include "tlsrpt/tls_attempt.h"

namespace danesmtp {

// For the look-ups of all domains of a delivery.
inline constexpr std::chrono::seconds kReportLookUps{5};
// A domain that has not answered in that time is not asked again for so long, if answers are kept.
inline constexpr std::chrono::minutes kReportSilence{10};

struct Reporting {
  std::string socket;  // of the collector
  // Called at most once, and only if there is something to report, and somebody who would take it.
  std::function<std::unique_ptr<Resolver>()> resolver;
  // What was not taken by the collector, and why.
  std::function<void(const std::string&)> trouble;
};

// A domain whose look-up fails is not reported on.
void report_attempts(const std::vector<TlsAttempt>& attempts, const Reporting& reporting, Log& log);

}  // namespace danesmtp

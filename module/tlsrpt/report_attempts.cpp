// SPDX-License-Identifier: GPL-2.0-or-later
#include "tlsrpt/report_attempts.h"

#include <map>
#include <optional>

#include "core/format.h"
#include "tlsrpt/collector.h"
#include "tlsrpt/datagram.h"
#include "tlsrpt/report_record.h"

namespace danesmtp {
namespace {

// RFC 8460 3, by the validating resolver: an error is not "none", and not "one" either.
std::optional<std::string> record_of(const std::string& domain, Resolver& resolver, Log& log) {
  const auto name = DnsName::of_any_kind(domain);
  const auto owner = name ? report_record_owner(*name) : name;
  if (!owner) return std::nullopt;
  const auto answer = resolver.txt(*owner);
  if (!answer) {
    if (log.debugging()) log.debug(format("TLSRPT: {}", answer.error().text));
    return std::nullopt;
  }
  return report_record(answer->records);
}

class Reporter {
 public:
  Reporter(const Reporting& reporting, Collector& collector, Log& log)
      : reporting_(reporting), collector_(collector), log_(log), resolver_(reporting.resolver()) {
    resolver_->limit(Deadline::in(kReportLookUps));
  }

  void report(const TlsAttempt& attempt) {
    const auto& record = record_for(attempt.domain);
    if (log_.debugging())
      log_.debug(format("TLSRPT: {}: {}{}", attempt.domain, to_text(attempt),
                        record ? "" : ": the domain asks for no reports"));
    if (!record) return;
    const auto sent = collector_.send(report_datagram(attempt, *record));
    if (!sent) reporting_.trouble(sent.error().text);
  }

 private:
  const std::optional<std::string>& record_for(const std::string& domain) {
    auto known = records_.find(domain);
    if (known == records_.end())
      known = records_.emplace(domain, record_of(domain, *resolver_, log_)).first;
    return known->second;
  }

  const Reporting& reporting_;
  Collector& collector_;
  Log& log_;
  std::unique_ptr<Resolver> resolver_;
  std::map<std::string, std::optional<std::string>> records_;
};

}  // namespace

void report_attempts(const std::vector<TlsAttempt>& attempts, const Reporting& reporting,
                     Log& log) {
  if (attempts.empty()) return;
  Collector collector(reporting.socket);
  // First: where nobody listens nobody is asked for records either.
  if (const auto opened = collector.open(); !opened) return reporting.trouble(opened.error().text);
  Reporter reporter(reporting, collector, log);
  for (const auto& attempt : attempts) reporter.report(attempt);
}

}  // namespace danesmtp

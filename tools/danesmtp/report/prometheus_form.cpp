// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>

#include "core/format.h"
#include "prometheus_text.h"
#include "report_forms.h"

namespace danesmtp::tool {
namespace {

std::string deliveries(const std::string& name, const std::string& labels, const Counts& counts) {
  std::string samples;
  for (const Count count : kProtections)
    samples += format("{}{{{}{}}} {}\n", name, labels, label("protection", count_word(count)),
                      counts[count]);
  return samples;
}

std::string by_domain(const MailReport& report, std::size_t top) {
  std::string samples;
  for (std::size_t i = 0; i < std::min(top, report.domains.size()); ++i)
    samples +=
        deliveries("danesmtp_report_domain_delivered",
                   label("domain", report.domains[i].domain) + ",", report.domains[i].counts);
  return samples;
}

// Every cause has a series, also with nothing in it: an alert needs the 0.
struct CauseSamples {
  std::string deferred, waiting, oldest;

  void add(const CauseCounts& one) {
    const auto cause = label("cause", cause_word(one.cause));
    deferred += format("danesmtp_report_deferred{{{}}} {}\n", cause, one.deferred);
    waiting += format("danesmtp_report_waiting{{{}}} {}\n", cause, one.waiting);
    if (!one.oldest.empty())
      oldest += format("danesmtp_report_oldest_timestamp_seconds{{{}}} {}\n", cause, one.oldest_at);
  }
};

CauseSamples by_cause(const MailReport& report) {
  CauseSamples samples;
  for (std::size_t i = 0; i < kWaitCauses; ++i) {
    CauseCounts none;
    none.cause = static_cast<WaitCause>(i);
    const auto found =
        std::find_if(report.causes.begin(), report.causes.end(),
                     [&](const CauseCounts& one) { return one.cause == none.cause; });
    samples.add(found == report.causes.end() ? none : *found);
  }
  return samples;
}

std::string single(const char* name, const char* help, std::uint64_t value) {
  return metric(name, help, format("{} {}\n", name, value));
}

}  // namespace

std::string report_as_prometheus(const MailReport& report, std::size_t top) {
  const auto causes = by_cause(report);
  return metric("danesmtp_report_delivered", "Recipients delivered to, by protection.",
                deliveries("danesmtp_report_delivered", "", report.all)) +
         metric("danesmtp_report_domain_delivered", "The same of the domains with most mail.",
                by_domain(report, top)) +
         metric("danesmtp_report_deferred", "Deferrals by cause.", causes.deferred) +
         metric("danesmtp_report_waiting", "Recipients that wait at the end of the log.",
                causes.waiting) +
         metric("danesmtp_report_oldest_timestamp_seconds",
                "When the message came that waits longest.", causes.oldest) +
         single("danesmtp_report_failed", "Recipients for whom mail was returned.",
                report.all[Count::Failed]) +
         single("danesmtp_report_audited", "What dane_audit_domains let through.",
                report.all[Count::Audited]) +
         single("danesmtp_report_changed_hosts", "Hosts whose records changed.",
                report.changes.size()) +
         single("danesmtp_report_lines", "Lines read.", report.lines.read) +
         single("danesmtp_report_unknown_lines", "Lines that are none of a main log.",
                report.lines.unknown);
}

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
#include "mail_counter.h"

#include <algorithm>

#include "core/bytes.h"

namespace danesmtp::tool {
namespace {

Count count_of(Protection protection) {
  switch (protection) {
    case Protection::Dane:
      return Count::Dane;
    case Protection::Verified:
      return Count::Verified;
    case Protection::Encrypted:
      return Count::Encrypted;
    case Protection::Clear:
      return Count::Clear;
  }
  return Count::Clear;
}

std::vector<DomainCounts> without_dane(const std::vector<DomainCounts>& domains) {
  std::vector<DomainCounts> found;
  std::copy_if(domains.begin(), domains.end(), std::back_inserter(found),
               [](const DomainCounts& one) {
                 return one.counts.delivered() > 0 && one.counts[Count::Dane] == 0;
               });
  return found;
}

}  // namespace

void MailCounter::count(const LogLine& line, Count count) {
  report_.all.add(count);
  keep(domains_.add(line.day, line.domain, count));
}

void MailCounter::add_delivery(const LogLine& line) {
  waiting_.settle(line.message, line.address);
  if (line.host.empty()) {
    ++report_.lines.local;
    return;
  }
  count(line, count_of(line.protection));
  if (line.signed_host) domains_.set_signed(line.domain);
  keep(hosts_.add(line));
}

void MailCounter::add_deferral(const LogLine& line) {
  const auto cause = wait_cause(line.text);
  ++deferred_[static_cast<std::size_t>(cause)];
  count(line, Count::Deferred);
  keep(waiting_.defer(line.message, line.address, cause));
}

void MailCounter::add_audit(const LogLine& line) {
  count(line, Count::Audited);
  keep(hosts_.add(line));
  constexpr std::size_t kLongest = 300;
  AuditKey key{printable(line.domain.substr(0, kLongestName)),
               printable(line.host.substr(0, kLongestName)), wait_cause(line.text)};
  if (audits_.size() >= kMostAudits && audits_.find(key) == audits_.end()) return keep(false);
  auto& counts = audits_[key];
  std::tie(counts.domain, counts.host, counts.cause) = std::move(key);
  ++counts.messages;
  counts.last_day = line.day;
  counts.why = printable(line.text.substr(0, kLongest));
}

void MailCounter::add_unknown() {
  ++report_.lines.read;
  ++report_.lines.unknown;
}

void MailCounter::add(std::string_view text) {
  const auto line = parse_log_line(text);
  if (line.kind == LineKind::Unknown) return add_unknown();
  if (line.day < since_) return;
  ++report_.lines.read;
  switch (line.kind) {
    case LineKind::Delivered:
      return add_delivery(line);
    case LineKind::Deferred:
      return add_deferral(line);
    case LineKind::Failed:
      waiting_.settle(line.message, line.address);
      return count(line, Count::Failed);
    case LineKind::HostRefused:
      return keep(hosts_.add(line));
    case LineKind::Audited:
      return add_audit(line);
    case LineKind::Completed:
      return waiting_.complete(line.message);
    case LineKind::Other:
    case LineKind::Unknown:
      return;
  }
}

std::vector<CauseCounts> MailCounter::causes() const {
  std::array<CauseCounts, kWaitCauses> all;
  for (std::size_t i = 0; i < kWaitCauses; ++i) {
    all[i].cause = static_cast<WaitCause>(i);
    all[i].deferred = deferred_[i];
  }
  waiting_.tell(all);
  std::vector<CauseCounts> found;
  std::copy_if(all.begin(), all.end(), std::back_inserter(found),
               [](const CauseCounts& one) { return one.deferred > 0; });
  std::stable_sort(found.begin(), found.end(), [](const CauseCounts& a, const CauseCounts& b) {
    return a.deferred > b.deferred;
  });
  return found;
}

std::vector<AuditCounts> MailCounter::audits() const {
  std::vector<AuditCounts> found;
  for (const auto& [key, counts] : audits_) found.push_back(counts);
  std::stable_sort(found.begin(), found.end(), [](const AuditCounts& a, const AuditCounts& b) {
    return a.messages > b.messages;
  });
  return found;
}

MailReport MailCounter::report() const {
  MailReport report = report_;
  report.days = domains_.days();
  report.domains = domains_.domains();
  report.domain_days = domains_.domain_days();
  report.causes = causes();
  report.audits = audits();
  report.changes = hosts_.changes();
  report.could_do = without_dane(report.domains);
  return report;
}

}  // namespace danesmtp::tool

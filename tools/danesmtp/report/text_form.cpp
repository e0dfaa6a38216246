// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>

#include "core/format.h"
#include "report_forms.h"

namespace danesmtp::tool {
namespace {

constexpr std::array<Count, kCounts> kColumns{Count::Dane,   Count::Verified, Count::Encrypted,
                                              Count::Clear,  Count::Deferred, Count::Failed,
                                              Count::Audited};

std::string heading(const std::string& name) {
  std::string line = format("{:<32} {:>9}", name, "delivered");
  for (const Count column : kColumns) line += format(" {:>9}", count_word(column));
  return line + "\n";
}

std::string row(const std::string& name, const Counts& counts) {
  std::string line = format("{:<32} {:>9}", name, counts.delivered());
  for (const Count column : kColumns) line += format(" {:>9}", counts[column]);
  return line + "\n";
}

std::string all_of_it(const MailReport& report) {
  if (report.days.empty()) return "no mail to other servers in these logs\n";
  const auto delivered = report.all.delivered();
  std::string text = format("{} to {}: {} recipients at other servers", report.days.front().day,
                            report.days.back().day, delivered);
  for (const Count count : kProtections)
    text += format(", {} {} ({} %)", count_word(count), report.all[count],
                   percent(report.all[count], delivered));
  return text + format("; {} returned, {} deferrals, {} let through by an audit\n",
                       report.all[Count::Failed], report.all[Count::Deferred],
                       report.all[Count::Audited]);
}

std::string about_lines(const LineCounts& lines) {
  std::string text = format("{} lines, {} of them unknown; {} recipients on this machine\n",
                            lines.read, lines.unknown, lines.local);
  if (lines.left_out > 0)
    text += format("too many names to keep them all: {} times \"(others)\" stands for one\n",
                   lines.left_out);
  return text;
}

// "Title (20 of 31)", or without a number where all are there.
std::string title(const std::string& text, std::size_t all, std::size_t top) {
  return all > top ? format("\n{} ({} of {})\n", text, top, all) : format("\n{}\n", text);
}

std::string causes(const MailReport& report) {
  if (report.causes.empty()) return {};
  std::string text = format("\nDeferred, by cause\n{:<48} {:>9} {:>9}  {}\n", "", "deferred",
                            "waiting", "longest");
  for (const auto& cause : report.causes) {
    text += format("{:<48} {:>9} {:>9}", cause_text(cause.cause), cause.deferred, cause.waiting);
    if (!cause.oldest.empty())
      text += format("  {} since {}, {}", cause.oldest, time_text(cause.oldest_at),
                     cause.oldest_domain);
    text += "\n";
  }
  return text;
}

std::string audits(const MailReport& report, std::size_t top) {
  if (report.audits.empty()) return {};
  std::string text = title("Would have been held (dane_audit_domains)", report.audits.size(), top);
  for (std::size_t i = 0; i < std::min(top, report.audits.size()); ++i) {
    const auto& audit = report.audits[i];
    text += format("{:>9}  {} by {}, last on {}: {}\n", audit.messages, audit.domain, audit.host,
                   audit.last_day, audit.why);
  }
  return text;
}

std::string changes(const MailReport& report, std::size_t top) {
  if (report.changes.empty()) return {};
  std::string text = title("Hosts whose records changed", report.changes.size(), top);
  for (std::size_t i = 0; i < std::min(top, report.changes.size()); ++i) {
    const auto& change = report.changes[i];
    text += format("{}  {}: {} to {}, {} in all{}\n", change.day, change.host,
                   state_word(change.from), state_word(change.to), change.times,
                   change.presented.empty() ? "" : ", its key is " + change.presented);
  }
  return text;
}

std::string domains(const std::string& name, const std::vector<DomainCounts>& domains,
                    std::size_t top) {
  if (domains.empty()) return {};
  std::string text = title(name, domains.size(), top) + heading("");
  for (std::size_t i = 0; i < std::min(top, domains.size()); ++i)
    text += row(domains[i].domain + (domains[i].signed_host ? " DS" : ""), domains[i].counts);
  return text;
}

}  // namespace

std::string report_as_text(const MailReport& report, std::size_t top) {
  std::string text = all_of_it(report) + about_lines(report.lines);
  if (!report.days.empty()) {
    text += "\n" + heading("By day");
    for (const auto& day : report.days) text += row(day.day, day.counts);
  }
  return text + causes(report) + audits(report, top) + changes(report, top) +
         domains("Domains (DS: a host found by DNSSEC)", report.domains, top) +
         domains("Domains without DANE", report.could_do, top);
}

}  // namespace danesmtp::tool

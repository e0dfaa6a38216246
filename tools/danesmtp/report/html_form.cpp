// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>

#include "core/format.h"
#include "html_style.h"
#include "plot.h"
#include "report_forms.h"

namespace danesmtp::tool {
namespace {

constexpr std::size_t kWidestDay = 6;  // rem

const char* protection_text(Count count) {
  switch (count) {
    case Count::Dane:
      return "by DANE";
    case Count::Verified:
      return "verified";
    case Count::Encrypted:
      return "encrypted";
    case Count::Clear:
      return "in clear";
    case Count::Deferred:
    case Count::Failed:
    case Count::Audited:
      break;
  }
  return "";
}

// "1,234,567".
std::string grouped(std::uint64_t number) {
  const std::string digits = format("{}", number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

// A table whose cells say what they are where a screen has no room for columns.
class Table {
 public:
  explicit Table(std::vector<std::string> columns)
      : columns_(std::move(columns)), kinds_(columns_.size(), "") {}

  // HTML, one a column; the first says what the row is about.
  void add(std::vector<std::string> cells) {
    for (std::size_t i = 1; i < cells.size(); ++i)
      if (cells[i].find("<small>") != std::string::npos) kinds_[i] = " class=\"text\"";
    rows_.push_back(std::move(cells));
  }

  std::string html() const {
    std::string head;
    for (std::size_t i = 0; i < columns_.size(); ++i)
      head += format("<th scope=\"col\"{}>{}</th>", kinds_[i], columns_[i]);
    std::string body;
    for (const auto& cells : rows_) body += row(cells);
    return format("<table><thead><tr>{}</tr></thead><tbody>\n{}</tbody></table>\n", head, body);
  }

 private:
  std::string row(const std::vector<std::string>& cells) const {
    std::string html = format("<tr><th scope=\"row\">{}</th>", cells.front());
    for (std::size_t i = 1; i < cells.size(); ++i) html += cell(i, cells[i]);
    return html + "</tr>\n";
  }

  std::string cell(std::size_t column, const std::string& content) const {
    const bool plot = content.compare(0, 4, "<svg") == 0;
    if (plot || content.empty()) return format("<td>{}</td>", content);
    return format("<td{} data-is=\"{}\"><span>{}</span></td>", kinds_[column], columns_[column],
                  content);
  }

  std::vector<std::string> columns_;
  std::vector<const char*> kinds_;  // attributes of their cells: a column of texts or of numbers
  std::vector<std::vector<std::string>> rows_;
};

std::string section(const std::string& title, const std::string& note, const std::string& body) {
  return format("<section><h2>{}</h2>{}{}</section>\n", title,
                note.empty() ? std::string() : format("<p>{}</p>", note), body);
}

std::string share(const Counts& counts) {
  const auto all = counts.delivered();
  return all == 0 ? "-" : percent(counts[Count::Dane], all) + " %";
}

// Of no fixed length: a name, or what a log says.
std::string long_text(const std::string& text) {
  return text.empty() ? text : format("<small>{}</small>", html_escaped(text));
}

std::string shown_of(std::size_t all, std::size_t top) {
  return all > top ? format(" ({} of {})", top, grouped(all)) : "";
}

std::string tiles(const Counts& counts) {
  std::string html;
  for (const Count count : kProtections)
    html +=
        format("<div class=\"tile\"><i class=\"{}\"></i><b>{} %</b> {}<br><small>{}</small></div>",
               count_word(count), percent(counts[count], counts.delivered()),
               protection_text(count), grouped(counts[count]));
  return format("<div class=\"tiles\">{}</div>{}", html, share_bar(counts, counts.delivered()));
}

std::string head(const MailReport& report) {
  const auto& all = report.all;
  if (report.days.empty()) return "<h1>Mail and DANE</h1><p>No mail to other servers.</p>";
  return format(
      "<h1>Mail and DANE</h1><p>{} to {}: {} recipients at other servers. {} deferrals, {} "
      "recipients whose mail was returned, {} that an audit would have held.</p>{}",
      html_escaped(report.days.front().day), html_escaped(report.days.back().day),
      grouped(all.delivered()), grouped(all[Count::Deferred]), grouped(all[Count::Failed]),
      grouped(all[Count::Audited]), tiles(all));
}

std::string days(const MailReport& report) {
  if (report.days.empty()) return {};
  Table table({"Day", "Delivered", "DANE", "Verified", "Encrypted", "Clear", "Deferred"});
  for (const auto& day : report.days) {
    const auto& counts = day.counts;
    table.add({html_escaped(day.day), grouped(counts.delivered()), grouped(counts[Count::Dane]),
               grouped(counts[Count::Verified]), grouped(counts[Count::Encrypted]),
               grouped(counts[Count::Clear]), grouped(counts[Count::Deferred])});
  }
  const auto first = html_escaped(report.days.front().day);
  const auto last = report.days.size() > 1 ? html_escaped(report.days.back().day) : "";
  // No column is wider than the day below it.
  const auto plot = format(
      "<div style=\"max-width: {}rem\"><div class=\"axis\"><span>{}</span></div>{}<div "
      "class=\"axis\"><span>{}</span><span>{}</span></div></div>",
      report.days.size() * kWidestDay, grouped(busiest(report.days)), day_plot(report.days), first,
      last);
  return section(
      "By day", "Recipients, by how their mail was protected on its way.",
      format("{}<details><summary>The numbers</summary>{}</details>", plot, table.html()));
}

std::string causes(const MailReport& report) {
  if (report.causes.empty()) return {};
  Table table({"Cause", "", "Deferrals", "Waiting", "Longest"});
  const auto most = report.causes.front().deferred;
  for (const auto& cause : report.causes) {
    const auto oldest = cause.oldest.empty()
                            ? std::string("none")
                            : format("{}<br><small>{}<br>{}</small>", time_text(cause.oldest_at),
                                     html_escaped(cause.oldest), html_escaped(cause.oldest_domain));
    table.add(
        {format("{}{}", cause_text(cause.cause), is_dane(cause.cause) ? " <em>DANE</em>" : ""),
         bar(cause.deferred, most), grouped(cause.deferred), grouped(cause.waiting), oldest});
  }
  return section("Deferred, by cause",
                 "Waiting: recipients at the end of the log, and the message that waits longest.",
                 table.html());
}

std::string audits(const MailReport& report, std::size_t top) {
  if (report.audits.empty()) return {};
  Table table({"Domain", "Host", "Messages", "Last", "Why"});
  for (std::size_t i = 0; i < std::min(top, report.audits.size()); ++i) {
    const auto& audit = report.audits[i];
    table.add({html_escaped(audit.domain), long_text(audit.host), grouped(audit.messages),
               html_escaped(audit.last_day), long_text(audit.why)});
  }
  return section("Would have been held" + shown_of(report.audits.size(), top),
                 "What dane_audit_domains judged, wrote down and let through.", table.html());
}

std::string changes(const MailReport& report, std::size_t top) {
  if (report.changes.empty()) return {};
  Table table({"Host", "Last change", "From", "To", "Changes", "Its key"});
  for (std::size_t i = 0; i < std::min(top, report.changes.size()); ++i) {
    const auto& change = report.changes[i];
    table.add({html_escaped(change.host), html_escaped(change.day), state_word(change.from),
               state_word(change.to), grouped(change.times), long_text(change.presented)});
  }
  return section("Hosts whose records changed" + shown_of(report.changes.size(), top), "",
                 table.html());
}

std::string domains(const std::string& title, const std::string& note,
                    const std::vector<DomainCounts>& domains, std::size_t top) {
  if (domains.empty()) return {};
  Table table({"Domain", "", "Delivered", "DANE", "Deferred"});
  const auto most = domains.front().counts.delivered();
  for (std::size_t i = 0; i < std::min(top, domains.size()); ++i) {
    const auto& one = domains[i];
    table.add({html_escaped(one.domain) + (one.signed_host ? " <em>DS</em>" : ""),
               share_bar(one.counts, most), grouped(one.counts.delivered()), share(one.counts),
               grouped(one.counts[Count::Deferred])});
  }
  return section(title + shown_of(domains.size(), top), note, table.html());
}

std::string foot(const LineCounts& lines) {
  std::string text = format("{} lines read, {} of them unknown; {} recipients on this machine.",
                            grouped(lines.read), grouped(lines.unknown), grouped(lines.local));
  if (lines.left_out > 0)
    text += format(" Too many names to keep them all: {} times (others) stands for one.",
                   grouped(lines.left_out));
  return format("<footer><p>{}</p></footer>\n", text);
}

}  // namespace

std::string report_as_html(const MailReport& report, std::size_t top) {
  return std::string(kHtmlHead) + head(report) + days(report) + causes(report) +
         audits(report, top) + changes(report, top) +
         domains("Domains", "DS: a host of it was found by DNSSEC.", report.domains, top) +
         domains("Domains without DANE",
                 "Most mail first. With a signed zone, a TLSA record for each mail server is all "
                 "that they need.",
                 report.could_do, top) +
         foot(report.lines) + "</main></body></html>\n";
}

}  // namespace danesmtp::tool

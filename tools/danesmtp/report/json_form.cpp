// SPDX-License-Identifier: GPL-2.0-or-later
#include <nlohmann/json.hpp>

#include "check_report.h"
#include "report_forms.h"

namespace danesmtp::tool {
namespace {

using nlohmann::json;

json or_null(const std::string& text) {
  return text.empty() ? json() : json(text);
}

json with_counts(json object, const Counts& counts) {
  object["delivered"] = counts.delivered();
  for (std::size_t i = 0; i < kCounts; ++i)
    object[count_word(static_cast<Count>(i))] = counts[static_cast<Count>(i)];
  return object;
}

json to_json(const DomainCounts& one) {
  return with_counts({{"domain", one.domain}, {"signed_host", one.signed_host}}, one.counts);
}

json to_json(const CauseCounts& one) {
  const bool waits = !one.oldest.empty();
  return {{"cause", cause_word(one.cause)},
          {"by_policy", is_dane(one.cause)},
          {"deferred", one.deferred},
          {"waiting", one.waiting},
          {"oldest", or_null(one.oldest)},
          {"oldest_at", waits ? json(time_text(one.oldest_at)) : json()},
          {"oldest_domain", or_null(one.oldest_domain)}};
}

json to_json(const AuditCounts& one) {
  return {{"domain", one.domain},     {"host", one.host},         {"cause", cause_word(one.cause)},
          {"messages", one.messages}, {"last_day", one.last_day}, {"why", one.why}};
}

json to_json(const HostChange& one) {
  return {{"host", one.host},         {"day", one.day},     {"from", state_word(one.from)},
          {"to", state_word(one.to)}, {"times", one.times}, {"presented", or_null(one.presented)}};
}

template <class T>
json list_of(const std::vector<T>& values) {
  json list = json::array();
  for (const auto& one : values) list.push_back(to_json(one));
  return list;
}

}  // namespace

std::string report_as_json(const MailReport& report) {
  const auto& lines = report.lines;
  const bool any = !report.days.empty();
  json object{{"schema", kSchema},
              {"from", any ? json(report.days.front().day) : json()},
              {"to", any ? json(report.days.back().day) : json()},
              {"lines", lines.read},
              {"unknown_lines", lines.unknown},
              {"local", lines.local},
              {"left_out", lines.left_out},
              {"totals", with_counts(json::object(), report.all)},
              {"days", json::array()},
              {"domain_days", json::array()},
              {"domains", list_of(report.domains)},
              {"causes", list_of(report.causes)},
              {"audits", list_of(report.audits)},
              {"changes", list_of(report.changes)},
              {"without_dane", json::array()}};
  for (const auto& day : report.days)
    object["days"].push_back(with_counts({{"day", day.day}}, day.counts));
  for (const auto& row : report.domain_days)
    object["domain_days"].push_back(
        with_counts({{"day", row.day}, {"domain", row.domain}}, row.counts));
  for (const auto& one : report.could_do) object["without_dane"].push_back(one.domain);
  return object.dump() + "\n";
}

}  // namespace danesmtp::tool

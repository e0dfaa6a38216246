// SPDX-License-Identifier: GPL-2.0-or-later
#include "reports_findings.h"

#include "core/bytes.h"
#include "core/format.h"
#include "tlsrpt/collector.h"

namespace danesmtp::tool {

ReportsFacts examine_reports(const std::string& socket, const std::optional<DeliveryUser>& user) {
  ReportsFacts facts;
  facts.socket = socket;
  if (socket.empty()) return facts;
  if (const auto opened = Collector(socket).open(); !opened) facts.trouble = opened.error().text;
  if (!user || !facts.trouble.empty()) return facts;
  facts.user = user->name;
  facts.refused = unwritable_by(*user, socket);
  return facts;
}

Finding judge_reports(const ReportsFacts& facts) {
  const std::string subject = "reports";
  const auto socket = printable(facts.socket);
  if (socket.empty())
    return {subject, Health::Ok, "dane_tlsrpt_socket is empty: nothing is reported (RFC 8460)", {}};
  if (!facts.trouble.empty())
    return {subject, Health::Warning, printable(facts.trouble),
            "start the collector (tlsrpt-collectd), or name its socket: dane_tlsrpt_socket = "
            "/PATH"};
  if (!facts.refused.empty())
    return {subject, Health::Warning,
            format("{} cannot write to {}: {}", printable(facts.user), socket, facts.refused),
            format("let {} write to it: usermod -a -G GROUP-OF-THE-COLLECTOR {}",
                   printable(facts.user), printable(facts.user))};
  return {subject, Health::Ok, "a collector takes reports at " + socket, {}};
}

}  // namespace danesmtp::tool

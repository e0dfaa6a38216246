// SPDX-License-Identifier: GPL-2.0-or-later
// Counts the lines of logs, which come in the order of time, in memory that has a bound.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "domain_table.h"
#include "host_history.h"
#include "log_line.h"
#include "mail_report.h"
#include "waiting_mail.h"

namespace danesmtp::tool {

class MailCounter {
 public:
  // Lines before this day are passed over; "" takes all.
  explicit MailCounter(std::string since) : since_(std::move(since)) {}

  void add(std::string_view line);
  void add_unknown();  // a line too long to be one of Exim's

  MailReport report() const;

 private:
  void count(const LogLine& line, Count count);
  void add_delivery(const LogLine& line);
  void add_deferral(const LogLine& line);
  void add_audit(const LogLine& line);
  void keep(bool kept) {
    if (!kept) ++report_.lines.left_out;
  }
  std::vector<CauseCounts> causes() const;
  std::vector<AuditCounts> audits() const;

  using AuditKey = std::tuple<std::string, std::string, WaitCause>;  // domain, host
  static constexpr std::size_t kMostAudits = 20'000;

  std::string since_;
  MailReport report_;  // lines and sums
  DomainTable domains_;
  WaitingMail waiting_;
  HostHistory hosts_;
  std::array<std::uint64_t, kWaitCauses> deferred_{};
  std::map<AuditKey, AuditCounts> audits_;
};

}  // namespace danesmtp::tool

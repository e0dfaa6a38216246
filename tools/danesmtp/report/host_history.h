// SPDX-License-Identifier: GPL-2.0-or-later
// Hosts whose TLSA records changed, as far as a log shows it: mail went there by DANE and then did
// not, or was refused, or the reverse. What is behind an unsigned MX record (CV=yes) says nothing.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log_line.h"
#include "mail_report.h"

namespace danesmtp::tool {

class HostHistory {
 public:
  // A delivery, a refusal or an audit. False: there are too many hosts, and this one is not kept.
  bool add(const LogLine& line);

  // Those that changed, the last first.
  std::vector<HostChange> changes() const;

 private:
  static constexpr std::size_t kMost = 100'000;
  static constexpr std::size_t kAtOnce = 100;  // deliveries that are under way

  bool was_audited(std::string_view message) const;
  void remember_audit(std::string_view message);

  struct Host {
    HostState now = HostState::NoDane;
    HostChange last;
  };
  std::map<std::string, Host, std::less<>> hosts_;
  std::deque<std::string> audited_;  // messages that went although their host was refused, the last
};

}  // namespace danesmtp::tool

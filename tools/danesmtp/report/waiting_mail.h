// SPDX-License-Identifier: GPL-2.0-or-later
// Recipients that a log leaves waiting, and why: what was deferred and neither delivered nor
// returned since.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>

#include "mail_report.h"

namespace danesmtp::tool {

// When the message with this id of Exim's came: the first six characters are the time in base 62.
std::int64_t arrival(std::string_view message);

class WaitingMail {
 public:
  // That it was not time for an attempt says nothing of why it waits: the reason before stays.
  // False: there are too many, and this one is not kept.
  bool defer(std::string_view message, std::string_view address, WaitCause cause);
  void settle(std::string_view message, std::string_view address);
  void complete(std::string_view message);

  // Fills in what of each cause waits.
  void tell(std::array<CauseCounts, kWaitCauses>& causes) const;

 private:
  static constexpr std::size_t kMost = 200'000;  // some 40 MiB

  using Recipients = std::map<std::string, WaitCause, std::less<>>;
  std::map<std::string, Recipients, std::less<>> messages_;
  std::size_t recipients_ = 0;
};

}  // namespace danesmtp::tool

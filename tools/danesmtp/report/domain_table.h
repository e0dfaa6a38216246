// SPDX-License-Identifier: GPL-2.0-or-later
// What was counted of each domain on each day. Sums are right for a log of any size; past a number
// of names, or of days, further ones are counted under kOthers.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mail_report.h"

namespace danesmtp::tool {

inline constexpr const char* kOthers = "(others)";

class DomainTable {
 public:
  // False: counted under kOthers.
  bool add(std::string_view day, std::string_view domain, Count count);
  void set_signed(std::string_view domain);

  std::vector<DayCounts> days() const;
  std::vector<DomainCounts> domains() const;
  std::vector<DomainDay> domain_days() const;

 private:
  static constexpr std::size_t kMostDomains = 100'000;
  static constexpr std::size_t kMostDays = 4'000;
  static constexpr std::size_t kMostRows = 400'000;

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  using Index = std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>>;

  std::uint32_t day_index(std::string_view day);
  std::uint32_t domain_index(std::string_view domain);

  Index day_indices_;
  Index domain_indices_;
  std::vector<DayCounts> days_{{kOthers, {}}};
  std::vector<DomainCounts> domains_{{kOthers, {}, false}};
  std::unordered_map<std::uint64_t, Counts> rows_;  // day and domain
};

}  // namespace danesmtp::tool

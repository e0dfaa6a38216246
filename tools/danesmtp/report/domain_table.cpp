// SPDX-License-Identifier: GPL-2.0-or-later
#include "domain_table.h"

#include <algorithm>

#include "core/bytes.h"

namespace danesmtp::tool {
namespace {

constexpr std::uint32_t kOthersIndex = 0;

std::string normal(std::string_view domain) {
  std::string text = printable(domain.substr(0, kLongestName));
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

std::uint64_t row_key(std::uint32_t day, std::uint32_t domain) {
  return std::uint64_t{day} << 32U | domain;
}

}  // namespace

std::uint32_t DomainTable::day_index(std::string_view day) {
  const auto found = day_indices_.find(day);
  if (found != day_indices_.end()) return found->second;
  if (days_.size() > kMostDays) return kOthersIndex;
  days_.push_back({std::string(day), {}});
  const auto index = static_cast<std::uint32_t>(days_.size() - 1);
  day_indices_.emplace(day, index);
  return index;
}

std::uint32_t DomainTable::domain_index(std::string_view domain) {
  const auto found = domain_indices_.find(domain);  // most are in lower case already
  if (found != domain_indices_.end()) return found->second;
  std::string name = normal(domain);
  const auto known = domain_indices_.find(name);
  if (known != domain_indices_.end()) return known->second;
  if (domains_.size() > kMostDomains) return kOthersIndex;
  domains_.push_back({name, {}, false});
  const auto index = static_cast<std::uint32_t>(domains_.size() - 1);
  domain_indices_.emplace(std::move(name), index);
  return index;
}

bool DomainTable::add(std::string_view day, std::string_view domain, Count count) {
  const auto day_at = day_index(day);
  auto domain_at = domain_index(domain);
  days_[day_at].counts.add(count);
  domains_[domain_at].counts.add(count);
  auto row = rows_.find(row_key(day_at, domain_at));
  if (row == rows_.end()) {
    if (rows_.size() >= kMostRows) domain_at = kOthersIndex;
    row = rows_.try_emplace(row_key(day_at, domain_at)).first;
  }
  row->second.add(count);
  return day_at != kOthersIndex && domain_at != kOthersIndex;
}

void DomainTable::set_signed(std::string_view domain) {
  domains_[domain_index(domain)].signed_host = true;
}

std::vector<DayCounts> DomainTable::days() const {
  std::vector<DayCounts> days(days_.begin() + 1, days_.end());
  std::sort(days.begin(), days.end(),
            [](const DayCounts& a, const DayCounts& b) { return a.day < b.day; });
  return days;
}

std::vector<DomainCounts> DomainTable::domains() const {
  std::vector<DomainCounts> domains(domains_.begin() + 1, domains_.end());
  std::sort(domains.begin(), domains.end(), [](const DomainCounts& a, const DomainCounts& b) {
    const auto one = a.counts.delivered();
    const auto other = b.counts.delivered();
    return one != other ? one > other : a.domain < b.domain;
  });
  return domains;
}

std::vector<DomainDay> DomainTable::domain_days() const {
  std::vector<DomainDay> all;
  all.reserve(rows_.size());
  for (const auto& [key, counts] : rows_)
    all.push_back({days_[key >> 32U].day, domains_[key & 0xffffffffU].domain, counts});
  std::sort(all.begin(), all.end(), [](const DomainDay& a, const DomainDay& b) {
    return a.day != b.day ? a.day < b.day : a.domain < b.domain;
  });
  return all;
}

}  // namespace danesmtp::tool

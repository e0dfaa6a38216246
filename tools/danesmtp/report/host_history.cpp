// SPDX-License-Identifier: GPL-2.0-or-later
#include "host_history.h"

#include <algorithm>

#include "core/bytes.h"

namespace danesmtp::tool {
namespace {

std::optional<HostState> state_of(const LogLine& line) {
  const bool audited =
      line.kind == LineKind::Audited && wait_cause(line.text) == WaitCause::NotAuthenticated;
  if (line.kind == LineKind::HostRefused || audited) return HostState::Refused;
  if (line.kind != LineKind::Delivered || line.protection == Protection::Verified)
    return std::nullopt;
  return line.protection == Protection::Dane ? HostState::Dane : HostState::NoDane;
}

// "... (presented: 3 1 1 ab12...)".
std::string presented_in(std::string_view text) {
  constexpr std::string_view kMark = "(presented: ";
  constexpr std::size_t kMost = 140;
  const auto begin = text.rfind(kMark);
  if (begin == std::string_view::npos) return {};
  const auto rest = text.substr(begin + kMark.size());
  return printable(rest.substr(0, std::min(rest.find(')'), kMost)));
}

}  // namespace

bool HostHistory::was_audited(std::string_view message) const {
  return std::find(audited_.rbegin(), audited_.rend(), message) != audited_.rend();
}

void HostHistory::remember_audit(std::string_view message) {
  if (was_audited(message)) return;
  if (audited_.size() >= kAtOnce) audited_.pop_front();
  audited_.emplace_back(message);
}

bool HostHistory::add(const LogLine& line) {
  const auto state = state_of(line);
  if (line.kind == LineKind::Audited) remember_audit(line.message);
  if (line.kind == LineKind::Delivered && was_audited(line.message)) return true;
  if (!state || line.host.empty()) return true;
  const auto name = line.host.substr(0, kLongestName);
  auto found = hosts_.find(name);
  if (found == hosts_.end()) {
    if (hosts_.size() >= kMost) return false;
    hosts_.emplace(name, Host{*state, {}});
    return true;
  }
  auto& host = found->second;
  if (host.now == *state) return true;
  host.last = {printable(name),
               std::string(line.day),
               host.now,
               *state,
               host.last.times + 1,
               *state == HostState::Refused ? presented_in(line.text) : std::string()};
  host.now = *state;
  return true;
}

std::vector<HostChange> HostHistory::changes() const {
  std::vector<HostChange> changes;
  for (const auto& [name, host] : hosts_)
    if (host.last.times > 0) changes.push_back(host.last);
  std::stable_sort(changes.begin(), changes.end(),
                   [](const HostChange& a, const HostChange& b) { return a.day > b.day; });
  return changes;
}

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
#include "nagios_report.h"

#include <algorithm>

#include "certificate_facts.h"
#include "core/format.h"

namespace danesmtp::tool {
namespace {

// What comes behind '|' is performance data.
std::string plugin_text(std::string text) {
  std::replace(text.begin(), text.end(), '|', '/');
  return text;
}

std::string target_text(const Checked& checked) {
  std::string text = format("{}: {}", checked.report.target.text, summary(checked));
  for (const auto& advice : checked.advice)
    if (checked.state == State::Warning && advice.weight == Weight::Warning)
      return format("{}; {}{}", text, advice.host.empty() ? "" : advice.host + ": ", advice.text);
  return text;
}

std::optional<int> fewest_days(const Checked& checked) {
  std::optional<int> fewest;
  for (const auto& host : checked.report.hosts)
    for (const auto& address : host.addresses) {
      if (!address.tls || address.tls->chain.empty()) continue;
      auto facts = certificate_facts(address.tls->chain.front());
      if (!facts) continue;
      const int days = days_left(*facts, checked.at);
      fewest = std::min(fewest.value_or(days), days);
    }
  return fewest;
}

}  // namespace

const char* plugin_word(State state) {
  switch (state) {
    case State::Ok:
      return "OK";
    case State::Warning:
      return "WARNING";
    case State::Critical:
      return "CRITICAL";
    case State::Unknown:
      return "UNKNOWN";
  }
  return "UNKNOWN";
}

int nagios_code(State state) {
  switch (state) {
    case State::Ok:
      return 0;
    case State::Warning:
      return 1;
    case State::Critical:
      return 2;
    case State::Unknown:
      return 3;
  }
  return 3;
}

std::string nagios_unknown(const std::string& text) {
  return "DANE UNKNOWN - " + plugin_text(text);
}

void NagiosReport::add(const Checked& checked) {
  ++counts_[static_cast<std::size_t>(checked.state)];
  if (worst_text_.empty() || checked.state > worst_) {
    worst_ = checked.state;
    worst_text_ = target_text(checked);
  }
  if (auto days = fewest_days(checked)) days_left_ = std::min(days_left_.value_or(*days), *days);
  took_ += checked.report.took;
}

State NagiosReport::state() const {
  return worst_text_.empty() ? State::Unknown : worst_;
}

std::string NagiosReport::line() const {
  if (worst_text_.empty()) return nagios_unknown("no target: name a domain");
  const auto count = [this](State state) { return counts_[static_cast<std::size_t>(state)]; };
  const int all =
      count(State::Ok) + count(State::Warning) + count(State::Unknown) + count(State::Critical);
  std::string line = format("DANE {} - ", plugin_word(worst_));
  if (all > 1) line += format("{} of {} {}: ", count(worst_), all, state_word(worst_));
  line += plugin_text(worst_text_);
  line += format(" | ok={} warning={} critical={} unknown={} time={}.{:03}s", count(State::Ok),
                 count(State::Warning), count(State::Critical), count(State::Unknown),
                 took_.count() / 1000, took_.count() % 1000);
  if (days_left_) line += format(" days={}", *days_left_);
  return line;
}

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
#include "sts/sts_policy.h"

#include <algorithm>
#include <iterator>

namespace danesmtp {
namespace {

constexpr std::string_view kWildcard = "*.";
constexpr StsFaultType kFaults[] = {StsFaultType::Fetch, StsFaultType::Invalid,
                                    StsFaultType::WebPki};

bool matches(std::string_view pattern, std::string_view host) {
  if (pattern == host) return true;
  const auto dot = host.find('.');
  return pattern.starts_with(kWildcard) && dot != std::string_view::npos &&
         pattern.substr(kWildcard.size()) == host.substr(dot + 1);
}

}  // namespace

const char* mode_text(StsMode mode) {
  return mode == StsMode::Enforce ? "enforce" : "testing";
}

const char* fault_text(StsFaultType type) {
  switch (type) {
    case StsFaultType::Invalid:
      return "sts-policy-invalid";
    case StsFaultType::WebPki:
      return "sts-webpki-invalid";
    case StsFaultType::Fetch:
      break;
  }
  return "sts-policy-fetch-error";
}

std::optional<StsFaultType> sts_fault_type(std::string_view text) {
  const auto* const found =
      std::find_if(std::begin(kFaults), std::end(kFaults),
                   [&](StsFaultType type) { return text == fault_text(type); });
  return found == std::end(kFaults) ? std::nullopt : std::optional(*found);
}

std::optional<std::string> sts_pattern(std::string_view text) {
  const bool star = text.starts_with(kWildcard);
  const bool wildcard = star || text.starts_with('.');
  if (wildcard) text.remove_prefix(star ? kWildcard.size() : 1);
  const auto name = DnsName::parse(text);
  if (!name) return std::nullopt;
  return (wildcard ? std::string(kWildcard) : std::string()) + name->text();
}

// D-181
bool names_host(const StsPolicy& policy, const DnsName& host) {
  return std::any_of(policy.patterns.begin(), policy.patterns.end(),
                     [&](const std::string& pattern) { return matches(pattern, host.text()); });
}

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
#include "zone_keys.h"

#include <algorithm>

#include "core/format.h"

namespace danesmtp::tool {
namespace {

constexpr std::chrono::seconds kKeyQuestions{10};
constexpr int kMostLabels = 6;

// RFC 8624 3.1: what validators check.
bool is_known(int algorithm) {
  constexpr int kKnown[] = {5, 7, 8, 10, 13, 14, 15, 16};
  return std::find(std::begin(kKnown), std::end(kKnown), algorithm) != std::end(kKnown);
}

// RFC 4034 2.1: flags, protocol, algorithm, key.
constexpr std::size_t kAlgorithm = 3;

std::string why(const std::string& zone, const std::vector<Bytes>& keys) {
  for (const auto& key : keys)
    if (key.size() > kAlgorithm && is_known(key[kAlgorithm]))
      return format(
          "{} is signed, but its parent zone has no DS record for it: give it the DS "
          "record",
          zone);
  const int algorithm = keys.front().size() > kAlgorithm ? keys.front()[kAlgorithm] : 0;
  return format(
      "{} is signed with algorithm {}, which validators do not support: sign it with "
      "another one (13 is ECDSA P-256)",
      zone, algorithm);
}

std::string first_unsigned_name(const Report& report) {
  for (const auto& look_up : report.look_ups)
    if (!look_up.error && look_up.security == DnsSecurity::Insecure && look_up.type != RrType::Tlsa)
      return look_up.name;
  return {};
}

}  // namespace

std::string broken_signing(RecordSource& source, const Report& report) {
  const auto end = Deadline::in(kKeyQuestions);
  std::string name = first_unsigned_name(report);
  for (int i = 0; i < kMostLabels && !name.empty(); ++i) {
    auto zone = DnsName::parse(name);
    if (!zone) return {};
    auto keys = source.ask(*zone, RrType::Dnskey, end);
    if (!keys) return {};
    if (!keys->records.empty()) return keys->secure() ? std::string() : why(name, keys->records);
    const auto dot = name.find('.');
    name = dot == std::string::npos ? "" : name.substr(dot + 1);
  }
  return {};
}

}  // namespace danesmtp::tool

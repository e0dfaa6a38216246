// SPDX-License-Identifier: GPL-2.0-or-later
// Asking the host that has a policy of MTA-STS: RFC 8461 3.3. HTTPS to the addresses that are
// given, with a certificate for the host's name, and nothing else: no redirection, no proxy, no
// encoding. It moves octets; published_policy reads them.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "core/dns_name.h"
#include "sts/sts_policy.h"

namespace danesmtp::tool {

// RFC 8461 3.3 suggests a minute.
inline constexpr std::chrono::seconds kFetchTime{60};

struct SiteQuestion {
  const DnsName& host;
  const std::vector<std::string>& addresses;  // in text form, not empty
  std::string anchors{};                      // PEM file; empty: libcurl's, which are the system's
  std::chrono::milliseconds time_limit = kFetchTime;  // for all of it
  const std::atomic<bool>* give_up = nullptr;         // set by another thread; NULL: never
};

using Fetched = tl::expected<std::string, StsFault>;

// The body of a 200 of the media type text/plain, at most kLongestPolicy octets.
[[nodiscard]] Fetched fetch_policy(const SiteQuestion& question);

}  // namespace danesmtp::tool

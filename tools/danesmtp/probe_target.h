// SPDX-License-Identifier: GPL-2.0-or-later
// What is to be looked at, as the command line names it, and how.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "core/result.h"
#include "server/address_batch.h"
#include "smtp/session.h"
#include "sts/socketmap_option.h"

namespace danesmtp::tool {

inline constexpr std::uint16_t kSubmissionsPort = 465;  // RFC 8314 3.3

enum class Families { Both, Inet, Inet6 };
enum class Reach { Connect, DnsOnly };
enum class DaneDemand { Opportunistic, Required };  // hosts_try_dane, hosts_require_dane

struct ProbeOptions {
  std::uint16_t port = 25;
  TlsStart tls_start = TlsStart::AfterStartTls;
  Families families = Families::Both;
  Reach reach = Reach::Connect;
  DaneDemand demand = DaneDemand::Opportunistic;
  std::chrono::seconds timeout{30};  // of each step of a session
  std::string helo_name;
  std::optional<danesmtp_socketmap> sts_daemon{};  // none: no policies of MTA-STS
};

// "DOMAIN": by its MX records. "HOST:PORT" or "[HOST]": that host, as if the configuration named
// it.
struct Target {
  std::string text;  // as given
  std::string name;
  RouteKind route = RouteKind::Mx;
  std::optional<std::uint16_t> port;
};

// Of a mail address, its domain. BadInput: not a domain or host name, or not a port; of a URL the
// text says which part is wanted.
[[nodiscard]] Result<Target> parse_target(const std::string& text);

// The same; BadInput also for a port at which the session that `options` ask for would only wait.
[[nodiscard]] Result<Target> target_to_probe(const std::string& text, const ProbeOptions& options);

}  // namespace danesmtp::tool

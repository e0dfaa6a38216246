// SPDX-License-Identifier: GPL-2.0-or-later
// What was decided for one host before any connection to it, and what an attempt on it is asked
// for. Values; nothing is decided here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/dns_name.h"
#include "dane/tlsa_policy.h"
#include "server/index.h"
#include "sts/sts_policy.h"

namespace danesmtp {

// What follows when a host does not satisfy its policy.
enum class Enforcement {
  Full,   // it is not used
  Audit,  // the log says so, and the message goes as if there were no such policy (D-111)
};

// What the domain's policy of MTA-STS asks of a host, beside what DANE does (RFC 8461 2, 5).
struct StsDemand {
  StsPolicy policy;
  Enforcement enforcement = Enforcement::Full;  // Audit: in testing mode, or by dane_audit_domains
  bool names_host = true;
};

// What was decided for one host and one recipient domain. The first enforcement is of `policy`:
// Audit by dane_audit_domains.
struct HostPlan {
  HostPolicy policy = SkipHost{};
  MxTrust mx = MxTrust::Insecure;
  Enforcement enforcement = Enforcement::Full;
  bool secure = false;           // the host's addresses are signed, and what named it is too
  std::vector<DnsName> names{};  // reference identifiers for usage 2 (RFC 7672 3.2.2)
  std::optional<StsDemand> sts{};
  std::optional<StsPolicy> sts_unavailable{};  // with its fault: told to the domain, and no more
  bool named_by_sts = false;     // the domain's policy of MTA-STS does, in mode enforce
  bool webpki_required = false;  // a message that requires TLS, and nothing else authenticates it
};

// An earlier message's connection, if it was verified for the same policy, or one of our own.
enum class ConnectionChoice { New, LeftOpen };

enum class TlsChoice { AsPolicySays, Suppressed };

struct AttemptRequest {
  HostIndex host;
  std::uint16_t port = 25;
  const HostPlan& plan;
  std::vector<RecipientIndex> recipients;  // those still waiting
  TlsChoice tls = TlsChoice::AsPolicySays;
  ConnectionChoice connection = ConnectionChoice::New;
  bool may_stay_open = true;  // for a further message; false: this message may need others yet
};

}  // namespace danesmtp

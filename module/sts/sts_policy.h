// SPDX-License-Identifier: GPL-2.0-or-later
// The MTA-STS policy of a domain (RFC 8461 3.2), and who may be asked for it. What it means for a
// host is decided in route/sts_judge, after DANE.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/deadline.h"
#include "core/dns_name.h"
#include "core/result.h"

namespace danesmtp {

enum class StsMode { Testing, Enforce };

// Why nobody has the policy that a domain says it has (RFC 8460 4.3.2.2).
enum class StsFaultType { Fetch, Invalid, WebPki };

// `text` is as that of a TlsFailure: the same each time.
struct StsFault {
  StsFaultType type = StsFaultType::Fetch;
  std::string text{};

  friend bool operator==(const StsFault&, const StsFault&) = default;
};

// "sts-policy-fetch-error", "sts-policy-invalid", "sts-webpki-invalid"
const char* fault_text(StsFaultType type);
// Nothing: none of these.
std::optional<StsFaultType> sts_fault_type(std::string_view text);

// Of a mode that asks for something: "none" is no policy.
struct StsPolicy {
  std::string domain;  // A-labels
  StsMode mode = StsMode::Enforce;
  std::vector<std::string> patterns{};  // "mx.example", "*.example": A-labels, in lower case
  std::vector<std::string> lines{};     // as published, for reports; empty: not known
  std::optional<StsFault> fault{};      // set: the rest is not known, and asks for nothing

  friend bool operator==(const StsPolicy&, const StsPolicy&) = default;
};

const char* mode_text(StsMode mode);

// "mx.example", "*.example" or, as Postfix has wildcards, ".example". Nothing: none of these.
std::optional<std::string> sts_pattern(std::string_view text);

// RFC 8461 4.1: a wildcard stands for the whole leftmost label, and for nothing else.
bool names_host(const StsPolicy& policy, const DnsName& host);

class StsPolicies {
 public:
  StsPolicies() = default;
  virtual ~StsPolicies() = default;
  StsPolicies(const StsPolicies&) = delete;
  StsPolicies& operator=(const StsPolicies&) = delete;

  // Nothing: the domain has no policy, as far as can be known. DnsFailure, for the operator: it is
  // not known, and what may have one must wait.
  [[nodiscard]] virtual Result<std::optional<StsPolicy>> of(const DnsName& domain,
                                                            Deadline deadline) = 0;
};

// Switched off.
class NoStsPolicies final : public StsPolicies {
 public:
  [[nodiscard]] Result<std::optional<StsPolicy>> of(const DnsName&, Deadline) override {
    return std::nullopt;
  }
};

}  // namespace danesmtp

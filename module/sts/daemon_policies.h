// SPDX-License-Identifier: GPL-2.0-or-later
// Policies that a daemon beside us knows (dane_mta_sts), what other deliveries were told by it, and
// what follows where it is down (dane_mta_sts_fail). Nothing is fetched by HTTPS here.
#pragma once

#include <chrono>
#include <functional>

#include "cache/store.h"
#include "sts/socketmap_option.h"
#include "sts/sts_policy.h"

namespace danesmtp {

// The daemons allow themselves four seconds for a policy that they do not know yet.
constexpr std::chrono::seconds kDaemonTime{5};

// A client does not learn how old an answer is (RFC 8461 3.3 has days, and the daemon keeps those).
constexpr std::chrono::minutes kAnswerKept{5};
constexpr std::chrono::seconds kFailureKept{10};

enum class DaemonDown {
  Ignored,  // as if no domain had a policy, if it had the time to answer
  Waits,
};

class DaemonPolicies final : public StsPolicies {
 public:
  using Trouble = std::function<void(const std::string&)>;

  // `trouble` is told of each failure that is ignored; it may be empty.
  DaemonPolicies(const danesmtp_socketmap& daemon, DaemonDown down, Store& store, Trouble trouble)
      : daemon_(daemon), down_(down), store_(store), trouble_(std::move(trouble)) {}

  [[nodiscard]] Result<std::optional<StsPolicy>> of(const DnsName& domain,
                                                    Deadline deadline) override;

 private:
  [[nodiscard]] std::string answer_for(const DnsName& domain, Deadline deadline);

  danesmtp_socketmap daemon_;
  DaemonDown down_;
  Store& store_;
  Trouble trouble_;
};

// The domain that an entry of the store is about; nothing: the key is not of a DaemonPolicies.
std::optional<std::string> sts_domain_of(ByteView key);

}  // namespace danesmtp

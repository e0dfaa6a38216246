// SPDX-License-Identifier: GPL-2.0-or-later
// A resolver that tells of each question and its answer: the transport's debug output and the
// tool's `explain` are made of it, in the same words. It changes no answer, asks nothing of its own
// and remembers nothing.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dns/dns_message.h"
#include "dns/resolver.h"

namespace danesmtp {

struct LookUp {
  RrType type{};
  std::string name;
  std::optional<Error> error;  // the look-up failed; nothing below is known then
  DnsSecurity security = DnsSecurity::Insecure;
  bool nxdomain = false;
  std::uint32_t ttl = 0;
  std::string canonical;             // the end of the CNAME chain; `name` if none
  std::vector<std::string> records;  // in zone-file form
};

// "secure", "insecure", "bogus" or "failed".
const char* state_text(const LookUp& look_up);

// One line: "MX of ee.lab: secure: 10 mx.ee.lab".
std::string to_text(const LookUp& look_up);

class TracedResolver final : public Resolver {
 public:
  using Tell = std::function<void(const LookUp&)>;

  // `resolver` must outlive this one.
  TracedResolver(Resolver& resolver, Tell tell) : resolver_(resolver), tell_(std::move(tell)) {}

  void limit(Deadline deadline) override { resolver_.limit(deadline); }
  void expect_addresses(const DnsName& host, const Next& next) override {
    resolver_.expect_addresses(host, next);
  }
  [[nodiscard]] Result<Answer<MxRecord>> mx(const DnsName& domain) override;
  [[nodiscard]] Result<Answer<std::string>> addresses(const DnsName& host,
                                                      AddressFamily family) override;
  [[nodiscard]] Result<Answer<Bytes>> tlsa(const DnsName& owner) override;
  [[nodiscard]] Result<Answer<DnsName>> cname(const DnsName& name) override;
  [[nodiscard]] Result<Answer<std::string>> txt(const DnsName& name) override;

 private:
  Resolver& resolver_;
  Tell tell_;
};

}  // namespace danesmtp

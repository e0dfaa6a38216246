// SPDX-License-Identifier: GPL-2.0-or-later
// The host list needs the MX records before the policy does: they are asked for once.
#pragma once

#include <map>
#include <string>

#include "dns/resolver.h"

namespace danesmtp::tool {

class MxAskedOnce final : public Resolver {
 public:
  explicit MxAskedOnce(Resolver& resolver) : resolver_(resolver) {}

  void limit(Deadline deadline) override { resolver_.limit(deadline); }
  void expect_addresses(const DnsName& host, const Next& next) override {
    resolver_.expect_addresses(host, next);
  }
  [[nodiscard]] Result<Answer<MxRecord>> mx(const DnsName& domain) override {
    auto [entry, added] = known_.try_emplace(domain, fail(ErrorKind::Internal, ""));
    if (added) entry->second = resolver_.mx(domain);
    return entry->second;
  }
  [[nodiscard]] Result<Answer<std::string>> addresses(const DnsName& host,
                                                      AddressFamily family) override {
    return resolver_.addresses(host, family);
  }
  [[nodiscard]] Result<Answer<Bytes>> tlsa(const DnsName& owner) override {
    return resolver_.tlsa(owner);
  }
  [[nodiscard]] Result<Answer<DnsName>> cname(const DnsName& name) override {
    return resolver_.cname(name);
  }
  [[nodiscard]] Result<Answer<std::string>> txt(const DnsName& name) override {
    return resolver_.txt(name);
  }

 private:
  Resolver& resolver_;
  std::map<DnsName, Result<Answer<MxRecord>>> known_;
};

}  // namespace danesmtp::tool

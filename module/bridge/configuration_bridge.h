// SPDX-License-Identifier: GPL-2.0-or-later
// Exim's options as the Configuration. Conversions only; no decision.
#pragma once

#include "bridge/exim_link.h"
#include "server/configuration.h"

namespace danesmtp {

// What Exim says of the expansion of the option that failed last.
Error expansion_failed(const EximLink& exim, const Option& option);

class ConfigurationBridge : public virtual Configuration {
 public:
  explicit ConfigurationBridge(const EximLink& exim) : exim_(exim) {}

  void about(const std::vector<RecipientIndex>& recipients) override;
  int option_number(const NumberOption& option) override;
  std::string option_text(const Option& option) override;
  Result<std::string> option_expanded(const TextOption& option) override;
  Result<bool> option_flag(const FlagOption& option) override;
  Result<bool> host_in(const HostListOption& option, HostIndex host) override;
  Result<bool> domain_in(const DomainListOption& option, const std::string& domain) override;
  Result<std::uint16_t> service_port() override;
  bool in_hosts_file(const std::string& name, const std::string& address) override;

 private:
  EximLink exim_;
};

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
#include "bridge/configuration_bridge.h"

#include "core/format.h"
#include "route/hosts_file.h"

namespace danesmtp {

Error expansion_failed(const EximLink& exim, const Option& option) {
  const char* why = exim.services.expansion_error(exim.handle);
  return {ErrorKind::BadInput, format("failed to expand option {}: {}", option.name, text_of(why))};
}

void ConfigurationBridge::about(const std::vector<RecipientIndex>& recipients) {
  exim_.services.about(exim_.handle, numbers_of(recipients), recipients.size());
}

int ConfigurationBridge::option_number(const NumberOption& option) {
  return exim_.services.option_int(exim_.handle, option.name, option.default_value);
}

std::string ConfigurationBridge::option_text(const Option& option) {
  return text_of(exim_.services.option_text(exim_.handle, option.name));
}

Result<std::string> ConfigurationBridge::option_expanded(const TextOption& option) {
  int failed = 0;
  const char* value = exim_.services.option_expanded(exim_.handle, option.name, &failed);
  if (failed) return tl::unexpected(expansion_failed(exim_, option));
  return text_of(value);
}

Result<bool> ConfigurationBridge::option_flag(const FlagOption& option) {
  int failed = 0;
  const int value = exim_.services.option_flag(exim_.handle, option.name, &failed);
  if (failed) return tl::unexpected(expansion_failed(exim_, option));
  return value != 0;
}

Result<bool> ConfigurationBridge::host_in(const HostListOption& option, HostIndex host) {
  const int answer = exim_.services.host_in(exim_.handle, option.name, host.value());
  if (answer == DANESMTP_CANNOT_TELL)
    return fail(ErrorKind::DnsFailure,
                format("a look-up failed while matching the host with option {}", option.name));
  return answer == DANESMTP_YES;
}

Result<bool> ConfigurationBridge::domain_in(const DomainListOption& option,
                                            const std::string& domain) {
  const int answer = exim_.services.domain_in(exim_.handle, option.name, domain.c_str());
  if (answer == DANESMTP_CANNOT_TELL)
    return fail(ErrorKind::DnsFailure,
                format("a look-up failed while matching {} with option {}", domain, option.name));
  return answer == DANESMTP_YES;
}

Result<std::uint16_t> ConfigurationBridge::service_port() {
  const int port = exim_.services.service_port(exim_.handle);
  if (port > 0 && port <= 65535) return static_cast<std::uint16_t>(port);
  const auto why = port < 0 ? text_of(exim_.services.expansion_error(exim_.handle))
                            : format("{} is no port", port);
  return fail(ErrorKind::BadInput, format("option port cannot be used: {}", why));
}

bool ConfigurationBridge::in_hosts_file(const std::string& name, const std::string& address) {
  return hosts_file_has("/etc/hosts", name, address);
}

}  // namespace danesmtp

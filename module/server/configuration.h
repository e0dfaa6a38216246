// SPDX-License-Identifier: GPL-2.0-or-later
// What the mail server is configured to do, and this machine around it: the options of the
// transport, expanded in the mail server's own language. It says what an option says, never what
// that means for a delivery.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"
#include "server/index.h"
#include "server/options.h"

namespace danesmtp {

class Configuration {
 public:
  Configuration() = default;
  virtual ~Configuration() = default;
  Configuration(const Configuration&) = delete;
  Configuration& operator=(const Configuration&) = delete;

  // The recipients, and with a host that host, are what $domain, $local_part and $host speak of
  // from here on, as when Exim's own driver asks. host_in() and Hosts::host_state() set the host
  // themselves.
  virtual void about(const std::vector<RecipientIndex>& recipients) = 0;

  // Options of the transport. One that the running Exim does not know has its default as a number,
  // and reads as unset otherwise.
  virtual int option_number(const NumberOption& option) = 0;
  // Unexpanded; empty: unset, or a number or flag.
  virtual std::string option_text(const Option& option) = 0;
  // Expanded with the variables of the moment; empty: unset. BadInput names the option.
  [[nodiscard]] virtual Result<std::string> option_expanded(const TextOption& option) = 0;
  [[nodiscard]] virtual Result<bool> option_flag(const FlagOption& option) = 0;
  // Whether a host list option names this host. DnsFailure: a look-up in the list failed.
  [[nodiscard]] virtual Result<bool> host_in(const HostListOption& option, HostIndex host) = 0;
  // Whether a domain list option names this domain. DnsFailure: a look-up in the list failed.
  [[nodiscard]] virtual Result<bool> domain_in(const DomainListOption& option,
                                               const std::string& domain) = 0;
  // The option `port`, as a number. BadInput: it is none.
  [[nodiscard]] virtual Result<std::uint16_t> service_port() = 0;

  // Does this machine's hosts file give the name this address?
  virtual bool in_hosts_file(const std::string& name, const std::string& address) = 0;
};

}  // namespace danesmtp

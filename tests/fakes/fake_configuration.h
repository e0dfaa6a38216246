// SPDX-License-Identifier: GPL-2.0-or-later
// Options and lists as maps, by the option's name.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/format.h"
#include "fakes/fake_state.h"
#include "server/configuration.h"

namespace danesmtp::test {

class FakeConfiguration : public virtual Configuration, public virtual FakeState {
 public:
  std::map<std::string, std::string> options;
  std::map<std::string, int> numbers;
  std::map<std::string, bool> flags;
  std::map<std::string, std::set<HostIndex>> lists;           // host list option -> hosts in it
  std::map<std::string, std::set<std::string>> domain_lists;  // domain list option -> its domains
  std::set<std::pair<std::string, std::string>> hosts_file;   // names and addresses
  std::vector<std::vector<RecipientIndex>> spoken_of;         // recipients, by about()

  void about(const std::vector<RecipientIndex>& recipients) override {
    spoken_of.push_back(recipients);
  }
  bool in_hosts_file(const std::string& name, const std::string& address) override {
    return hosts_file.count({name, address}) != 0;
  }

  int option_number(const NumberOption& option) override {
    auto found = numbers.find(option.name);
    return found == numbers.end() ? option.default_value : found->second;
  }
  std::string option_text(const Option& option) override { return options[option.name]; }
  Result<std::string> option_expanded(const TextOption& option) override {
    if (broken_options.count(option.name) != 0)
      return fail(ErrorKind::BadInput, format("failed to expand option {}", option.name));
    return options[option.name];
  }
  Result<bool> option_flag(const FlagOption& option) override { return flags[option.name]; }
  Result<bool> host_in(const HostListOption& option, HostIndex host) override {
    if (broken_options.count(option.name) != 0)
      return fail(ErrorKind::DnsFailure, format("a look-up failed in {}", option.name));
    return lists[option.name].count(host) != 0;
  }
  Result<bool> domain_in(const DomainListOption& option, const std::string& domain) override {
    if (broken_options.count(option.name) != 0)
      return fail(ErrorKind::DnsFailure, format("a look-up failed in {}", option.name));
    return domain_lists[option.name].count(domain) != 0;
  }
  Result<std::uint16_t> service_port() override {
    if (broken_options.count("port") != 0) return fail(ErrorKind::BadInput, "option port");
    return std::uint16_t{25};
  }
};

}  // namespace danesmtp::test

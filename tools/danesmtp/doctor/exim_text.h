// SPDX-License-Identifier: GPL-2.0-or-later
// What Exim prints of itself (-bV, -bP, -d): texts to facts. Pure; what is not there is empty,
// never guessed.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "server/options.h"

namespace danesmtp::tool {

// Of `exim -bV`.
struct EximVersion {
  std::string number;                 // "4.100.1"; empty: this is no Exim
  std::vector<std::string> features;  // the words of "Support for:"
  bool has(std::string_view feature) const;
};

EximVersion exim_version(std::string_view said);

// One transport of `exim -bP transports`.
struct EximTransport {
  std::string name;
  std::map<std::string, std::string> options;

  // Ours calls itself smtp (its option block begins with that of the smtp driver), and has options
  // that no other has.
  bool is_ours() const { return options.contains(kDaneResolver.name); }
  // Speaks SMTP to other hosts by Exim's own driver; not LMTP.
  bool is_exims_smtp() const;
  std::string option(const std::string& option_name) const;
};

std::vector<EximTransport> exim_transports(std::string_view said);

// "name = value" lines, as of `exim -bP exim_user spool_directory`.
std::map<std::string, std::string> exim_settings(std::string_view said);

// The directory of loadable drivers, from the debugging output of a process that looked for one;
// empty: this Exim loads none.
std::string module_directory(std::string_view debug_output);

// Why Exim does not take a configuration, in one line, from its standard error; without the time.
std::string configuration_fault(std::string_view standard_error);

}  // namespace danesmtp::tool

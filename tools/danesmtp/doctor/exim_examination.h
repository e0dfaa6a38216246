// SPDX-License-Identifier: GPL-2.0-or-later
// Asks an Exim about itself, by its own command line. Nothing is sent, nothing of its spool
// touched.
#pragma once

#include <string>

#include "exim_findings.h"

namespace danesmtp::tool {

// One Exim with the configuration that is meant.
class Exim {
 public:
  // Empty: the first in the usual places; the configuration that it reads by itself.
  Exim(std::string binary, std::string configuration);

  ProgramFacts program() const;
  ModuleFacts module() const;
  ConfigurationFacts configuration() const;
  // `exim -bP NAME`: "exim_user", "spool_directory". Empty: it does not say.
  std::string setting(const std::string& name) const;
  // A text as Exim expands it; empty: it does not.
  std::string expanded(const std::string& text) const;

 private:
  ModuleFacts module_in_use() const;

  std::string binary_;
  std::string configuration_;
};

// Of core.so and unbound.so in the folder danesmtp beside the module.
LibraryFacts examine_core(const std::string& module_directory);
LibraryFacts examine_unbound(const std::string& module_directory);

}  // namespace danesmtp::tool

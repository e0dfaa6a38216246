// SPDX-License-Identifier: GPL-2.0-or-later
// What is to be said of an Exim, its module and its transports, once the facts are there. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "exim_text.h"
#include "finding.h"

namespace danesmtp::tool {

struct ProgramFacts {
  std::string binary;   // empty: there is none in the usual places
  std::string trouble;  // why it cannot be run
  EximVersion version;
};

Finding judge_program(const ProgramFacts& facts);

// Of a configuration that has nothing but a transport with `driver = danesmtp`.
struct ModuleFacts {
  std::string directory;  // where this Exim looks for drivers; empty: nowhere, or it does not tell
  bool there = false;     // the file is in it
  bool loads = false;
  std::string fault;  // why it does not load
  bool tried = true;
};

// Whether this Exim loads transports.
Finding judge_loader(const ModuleFacts& facts, const EximVersion& version);
// Whether the module is there and fits.
Finding judge_module(const ModuleFacts& facts);

// A library that stands beside the module.
struct LibraryFacts {
  std::string path;
  std::string problem;  // empty: it is whole and of this version
};

Finding judge_library(const LibraryFacts& facts);

struct ConfigurationFacts {
  std::string file;   // as Exim calls it
  std::string fault;  // why Exim does not take it; empty: it does
  std::vector<EximTransport> transports;

  std::vector<EximTransport> ours() const;
};

Finding judge_configuration(const ConfigurationFacts& facts);
// Which transports are ours, with what options; and the ways around them.
Findings judge_transports(const ConfigurationFacts& facts);

// DANE can matter to it at all.
bool does_dane(const EximTransport& transport);

}  // namespace danesmtp::tool

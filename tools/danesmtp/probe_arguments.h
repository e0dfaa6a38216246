// SPDX-License-Identifier: GPL-2.0-or-later
// The arguments that `check`, `explain` and `verify --live` have in common: whom to ask, how to
// connect.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "dns/resolver_config.h"
#include "probe.h"

namespace danesmtp::tool {

// As given.
struct ResolverArguments {
  std::string resolver;
  std::string trust_anchor;
  int timeout = 30;
};

struct ProbeArguments {
  ResolverArguments resolver;
  std::string helo;
  std::string mta_sts;
  int port = 0;  // 0: 25, or 465 with --submissions
  bool submissions = false;
  bool inet = false;
  bool inet6 = false;
  bool dns_only = false;
  bool require_dane = false;
};

void add_resolver_arguments(CLI::App& app, ResolverArguments& arguments);
void add_probe_arguments(CLI::App& app, ProbeArguments& arguments);

// BadInput, naming the argument.
[[nodiscard]] Result<ResolverSettings> resolver_settings(const ResolverArguments& arguments);
[[nodiscard]] Result<ProbeOptions> probe_options(const ProbeArguments& arguments);

}  // namespace danesmtp::tool

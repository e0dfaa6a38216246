// SPDX-License-Identifier: GPL-2.0-or-later
// `danesmtp explain`: the decision step by step, in the words of the transport's debug output
// (exim -d+transport).
#include <iostream>
#include <memory>

#include "check_report.h"
#include "command.h"
#include "dns/record_resolver.h"
#include "probe_arguments.h"
#include "time_input.h"

namespace danesmtp::tool {
namespace {

struct ExplainOptions {
  ProbeArguments probe;
  std::string target;
  bool json = false;
};

nlohmann::json to_json(const Checked& checked, const std::vector<std::string>& trace) {
  return {{"schema", kSchema},
          {"target", checked.report.target.text},
          {"trace", trace},
          {"state", state_word(checked.state)},
          {"outcome", fate_word(checked.report.fate)},
          {"summary", summary(checked)}};
}

int explain(const ExplainOptions& options) {
  if (options.target.empty()) return complain("explain: name a domain, or HOST:PORT");
  auto how = probe_options(options.probe);
  if (!how) return complain(how.error().text);
  auto target = target_to_probe(options.target, *how);
  if (!target) return complain(target.error().text + "; name a domain, or HOST:PORT");
  auto settings = resolver_settings(options.probe.resolver);
  if (!settings) return complain(settings.error().text);
  std::vector<std::string> trace;
  const auto tell = [&](std::string_view line) {
    if (options.json)
      trace.emplace_back(line);
    else
      std::cout << line << '\n' << std::flush;
  };
  auto resolver = make_resolver(*settings);
  const auto checked = judge_report(probe(*resolver, *target, *how, tell), wall_time(), 0);
  if (options.json)
    std::cout << to_json(checked, trace).dump() << '\n';
  else
    std::cout << "Outcome: " << summary(checked) << '\n';
  return is_lost(checked.report.fate) ? kNotAuthenticated : kDone;
}

}  // namespace

Command add_explain_command(CLI::App& parent) {
  auto* app = parent.add_subcommand("explain", "How the decision on a domain is come to");
  auto options = std::make_shared<ExplainOptions>();  // shared: std::function must be copyable
  app->add_option("TARGET", options->target,
                  "DOMAIN: the servers of its MX records. HOST:PORT or [HOST]: that one");
  app->add_flag("--json", options->json, "Answer with one JSON object");
  add_probe_arguments(*app, options->probe);
  app->footer("Exit code: 0 mail goes through, 1 it waits or goes back, 2 unusable arguments.");
  return {app, [options] { return explain(*options); }};
}

}  // namespace danesmtp::tool

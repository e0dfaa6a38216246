// SPDX-License-Identifier: GPL-2.0-or-later
// `danesmtp ocsp-fetch`: the OCSP proofs that a server staples, fetched in time: Exim serves the
// file that tls_ocsp_file names, and leaves it to the administrator to keep it fresh.
#include <iostream>
#include <memory>

#include "command.h"
#include "core/format.h"
#include "nagios_report.h"
#include "ocsp_check.h"
#include "ocsp_watch.h"
#include "pem_input.h"
#include "time_input.h"

namespace danesmtp::tool {
namespace {

constexpr int kNotRenewed = 1;

struct OcspOptions {
  OcspTarget target;
  std::string config;
  std::string renew_before;
  std::string warning;
  std::string critical;
  double timeout = 15;
  double pause = 1;
  int tries = 4;
  bool watch = false;
  bool check = false;
};

void declare(CLI::App& app, OcspOptions& o) {
  auto* certificates = app.add_option("--certificate", o.target.certificates,
                                      "PEM file: the server's certificate, then its chain");
  auto* proof = app.add_option("--proof", o.target.proof, "the DER file that tls_ocsp_file names");
  certificates->needs(proof);
  proof->needs(certificates);
  app.add_option("--config", o.config, "a file with a line for each certificate")
      ->excludes(certificates);
  app.add_option("--issuer", o.target.issuer, "PEM file with the issuer, if the chain has it not")
      ->needs(certificates);
  app.add_option("--url", o.target.url, "the responder, instead of the certificate's own")
      ->needs(certificates);
  app.add_option("--renew-before", o.renew_before,
                 "how long before its end a proof is renewed (90s, 15m, 12h, 3d); default: half of "
                 "its life");
  app.add_option("--timeout", o.timeout, "seconds for one question")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 600.0));
  app.add_option("--tries", o.tries, "questions before giving up")
      ->capture_default_str()
      ->check(CLI::Range(1, 10));
  app.add_option("--pause", o.pause, "seconds before the second question, doubled before each next")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 600.0));
  auto* watch = app.add_flag("--watch", o.watch, "stay, and renew each proof when it is due");
  app.add_flag("--check", o.check, "ask nobody; say as a monitoring plugin how the files are")
      ->excludes(watch);
  app.add_option("--warning", o.warning, "with --check: less than this is left");
  app.add_option("--critical", o.critical, "with --check: the same, worse");
}

Result<std::optional<std::chrono::seconds>> optional_duration(const char* option,
                                                              const std::string& text) {
  if (text.empty()) return std::optional<std::chrono::seconds>();
  auto duration = parse_duration(text);
  if (!duration) return fail(ErrorKind::BadInput, format("{}: {}", option, duration.error().text));
  return std::optional(*duration);
}

Result<std::vector<OcspTarget>> targets_of(const OcspOptions& options) {
  auto renew_before = optional_duration("--renew-before", options.renew_before);
  if (!renew_before) return tl::unexpected(renew_before.error());
  std::vector<OcspTarget> targets{options.target};
  if (!options.config.empty()) {
    auto text = read_file(options.config);
    if (!text) return tl::unexpected(text.error());
    auto parsed = parse_ocsp_targets(*text);
    if (!parsed)
      return fail(ErrorKind::BadInput, format("{}: {}", options.config, parsed.error().text));
    targets = std::move(*parsed);
  } else if (options.target.certificates.empty()) {
    return fail(ErrorKind::BadInput, "--certificate and --proof are needed, or --config");
  }
  for (auto& target : targets)
    if (!target.renew_before) target.renew_before = *renew_before;
  return targets;
}

Patience patience_of(const OcspOptions& options) {
  auto milliseconds = [](double seconds) {
    return std::chrono::milliseconds(static_cast<long long>(seconds * 1000));
  };
  Patience patience;
  patience.time_limit = milliseconds(options.timeout);
  patience.pause = milliseconds(options.pause);
  patience.tries = options.tries;
  return patience;
}

int tell(const Result<Renewed>& renewed) {
  if (!renewed) {
    complain(renewed.error().text);
    return renewed.error().kind == ErrorKind::BadInput ? kBadInput : kNotRenewed;
  }
  std::cout << renewed->text << std::endl;
  return kDone;
}

int check(const std::vector<OcspTarget>& targets, const OcspOptions& options) {
  auto warning = optional_duration("--warning", options.warning);
  auto critical = optional_duration("--critical", options.critical);
  for (const auto* limit : {&warning, &critical})
    if (!*limit) return complain_as(true, limit->error().text);
  const auto checked = check_proofs(targets, {*warning, *critical}, wall_time());
  std::cout << checked.line << '\n';
  return nagios_code(checked.state);
}

int run(const OcspOptions& options) {
  auto targets = targets_of(options);
  if (!targets) return complain_as(options.check, targets.error().text);
  if (options.check) return check(*targets, options);
  const Patience patience = patience_of(options);
  if (options.watch) {
    watch_proofs(*targets, patience, tell);
    return kDone;
  }
  int code = kDone;
  for (const auto& target : *targets)
    code = std::max(code, tell(renew(target, patience, wall_time())));
  return code;
}

}  // namespace

Command add_ocsp_fetch_command(CLI::App& parent) {
  auto* app = parent.add_subcommand("ocsp-fetch", "fetch the OCSP proofs that a server staples");
  auto options = std::make_shared<OcspOptions>();
  declare(*app, *options);
  app->footer(
      "Exit codes: 0 the proofs are good, 1 one could not be renewed (its file is as it "
      "was), 2 unusable\narguments or files. With --check: 0 OK, 1 WARNING, 2 CRITICAL, 3 "
      "UNKNOWN. danesmtp-ocsp-fetch(1) tells more.");
  return {app, [options] { return run(*options); }};
}

}  // namespace danesmtp::tool

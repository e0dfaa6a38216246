// SPDX-License-Identifier: GPL-2.0-or-later
// `danesmtp doctor`: whether this machine will do DANE, in the order in which a person would look.
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <set>

#include "command.h"
#include "core/format.h"
#include "dns/record_resolver.h"
#include "doctor/cache_findings.h"
#include "doctor/confinement_findings.h"
#include "doctor/connection_findings.h"
#include "doctor/diagnosis.h"
#include "doctor/dns_examination.h"
#include "doctor/exim_examination.h"
#include "doctor/policies_findings.h"
#include "doctor/reports_findings.h"
#include "nagios_report.h"
#include "probe_arguments.h"
#include "server/options.h"

namespace danesmtp::tool {
namespace {

struct DoctorOptions {
  std::string exim;
  std::string config;
  std::string connect;
  bool json = false;
  bool nagios = false;
};

// What a transport says of the DNS; several may say the same.
ResolverOptions resolver_options(const EximTransport& transport) {
  return {transport.option(kDaneResolver.name), transport.option(kDaneDnssec.name),
          transport.option(kDaneTrustAnchorFile.name)};
}

// With which a delivery of nobody's transport would ask.
EximTransport default_transport() {
  return {"danesmtp", {}};
}

class Doctor {
 public:
  explicit Doctor(const DoctorOptions& options)
      : options_(options), exim_(options.exim, options.config) {}

  Diagnosis diagnosis();

 private:
  void add(Finding finding) { findings_.push_back(std::move(finding)); }
  void add(Findings findings);
  void look_at_exim();
  void look_at_module(const EximVersion& version);
  void look_at_configuration();
  std::optional<DeliveryUser> user_of(const EximTransport& transport) const;
  void look_at_dns();
  void look_at_dns_of(const EximTransport& transport, bool alone);
  // An option of a transport as Exim expands it; none, and a finding: it does not.
  std::optional<std::string> expanded(const EximTransport& transport, const TextOption& option);
  void look_at_what_is_shared();
  void look_at_cache_of(const EximTransport& transport);
  void look_at_reports_of(const EximTransport& transport);
  void look_at_policies_of(const EximTransport& transport);
  void look_outside();

  const DoctorOptions& options_;
  const Exim exim_;
  Prospect prospect_;
  std::vector<EximTransport> ours_;
  Findings findings_;
};

void Doctor::add(Findings findings) {
  for (auto& finding : findings) add(std::move(finding));
}

void Doctor::look_at_exim() {
  const auto program = exim_.program();
  add(judge_program(program));
  prospect_.exim = findings_.back().health == Health::Ok;
  if (program.version.number.empty()) return;
  look_at_module(program.version);
  look_at_configuration();
}

void Doctor::look_at_module(const EximVersion& version) {
  const auto module = exim_.module();
  add(judge_loader(module, version));
  prospect_.exim = prospect_.exim && findings_.back().health != Health::Failure;
  if (!prospect_.exim || !module.tried) return;
  add(judge_module(module));
  prospect_.module = module.loads;
  if (!module.there) return;
  for (const auto& library : {examine_core(module.directory), examine_unbound(module.directory)}) {
    add(judge_library(library));
    prospect_.module = prospect_.module && library.problem.empty();
  }
}

void Doctor::look_at_configuration() {
  const auto configuration = exim_.configuration();
  add(judge_configuration(configuration));
  add(judge_transports(configuration));
  prospect_.configuration = configuration.fault.empty();
  prospect_.transports = configuration.transports;
  ours_ = configuration.ours();
}

// Only root can see what he sees.
std::optional<DeliveryUser> Doctor::user_of(const EximTransport& transport) const {
  auto name = transport.option("user");
  if (name.empty()) name = exim_.setting("exim_user");
  return ::geteuid() == 0 ? find_user(name) : std::nullopt;
}

void Doctor::look_at_dns_of(const EximTransport& transport, bool alone) {
  const auto settings = parse_resolver_options(resolver_options(transport));
  if (!settings) {
    prospect_.resolves = false;
    add({"resolver", Health::Failure, settings.error().text, "mend the option"});
    return;
  }
  const auto facts = examine_dns(*settings, user_of(transport));
  prospect_.resolves =
      prospect_.resolves && !facts.resolution.error && facts.anchor.unreadable.empty();
  for (auto& finding : judge_dns(facts)) {
    if (!alone) finding.subject = format("{}, {}", printable(transport.name), finding.subject);
    add(std::move(finding));
  }
}

void Doctor::look_at_dns() {
  const auto key = [](const EximTransport& transport) {
    const auto options = resolver_options(transport);
    return format("{}\n{}\n{}\n{}", options.resolver, options.dnssec, options.trust_anchor_file,
                  transport.option("user"));
  };
  std::vector<EximTransport> different;
  std::set<std::string> seen;
  for (const auto& transport : ours_)
    if (seen.insert(key(transport)).second) different.push_back(transport);
  if (different.empty()) different.push_back(default_transport());
  prospect_.resolves = true;
  for (const auto& transport : different) look_at_dns_of(transport, different.size() == 1);
}

std::optional<std::string> Doctor::expanded(const EximTransport& transport,
                                            const TextOption& option) {
  const auto text = transport.option(option.name);
  if (text.find('$') == text.npos) return text;
  auto value = exim_.expanded(text);
  if (!value.empty()) return value;
  add({option.name, Health::Warning, "Exim does not expand it: " + printable(text),
       "mend the option; exim -be tries it"});
  return std::nullopt;
}

void Doctor::look_at_cache_of(const EximTransport& transport) {
  const auto file = expanded(transport, kDaneCache);
  const auto user = user_of(transport);
  if (file) add(judge_cache(examine_cache(*file, user ? user->name : std::string())));
}

void Doctor::look_at_reports_of(const EximTransport& transport) {
  if (const auto socket = expanded(transport, kDaneTlsrptSocket))
    add(judge_reports(examine_reports(*socket, user_of(transport))));
}

// Where nobody is asked there is nothing to say.
void Doctor::look_at_policies_of(const EximTransport& transport) {
  const auto daemon = expanded(transport, kDaneMtaSts);
  if (!daemon || daemon->empty()) return;
  add(judge_policies(
      examine_policies(*daemon, transport.option(kDaneMtaStsFail.name), user_of(transport))));
  if (findings_.back().health == Health::Failure) prospect_.awaits_policies = true;
}

void Doctor::look_at_what_is_shared() {
  std::set<std::string> caches;
  std::set<std::string> sockets;
  std::set<std::string> daemons;
  for (const auto& transport : ours_) {
    const auto user = "\n" + transport.option("user");
    if (caches.insert(transport.option(kDaneCache.name) + user).second) look_at_cache_of(transport);
    if (sockets.insert(transport.option(kDaneTlsrptSocket.name) + user).second)
      look_at_reports_of(transport);
    const auto daemon = format("{}{}\n{}", transport.option(kDaneMtaSts.name), user,
                               transport.option(kDaneMtaStsFail.name));
    if (daemons.insert(daemon).second) look_at_policies_of(transport);
  }
}

// The session of `danesmtp check`, which ends before MAIL.
void visit(Resolver& resolver, const std::string& host, ConnectionFacts& facts) {
  facts.host = host;
  const auto how = probe_options({});
  const bool with_port = host.find_first_of(":[") != host.npos;
  const auto target = how ? target_to_probe(with_port ? host : "[" + host + "]", *how)
                          : Result<Target>(tl::unexpected(how.error()));
  if (!target) {
    facts.trouble = target.error().text;
    return;
  }
  const auto report = probe(resolver, *target, *how, {});
  facts.trouble = report.reason.empty() ? "no address of it was tried" : report.reason;
  for (const auto& found : report.hosts)
    for (const auto& address : found.addresses)
      facts.tried.push_back({address.address, !address.unconnected && !address.not_tried,
                             address.failure ? address.failure->verdict.text : std::string()});
}

void Doctor::look_outside() {
  ConnectionFacts facts;
  facts.ipv6_route = has_ipv6_route();
  const auto settings =
      parse_resolver_options(resolver_options(ours_.empty() ? default_transport() : ours_.front()));
  if (!options_.connect.empty() && settings)
    visit(*make_resolver(*settings), options_.connect, facts);
  add(judge_connection(facts));
}

Diagnosis Doctor::diagnosis() {
  if (::geteuid() != 0)
    add({"privilege", Health::Warning,
         "not run as root: what the user of Exim may read was not tried", "sudo danesmtp doctor"});
  look_at_exim();
  look_at_dns();
  look_outside();
  add(judge_confinement(confinement_trouble()));
  look_at_what_is_shared();
  return {std::move(findings_), mail_prospect(prospect_)};
}

State state_of(Health health) {
  switch (health) {
    case Health::Ok:
      return State::Ok;
    case Health::Warning:
      return State::Warning;
    case Health::Failure:
      return State::Critical;
  }
  return State::Critical;
}

int doctor(const DoctorOptions& options) {
  if (options.json && options.nagios)
    return complain_as(true, "doctor: --json or --nagios, one of the two");
  const auto diagnosis = Doctor(options).diagnosis();
  const auto state = state_of(diagnosis.health());
  if (options.nagios) {
    std::cout << format("DANE {} - {}\n", plugin_word(state), to_plugin_text(diagnosis));
    return nagios_code(state);
  }
  std::cout << (options.json ? to_json(diagnosis).dump() + "\n"
                             : to_text(diagnosis, colour_of_output()));
  return state == State::Critical ? kNotAuthenticated : kDone;
}

}  // namespace

Command add_doctor_command(CLI::App& parent) {
  auto* app =
      parent.add_subcommand("doctor", "Whether this machine will do DANE, and what to mend");
  auto options = std::make_shared<DoctorOptions>();  // shared: std::function must be copyable
  app->add_option("--exim", options->exim, "The Exim to look at, instead of the usual one")
      ->type_name("BINARY");
  app->add_option("--config", options->config, "Its configuration, instead of its own")
      ->type_name("FILE");
  app->add_option("--connect", options->connect,
                  "Also connect to port 25 of this host, whose owner will see it")
      ->type_name("HOST");
  app->add_flag("--json", options->json, "One JSON object");
  app->add_flag("--nagios", options->nagios,
                "One line with performance data; exit code 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN");
  app->footer(
      "Exit code: 0 mail will go by DANE, whatever else was found, 1 it will wait or go without, 2 "
      "unusable\narguments; with --nagios see there.");
  return {app, [options] { return doctor(*options); }};
}

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// `danesmtp check`: for each target what the transport would do and what it would find, as text, as
// JSON, for monitoring. Reports come in the order in which they are done, or worst first.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <mutex>
#include <thread>

#include "check_report.h"
#include "check_summary.h"
#include "command.h"
#include "core/format.h"
#include "dns/record_resolver.h"
#include "nagios_report.h"
#include "probe_arguments.h"
#include "prometheus_file.h"
#include "source_pool.h"
#include "target_list.h"
#include "time_input.h"
#include "zone_keys.h"

namespace danesmtp::tool {
namespace {

struct CheckOptions {
  ProbeArguments probe;
  std::vector<std::string> targets;
  std::string list;
  std::string prometheus;
  std::string sort;
  unsigned jobs = 1;
  int warn_days = 14;
  bool json = false;
  bool nagios = false;
};

// The text of a report that waits for worse ones.
struct Held {
  State state = State::Ok;
  std::string target;
  std::string text;
};

// Where reports go. Workers share it.
class Output {
 public:
  explicit Output(const CheckOptions& options)
      : options_(options), colour_(colour_of_output()), progress_(may_show_progress()) {}

  void report(const Checked& checked);
  void duplicate();
  int finish();

 private:
  bool is_list() const { return !options_.list.empty() || options_.targets.size() > 1; }
  void print(const std::string& text);
  void show_progress();
  void print_held();
  void print_summary();
  int exit_code() const;

  const CheckOptions& options_;
  const Colour colour_;
  const bool progress_;
  std::mutex mutex_;
  NagiosReport nagios_;
  PrometheusFile prometheus_;
  std::vector<Held> held_;
  CheckSummary summary_;
};

void Output::print(const std::string& text) {
  if (options_.nagios || text.empty()) return;
  if (progress_ && is_list()) std::cerr << "\r\033[K" << std::flush;
  std::cout << text << std::flush;
}

void Output::show_progress() {
  if (progress_ && is_list())
    std::cerr << format("\r{} checked, {} waiting\033[K", summary_.done(), summary_.waiting());
}

void Output::report(const Checked& checked) {
  std::string text = options_.json ? to_json(checked).dump() + "\n" : to_text(checked, colour_);
  const std::lock_guard<std::mutex> lock(mutex_);
  summary_.add(checked);
  if (options_.nagios) nagios_.add(checked);
  if (!options_.prometheus.empty()) prometheus_.add(checked);
  if (options_.sort.empty())
    print(text);
  else
    held_.push_back({checked.state, checked.report.target.text, std::move(text)});
  show_progress();
}

void Output::duplicate() {
  const std::lock_guard<std::mutex> lock(mutex_);
  summary_.add_duplicate();
}

void Output::print_held() {
  std::sort(held_.begin(), held_.end(), [](const Held& one, const Held& other) {
    return one.state != other.state ? one.state > other.state : one.target < other.target;
  });
  for (const auto& held : held_) print(held.text);
}

void Output::print_summary() {
  if (is_list() && !options_.json && summary_.done() > summary_.bad())
    print(summary_.line() + "\n");
}

int Output::exit_code() const {
  if (options_.nagios) return nagios_code(nagios_.state());
  if (summary_.bad() > 0) return kBadInput;
  return summary_.waiting() > 0 ? kNotAuthenticated : kDone;
}

int Output::finish() {
  if (progress_ && is_list()) std::cerr << "\r\033[K" << std::flush;
  if (summary_.done() == 0)
    return complain_as(
        options_.nagios,
        format("--list: {}: no target in it: name a domain or an address a line", options_.list));
  print_held();
  print_summary();
  if (options_.nagios) std::cout << nagios_.line() << '\n';
  if (!options_.prometheus.empty()) {
    auto written = prometheus_.write(options_.prometheus);
    if (!written) return complain_as(options_.nagios, written.error().text);
  }
  return exit_code();
}

class Checker {
 public:
  Checker(const CheckOptions& options, const ProbeOptions& probe, const ResolverSettings& resolver,
          TargetList& targets, Output& output)
      : options_(options),
        probe_(probe),
        question_time_(resolver.question_time),
        sources_(resolver, options.jobs),
        targets_(targets),
        output_(output) {}

  void run();

 private:
  void work(unsigned worker);

  const CheckOptions& options_;
  const ProbeOptions& probe_;
  const std::chrono::milliseconds question_time_;
  SourcePool sources_;
  TargetList& targets_;
  Output& output_;
};

// What two targets have in common that are the same.
std::string identity(const Target& target) {
  return format("{}{} {}", target.route == RouteKind::Mx ? "@" : "=", target.name,
                target.port.value_or(0));
}

bool has_unsigned_host(const Report& report) {
  return std::any_of(report.hosts.begin(), report.hosts.end(), [](const HostReport& host) {
    return std::holds_alternative<NoDane>(host.plan.policy) && !host.plan.secure;
  });
}

void Checker::work(unsigned worker) {
  auto pooled = std::make_unique<PooledSource>(sources_, worker);
  PooledSource& source = *pooled;
  RecordResolver resolver(std::move(pooled), question_time_);
  while (auto text = targets_.next()) {
    auto target = target_to_probe(*text, probe_);
    if (!target) {
      output_.report(bad_target(*text, target.error().text, wall_time()));
      continue;
    }
    if (!targets_.is_new(identity(*target))) {
      output_.duplicate();
      continue;
    }
    auto report = probe(resolver, *target, probe_, {});
    if (!report.resolver_answers) source.renew();
    if (has_unsigned_host(report)) report.broken_signing = broken_signing(source, report);
    output_.report(judge_report(std::move(report), wall_time(), options_.warn_days));
  }
}

void Checker::run() {
  std::vector<std::jthread> workers;
  for (unsigned i = 1; i < options_.jobs; ++i) workers.emplace_back([this, i] { work(i); });
  work(0);
}

int check(const CheckOptions& options) {
  const auto refuse = [&](const std::string& text) { return complain_as(options.nagios, text); };
  if (options.targets.empty() && options.list.empty())
    return refuse("check: name a domain, or a file of domains with --list");
  if (options.json && options.nagios) return refuse("check: --json or --nagios, one of the two");
  auto how = probe_options(options.probe);
  if (!how) return refuse(how.error().text);
  for (const auto& text : options.targets)
    if (auto target = target_to_probe(text, *how); !target)
      return refuse(target.error().text + "; name a domain, or HOST:PORT");
  auto settings = resolver_settings(options.probe.resolver);
  if (!settings) return refuse(settings.error().text);
  TargetList targets(options.targets);
  if (!options.list.empty())
    if (auto opened = targets.open(options.list); !opened) return refuse(opened.error().text);
  Output output(options);
  Checker(options, *how, *settings, targets, output).run();
  return output.finish();
}

void add_arguments(CLI::App& app, CheckOptions& options) {
  app.add_option("TARGET", options.targets,
                 "DOMAIN: the servers of its MX records. HOST:PORT or [HOST]: that one");
  app.add_option("--list", options.list,
                 "Targets or mail addresses from a file; - is standard input")
      ->type_name("FILE");
  app.add_option("--jobs", options.jobs, "How many targets at a time")
      ->type_name("N")
      ->check(CLI::Range(1, 500))
      ->capture_default_str();
  app.add_flag("--json", options.json, "One JSON object a target, one a line");
  app.add_flag("--nagios", options.nagios,
               "One line with performance data; exit code 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN");
  app.add_option("--prometheus", options.prometheus, "Also write metrics to this file, in one step")
      ->type_name("FILE");
  app.add_option("--warn-days", options.warn_days,
                 "Warn of a certificate that ends in fewer days, where its dates count")
      ->type_name("DAYS")
      ->check(CLI::Range(0, 3650))
      ->capture_default_str();
  app.add_option("--sort", options.sort, "worst: the worst first, when all are done")
      ->type_name("HOW")
      ->check(CLI::IsMember({"worst"}));
  add_probe_arguments(app, options.probe);
}

}  // namespace

Command add_check_command(CLI::App& parent) {
  auto* app = parent.add_subcommand("check", "What becomes of mail to a domain, and what to mend");
  auto options = std::make_shared<CheckOptions>();  // shared: std::function must be copyable
  add_arguments(*app, *options);
  app->footer(
      "Exit code: 0 mail goes to every target, 1 it waits or goes back for one at least, 2 "
      "unusable\n"
      "arguments or input; with --nagios see there.");
  return {app, [options] { return check(*options); }};
}

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// `danesmtp report`: what DANE does for the mail of a server, counted in Exim's main logs.
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>

#include "colour.h"
#include "command.h"
#include "core/bytes.h"
#include "core/format.h"
#include "proof_file.h"
#include "report/log_input.h"
#include "report/log_line.h"
#include "report/mail_counter.h"
#include "report/report_forms.h"

namespace danesmtp::tool {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct ReportOptions {
  std::vector<std::string> files;
  std::string since;
  std::string prometheus;
  std::size_t top = 20;
  bool json = false;
  bool csv = false;
  bool html = false;
};

// Where Exim writes its main log, in Debian and in others.
constexpr const char* kMainLogs[] = {"/var/log/exim4/mainlog", "/var/log/exim/mainlog",
                                     "/var/log/exim/main.log"};

// How far it is, on a terminal; standard input has no end that is known.
class Progress {
 public:
  explicit Progress(const std::vector<std::string>& files);

  void read(std::uint64_t of_this_file);
  void end_file(const std::string& path);
  void finish() const {
    if (shown_) std::cerr << "\r\033[K" << std::flush;
  }

 private:
  const bool shown_ = may_show_progress();
  std::uint64_t all_ = 0;
  std::uint64_t before_ = 0;  // of the files that are done
  SteadyClock::time_point next_ = SteadyClock::now();
};

std::uint64_t size_of(const std::string& path) {
  std::error_code code;
  const auto size = std::filesystem::file_size(path, code);
  return code ? 0 : size;
}

Progress::Progress(const std::vector<std::string>& files) {
  for (const auto& path : files) all_ += size_of(path);
}

void Progress::end_file(const std::string& path) {
  before_ += size_of(path);
}

void Progress::read(std::uint64_t of_this_file) {
  constexpr std::uint64_t kMegabyte = 1'000'000;
  if (!shown_ || SteadyClock::now() < next_) return;
  next_ = SteadyClock::now() + std::chrono::milliseconds(200);
  const auto done = before_ + of_this_file;
  std::cerr << (all_ > 0 ? format("\r{} MB of {} ({} %)\033[K", done / kMegabyte, all_ / kMegabyte,
                                  std::min<std::uint64_t>(100, done * 100 / all_))
                         : format("\r{} MB\033[K", done / kMegabyte))
            << std::flush;
}

// The oldest first, by their first lines: whatever order a shell gives rotated logs. Standard input
// is the last.
std::vector<std::string> in_order(const std::vector<std::string>& files) {
  std::vector<std::pair<std::string, std::string>> dated;
  for (const auto& path : files) {
    auto line = path == "-" ? Result<std::string>("~") : first_line(path);
    dated.emplace_back(line ? std::move(*line) : std::string(), path);
  }
  std::stable_sort(dated.begin(), dated.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> ordered;
  ordered.reserve(dated.size());
  for (auto& [line, path] : dated) ordered.push_back(std::move(path));
  return ordered;
}

// Io for the last file that could not be read to its end; the others count.
Result<void> count_files(const std::vector<std::string>& files, MailCounter& counter) {
  Result<void> all;
  Progress progress(files);
  const LineSink sink{[&](std::string_view line) { counter.add(line); },
                      [&] { counter.add_unknown(); },
                      [&](std::uint64_t read) { progress.read(read); }};
  for (const auto& path : in_order(files)) {
    if (auto done = read_lines(path, sink); !done) {
      progress.finish();
      if (!all) complain(all.error().text);
      all = std::move(done);
    }
    progress.end_file(path);
  }
  progress.finish();
  return all;
}

std::string in_form(const ReportOptions& options, const MailReport& report) {
  if (options.json) return report_as_json(report);
  if (options.csv) return report_as_csv(report);
  if (options.html) return report_as_html(report, options.top);
  return report_as_text(report, options.top);
}

Result<void> write_prometheus(const ReportOptions& options, const MailReport& report) {
  if (options.prometheus.empty()) return {};
  auto replaced =
      replace_file(options.prometheus, as_bytes(report_as_prometheus(report, options.top)));
  if (replaced) return replaced;
  return fail(ErrorKind::Io,
              format("--prometheus: {}; name a file in a directory that can be written",
                     replaced.error().text));
}

std::vector<std::string> usual_logs() {
  for (const char* path : kMainLogs)
    if (std::error_code code; std::filesystem::exists(path, code)) return {path};
  return {};
}

bool is_day(const std::string& text) {
  return parse_log_line(text + " 00:00:00 ").kind != LineKind::Unknown && text.size() == 10;
}

int report(const ReportOptions& options) {
  if (!options.since.empty() && !is_day(options.since))
    return complain(
        format("--since: \"{}\" is no day: give one as 2026-11-28", printable(options.since)));
  const auto files = options.files.empty() ? usual_logs() : options.files;
  if (files.empty())
    return complain(
        "report: no main log where Exim usually has one: name its files, or - for "
        "standard input");
  MailCounter counter(options.since);
  const auto read = count_files(files, counter);
  const auto found = counter.report();
  std::cout << in_form(options, found);
  const auto written = write_prometheus(options, found);
  for (const auto& done : {read, written})
    if (!done) complain(done.error().text);
  return read && written ? kDone : kBadInput;
}

}  // namespace

Command add_report_command(CLI::App& parent) {
  auto* app =
      parent.add_subcommand("report", "What DANE does for mail, counted in Exim's main logs");
  auto options = std::make_shared<ReportOptions>();  // shared: std::function must be copyable
  app->add_option("FILE", options->files,
                  "Main logs, plain or compressed by gzip or zstd; - is standard input");
  app->add_option("--since", options->since, "Pass over what is before this day")
      ->type_name("YYYY-MM-DD");
  app->add_option("--top", options->top, "How many domains and hosts are told by name")
      ->type_name("N")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  auto* json = app->add_flag("--json", options->json, "One JSON object");
  auto* csv = app->add_flag("--csv", options->csv, "A row for each day and domain");
  auto* html = app->add_flag("--html", options->html, "A page with plots, in one piece");
  json->excludes(csv)->excludes(html);
  csv->excludes(html);
  app->add_option("--prometheus", options->prometheus,
                  "Also write metrics to this file, in one step")
      ->type_name("FILE");
  app->footer("Exit code: 0, or 2 if a file could not be read to its end; what was read counts.");
  return {app, [options] { return report(*options); }};
}

}  // namespace danesmtp::tool

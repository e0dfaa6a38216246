// SPDX-License-Identifier: GPL-2.0-or-later
// The tool's entry: it knows the subcommands, the help page and the exit codes, and judges nothing.
#include <algorithm>
#include <exception>
#include <iostream>
#include <string_view>
#include <vector>

#include "command.h"
#include "core/format.h"
#include "did_you_mean.h"
#include "nagios_report.h"

namespace danesmtp::tool {

int complain(const std::string& text) {
  std::cerr << "danesmtp: " << text << '\n';
  return kBadInput;
}

int complain_as(bool plugin, const std::string& text) {
  if (!plugin) return complain(text);
  std::cout << nagios_unknown(text) << '\n';
  return nagios_code(State::Unknown);
}

namespace {

constexpr Command (*kCommands[])(CLI::App&) = {
    add_check_command,  add_explain_command,    add_verify_command,
    add_tlsa_command,   add_ocsp_fetch_command, add_cache_command,
    add_report_command, add_doctor_command,     add_mta_sts_daemon_command};

constexpr const char* kExamples =
    "Examples:\n"
    "  danesmtp check example.org                        what becomes of mail, what to mend\n"
    "  danesmtp check --nagios --require-dane example.org\n"
    "  danesmtp doctor                                   will this machine do DANE?\n"
    "  danesmtp explain example.org                      each step and its rule\n"
    "  danesmtp tlsa --host mx.example.org chain.pem     the record to publish\n"
    "  danesmtp verify --chain new.pem --live mx.example.org   before a certificate is installed\n"
    "  danesmtp ocsp-fetch --certificate chain.pem --proof mx.ocsp   what tls_ocsp_file names\n"
    "  danesmtp report --html /var/log/exim4/mainlog* > mail.html    what DANE does for my mail\n"
    "\n"
    "Exit codes: 0 good, 1 mail waits or the peer is not authenticated, 2 unusable arguments or\n"
    "input, 3 no usable TLSA record. 'danesmtp COMMAND --help' describes a command; danesmtp(1)\n"
    "tells more.";

// Known before the arguments are parsed: a mistake in them must be told in the right form.
bool wants_plugin(int argc, char** argv) {
  return std::any_of(argv, argv + argc, [](std::string_view argument) {
    return argument == "--nagios" || argument == "--check";
  });
}

std::string suggestion(const std::string& word, const std::vector<std::string>& known) {
  const auto nearest = nearest_word(word, known);
  return nearest.empty() ? "" : format("; did you mean {}?", nearest);
}

// The first word is to be a command; a domain there is a mistake that is easily made.
std::string wrong_command(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return {};
  const std::string word = argv[1];
  std::vector<std::string> known;
  for (const auto* command : app.get_subcommands({})) known.push_back(command->get_name());
  if (std::find(known.begin(), known.end(), word) != known.end()) return {};
  std::string meant = suggestion(word, known);
  if (meant.empty() && word.find('.') != std::string::npos)
    meant = format("; did you mean danesmtp check {}?", printable(word));
  return format("\"{}\" is no command{}", printable(word), meant);
}

// Of the option that the parser did not expect.
std::string wrong_option(const CLI::App& app) {
  std::vector<std::string> known;
  for (const auto* command : app.get_subcommands())
    for (const auto* option : command->get_options())
      for (const auto& name : option->get_lnames()) known.push_back("--" + name);
  for (const auto& word : app.remaining(true))
    if (word.compare(0, 2, "--") == 0) return suggestion(word.substr(0, word.find('=')), known);
  return {};
}

int run(int argc, char** argv) {
  CLI::App app(
      "DANE for SMTP, as the Exim transport danesmtp does it: check domains, judge\n"
      "certificates by TLSA records, make the records.",
      "danesmtp");
  app.set_version_flag("--version", "danesmtp " DANESMTP_VERSION);
  app.require_subcommand(0, 1);
  std::vector<Command> commands;
  for (auto add : kCommands) commands.push_back(add(app));
  app.footer(kExamples);
  constexpr const char* kMore = "; danesmtp --help tells what there is";
  if (const auto wrong = wrong_command(app, argc, argv); !wrong.empty())
    return complain_as(wants_plugin(argc, argv), wrong + kMore);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {  // CLI11 reports --help, --version and mistakes this way
    if (error.get_exit_code() == 0) return app.exit(error);
    return complain_as(wants_plugin(argc, argv),
                       std::string(error.what()) + wrong_option(app) + kMore);
  }
  for (const auto& command : commands)
    if (command.app->parsed()) return command.run();
  std::cout << app.help();
  return kDone;
}

}  // namespace
}  // namespace danesmtp::tool

int main(int argc, char** argv) {
  using namespace danesmtp::tool;
  const bool plugin = wants_plugin(argc, argv);
  try {
    int code = run(argc, argv);
    if (std::cout.flush()) return code;
    complain("standard output cannot be written");
    return plugin ? nagios_code(State::Unknown) : kBadInput;
  } catch (const std::exception& error) {  // out of memory, or a mistake of ours
    return complain_as(plugin, error.what());
  }
}

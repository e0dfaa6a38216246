// SPDX-License-Identifier: GPL-2.0-or-later
// The tool's entry: it knows the subcommands, the help page and the exit codes, and judges nothing.
#include <exception>
#include <iostream>
#include <vector>

#include "command.h"

namespace danesmtp::tool {

int complain(const std::string& text) {
  std::cerr << "danesmtp: " << text << '\n';
  return kBadInput;
}

namespace {

constexpr Command (*kCommands[])(CLI::App&) = {add_verify_command, add_tlsa_command};

int run(int argc, char** argv) {
  CLI::App app("DANE for SMTP: judge certificate chains by TLSA records, and make the records.",
               "danesmtp");
  app.set_version_flag("--version", "danesmtp " DANESMTP_VERSION);
  app.require_subcommand(0, 1);
  std::vector<Command> commands;
  for (auto add : kCommands) commands.push_back(add(app));
  app.footer("'danesmtp COMMAND --help' describes a command.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {  // CLI11 reports --help, --version and mistakes this way
    return error.get_exit_code() == 0 ? app.exit(error) : complain(error.what());
  }
  for (const auto& command : commands)
    if (command.app->parsed()) return command.run();
  std::cout << app.help();
  return kDone;
}

}  // namespace
}  // namespace danesmtp::tool

int main(int argc, char** argv) {
  try {
    int code = danesmtp::tool::run(argc, argv);
    return std::cout.flush() ? code : danesmtp::tool::complain("standard output cannot be written");
  } catch (const std::exception& error) {  // out of memory, or a mistake of ours
    return danesmtp::tool::complain(error.what());
  }
}

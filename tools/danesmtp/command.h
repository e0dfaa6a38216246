// SPDX-License-Identifier: GPL-2.0-or-later
// What a subcommand of the tool is. To add one: a file that defines add_<name>_command, a line here
// and a line in main.cpp's table.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace danesmtp::tool {

// Exit codes, the same for every subcommand.
inline constexpr int kDone = 0;              // also: authenticated
inline constexpr int kNotAuthenticated = 1;  // a verdict
inline constexpr int kBadInput = 2;          // arguments or files that cannot be used
inline constexpr int kNothingUsable = 3;     // no usable TLSA record: TLS without authentication

struct Command {
  CLI::App* app;             // owned by the parent
  std::function<int()> run;  // called after parsing when the subcommand was given; an exit code
};

Command add_check_command(CLI::App& parent);
Command add_explain_command(CLI::App& parent);
Command add_verify_command(CLI::App& parent);
Command add_tlsa_command(CLI::App& parent);
Command add_ocsp_fetch_command(CLI::App& parent);
Command add_cache_command(CLI::App& parent);
Command add_report_command(CLI::App& parent);
Command add_doctor_command(CLI::App& parent);
Command add_mta_sts_daemon_command(CLI::App& parent);

// One line on standard error, "danesmtp: text". Returns kBadInput.
int complain(const std::string& text);

// The same, or as a monitoring plugin says it: on standard output, with the exit code for UNKNOWN.
int complain_as(bool plugin, const std::string& text);

}  // namespace danesmtp::tool

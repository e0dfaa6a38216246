// SPDX-License-Identifier: GPL-2.0-or-later
#include "exim_text.h"

#include <algorithm>

#include "core/bytes.h"
#include "core/words.h"
#include "server/options.h"

namespace danesmtp::tool {
namespace {

constexpr std::string_view kTransport = " transport:";
constexpr std::string_view kIs = " = ";

// What follows `mark` in its line; empty: it is nowhere.
std::string_view rest_of_line(std::string_view text, std::string_view mark) {
  const auto at = text.find(mark);
  if (at == text.npos) return {};
  text.remove_prefix(at + mark.size());
  return text.substr(0, text.find('\n'));
}

void take_setting(std::string_view line, std::map<std::string, std::string>& settings) {
  const auto at = line.find(" =");
  if (at == line.npos) return;
  const auto value = line.substr(std::min(at + kIs.size(), line.size()));
  settings.emplace(line.substr(0, at), value);
}

std::string without_time(std::string_view line) {
  constexpr std::string_view kForm = "0000-00-00 00:00:00 ";
  const bool timed =
      line.size() > kForm.size() && line[4] == '-' && line[7] == '-' && line[10] == ' ';
  return std::string(timed ? line.substr(kForm.size()) : line);
}

}  // namespace

bool EximVersion::has(std::string_view feature) const {
  return std::find(features.begin(), features.end(), feature) != features.end();
}

EximVersion exim_version(std::string_view said) {
  EximVersion version;
  const auto words = words_of(rest_of_line(said, "Exim version "));
  if (!words.empty()) version.number = printable(words.front());
  for (auto word : words_of(rest_of_line(said, "Support for:")))
    version.features.emplace_back(word);
  return version;
}

bool EximTransport::is_exims_smtp() const {
  return !is_ours() && option("driver") == "smtp" && option(kProtocol.name) != "lmtp";
}

std::string EximTransport::option(const std::string& option_name) const {
  const auto found = options.find(option_name);
  return found == options.end() ? std::string() : found->second;
}

std::vector<EximTransport> exim_transports(std::string_view said) {
  std::vector<EximTransport> transports;
  for (auto line : words_of(said, "\n")) {
    if (line.ends_with(kTransport) && line.find(kIs) == line.npos)
      transports.push_back({std::string(line.substr(0, line.size() - kTransport.size())), {}});
    else if (!transports.empty())
      take_setting(line, transports.back().options);
  }
  return transports;
}

std::map<std::string, std::string> exim_settings(std::string_view said) {
  std::map<std::string, std::string> settings;
  for (auto line : words_of(said, "\n")) take_setting(line, settings);
  return settings;
}

std::string module_directory(std::string_view debug_output) {
  auto directory = rest_of_line(debug_output, "transport driver from ");
  if (directory.empty()) {
    directory = rest_of_line(debug_output, "Couldn't open ");
    directory = directory.substr(0, directory.find(": not loading driver modules"));
  }
  while (directory.size() > 1 && directory.ends_with('/')) directory.remove_suffix(1);
  return std::string(directory);
}

std::string configuration_fault(std::string_view standard_error) {
  constexpr std::string_view kPanic = "LOG:";  // the same again, for the panic log
  std::string fault;
  for (auto line : words_of(standard_error, "\n")) {
    if (line.find("danesmtp_transport.so refused") != line.npos)
      return printable(without_time(line));
    if (line.starts_with(kPanic)) break;
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    if (!fault.empty()) fault += ' ';
    fault += without_time(line);
  }
  return printable(fault);
}

}  // namespace danesmtp::tool

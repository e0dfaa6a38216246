// SPDX-License-Identifier: GPL-2.0-or-later
#include "exim_examination.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "bridge/bridge.h"
#include "core/own_library.h"
#include "dns/unbound_table.h"
#include "net/unique_fd.h"
#include "program.h"

namespace danesmtp::tool {
namespace {

constexpr std::array kUsualPlaces = {"/usr/sbin/exim4", "/usr/sbin/exim", "/usr/exim/bin/exim",
                                     "/usr/local/sbin/exim", "/usr/local/exim/bin/exim"};
constexpr std::chrono::seconds kLongest{30};  // a configuration may ask a database
constexpr std::string_view kOwnConfiguration =
    "keep_environment =\nbegin transports\na:\n  driver = danesmtp\n";

std::string found_binary(std::string named) {
  if (!named.empty()) return named;
  for (const char* place : kUsualPlaces)
    if (::access(place, X_OK) == 0) return place;
  return {};
}

// A file that goes away.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view text) {
    const UniqueFd file(::mkstemp(path_.data()));
    there_ =
        file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  }
  ~TemporaryFile() {
    std::error_code code;
    std::filesystem::remove(path_, code);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  // False: it could not be made.
  bool is_there() const { return there_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/danesmtp-doctor-XXXXXX";
  bool there_ = false;
};

std::vector<std::string> command(const std::string& binary, const std::string& configuration,
                                 std::initializer_list<const char*> arguments) {
  std::vector<std::string> argv{binary};
  if (!configuration.empty()) {
    argv.emplace_back("-C");
    argv.push_back(configuration);
  }
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return argv;
}

Result<ProgramOutput> ask(const std::string& binary, const std::string& configuration,
                          std::initializer_list<const char*> arguments) {
  return run_program(command(binary, configuration, arguments), Deadline::in(kLongest));
}

LibraryFacts examine(const std::string& path, const danesmtp_own_library& wanted) {
  char problem[512] = "";
  LibraryFacts facts{path, {}};
  if (!danesmtp_open_library(path.c_str(), &wanted, problem, sizeof(problem)))
    facts.problem = problem;
  return facts;
}

}  // namespace

Exim::Exim(std::string binary, std::string configuration)
    : binary_(found_binary(std::move(binary))), configuration_(std::move(configuration)) {}

// With no configuration, so that nothing in one can be in the way.
ProgramFacts Exim::program() const {
  ProgramFacts facts{binary_, {}, {}};
  if (binary_.empty()) return facts;
  const auto said = ask(binary_, "/dev/null", {"-bV"});
  if (said)
    facts.version = exim_version(said->out);
  else
    facts.trouble = said.error().text;
  return facts;
}

// An Exim that was built with ALT_CONFIG_PREFIX takes no configuration of ours: only whether the
// administrator's loads the module can be seen.
ModuleFacts Exim::module_in_use() const {
  ModuleFacts facts;
  const auto debug = ask(binary_, configuration_, {"-d-all+transport", "-bV"});
  const auto said = ask(binary_, configuration_, {"-bV"});
  if (!debug || !said) {
    facts.fault = debug ? said.error().text : debug.error().text;
    return facts;
  }
  facts.directory = module_directory(debug->errors);
  facts.loads = debug->errors.find("Loaded module \"danesmtp\"") != std::string::npos;
  facts.tried = facts.loads || said->status != 0 || !facts.directory.empty();
  facts.fault = configuration_fault(said->errors);
  return facts;
}

ModuleFacts Exim::module() const {
  const TemporaryFile own(kOwnConfiguration);
  ModuleFacts facts;
  if (!own.is_there()) {
    facts.fault = own.path() + " cannot be made, so the module was not tried";
    return facts;
  }
  const auto said = ask(binary_, own.path(), {"-bV"});
  if (!said) {
    facts.fault = said.error().text;
    return facts;
  }
  if (said->errors.find("-C Permission denied") != std::string::npos) {
    facts = module_in_use();
  } else {
    facts.loads = said->status == 0;
    facts.fault = configuration_fault(said->errors);
    const auto debug = ask(binary_, own.path(), {"-d-all+transport", "-bV"});  // for administrators
    if (debug) facts.directory = module_directory(debug->errors + said->errors);
  }
  std::error_code code;
  facts.there = std::filesystem::exists(facts.directory + "/danesmtp_transport.so", code);
  return facts;
}

ConfigurationFacts Exim::configuration() const {
  ConfigurationFacts facts{configuration_, {}, {}};
  const auto checked = ask(binary_, configuration_, {"-bV"});
  if (!checked) facts.fault = checked.error().text;
  if (checked && checked->status != 0) facts.fault = configuration_fault(checked->errors);
  if (const auto said = ask(binary_, configuration_, {"-bP", "transports"}))
    facts.transports = exim_transports(said->out);
  return facts;
}

std::string Exim::setting(const std::string& name) const {
  const auto said = ask(binary_, configuration_, {"-bP", name.c_str()});
  if (!said) return {};
  const auto settings = exim_settings(said->out);
  const auto found = settings.find(name);
  return found == settings.end() ? std::string() : found->second;
}

std::string Exim::expanded(const std::string& text) const {
  const auto said = ask(binary_, configuration_, {"-be", text.c_str()});
  if (!said || said->status != 0) return {};
  return said->out.substr(0, said->out.find('\n'));
}

LibraryFacts examine_core(const std::string& module_directory) {
  return examine(module_directory + "/danesmtp/core.so",
                 {"core library",
                  DANESMTP_CORE_SYMBOL,
                  {DANESMTP_BRIDGE_VERSION, sizeof(danesmtp_core_table)}});
}

LibraryFacts examine_unbound(const std::string& module_directory) {
  return examine(module_directory + "/danesmtp/unbound.so",
                 {"resolver library",
                  DANESMTP_UNBOUND_SYMBOL,
                  {DANESMTP_UNBOUND_VERSION, sizeof(danesmtp_unbound_table)}});
}

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
#include "exim_findings.h"

#include <algorithm>
#include <array>

#include "core/bytes.h"
#include "core/format.h"
#include "server/options.h"

namespace danesmtp::tool {
namespace {

constexpr const char* kInstall =
    "install the danesmtp module that was built for this very Exim (cmake --install, or its "
    "package)";

constexpr std::array<const Option*, 11> kTold = {
    {&kHostsTryDane, &kHostsRequireDane, &kDaneAuditDomains, &kDaneCache, &kDaneDnssec,
     &kDaneExceptDomains, &kDaneInsecureMx, &kDaneResolver, &kDaneTlsResumption, &kDaneTlsrptSocket,
     &kDaneTrustAnchorFile}};

Finding without_exim(const ProgramFacts& facts) {
  constexpr const char* kName = "name it: danesmtp doctor --exim /usr/sbin/exim4";
  if (facts.binary.empty())
    return {"exim", Health::Failure, "there is no Exim in the usual places", kName};
  if (!facts.trouble.empty()) return {"exim", Health::Failure, printable(facts.trouble), kName};
  return {"exim", Health::Failure,
          format("{} does not say that it is Exim", printable(facts.binary)), kName};
}

// Those that say something beside their defaults.
std::string options_text(const EximTransport& transport) {
  std::vector<std::string> said;
  for (const Option* option : kTold) {
    const auto value = transport.option(option->name);
    if (value != option->default_text)
      said.push_back(format("{} = {}", option->name, printable(value)));
  }
  return said.empty() ? "every option of ours has its default" : join(said, ", ");
}

Finding judge_ours(const EximTransport& transport) {
  const auto subject = "transport " + printable(transport.name);
  if (!does_dane(transport))
    return {subject, Health::Failure,
            "hosts_try_dane and hosts_require_dane are empty (or it speaks LMTP): DANE is off",
            format("in {}: hosts_try_dane = *", printable(transport.name))};
  return {subject, Health::Ok, "driver = danesmtp; " + options_text(transport), {}};
}

Finding judge_exims(const EximTransport& transport) {
  return {"transport " + printable(transport.name), Health::Warning,
          "driver = smtp: what a router sends by it goes around the module",
          format("in {}: driver = danesmtp, unless it serves hosts of your own only",
                 printable(transport.name))};
}

}  // namespace

Finding judge_program(const ProgramFacts& facts) {
  if (facts.version.number.empty()) return without_exim(facts);
  const auto text = format("{}, version {}", printable(facts.binary), facts.version.number);
  if (!facts.version.has("GnuTLS") && !facts.version.has("OpenSSL"))
    return {"exim", Health::Failure, text + ", built without TLS",
            "install an Exim that was built with TLS (Debian: exim4-daemon-light or -heavy)"};
  const char* tls = facts.version.has("GnuTLS") ? "GnuTLS" : "OpenSSL";
  return {"exim", Health::Ok, format("{}, with {}", text, tls), {}};
}

Finding judge_loader(const ModuleFacts& facts, const EximVersion& version) {
  if (facts.loads && facts.directory.empty())
    return {"loader", Health::Ok, "it loads transports", {}};
  if (!facts.directory.empty())
    return {"loader", Health::Ok, "it loads transports from " + printable(facts.directory), {}};
  if (facts.fault.find("danesmtp_transport.so") != facts.fault.npos)
    return {"loader", Health::Ok, "it loads transports", {}};
  if (!facts.tried)
    return {"loader", Health::Warning,
            "not known: this Exim takes no configuration but its own (ALT_CONFIG_PREFIX), and no "
            "transport there uses danesmtp",
            "add such a transport to a copy of it: danesmtp doctor --config COPY"};
  return {"loader", Health::Failure,
          format("this Exim {} loads no transports (they came with 4.99 and LOOKUP_MODULE_DIR)",
                 version.number),
          "install an Exim that does: Debian's exim4-daemon-mod, or one built with "
          "LOOKUP_MODULE_DIR; compat/README.md tells which"};
}

Finding judge_module(const ModuleFacts& facts) {
  const auto path = facts.directory.empty() ? std::string("danesmtp_transport.so")
                                            : printable(facts.directory) + "/danesmtp_transport.so";
  if (facts.loads) return {"module", Health::Ok, path + " fits this Exim", {}};
  if (!facts.there && !facts.directory.empty())
    return {"module", Health::Failure, path + " is not there", kInstall};
  return {"module", Health::Failure,
          facts.fault.empty() ? path + " does not load" : printable(facts.fault), kInstall};
}

Finding judge_library(const LibraryFacts& facts) {
  const auto name = facts.path.substr(facts.path.rfind('/') + 1);
  if (!facts.problem.empty())
    return {name, Health::Failure, printable(facts.problem),
            "install module, core.so and unbound.so again, together"};
  return {name, Health::Ok, printable(facts.path) + " is whole and of this version", {}};
}

std::vector<EximTransport> ConfigurationFacts::ours() const {
  std::vector<EximTransport> found;
  std::copy_if(transports.begin(), transports.end(), std::back_inserter(found),
               [](const EximTransport& transport) { return transport.is_ours(); });
  return found;
}

Finding judge_configuration(const ConfigurationFacts& facts) {
  const auto file = printable(facts.file.empty() ? "the configuration" : facts.file);
  if (facts.fault.empty()) return {"configuration", Health::Ok, "Exim takes " + file, {}};
  return {"configuration", Health::Failure, printable(facts.fault),
          "mend it before Exim is restarted; exim -bV checks it"};
}

bool does_dane(const EximTransport& transport) {
  return transport.option(kProtocol.name) != "lmtp" &&
         (!transport.option(kHostsTryDane.name).empty() ||
          !transport.option(kHostsRequireDane.name).empty());
}

Findings judge_transports(const ConfigurationFacts& facts) {
  if (facts.transports.empty() && !facts.fault.empty())
    return {{"transports", Health::Failure, "not known, as Exim does not take the configuration",
             "mend that first"}};
  Findings findings;
  for (const auto& transport : facts.transports)
    if (transport.is_ours()) findings.push_back(judge_ours(transport));
  if (findings.empty())
    findings.push_back({"transports", Health::Failure, "no transport uses danesmtp",
                        "in the transport that sends to other hosts (often remote_smtp), instead "
                        "of driver = smtp: driver = danesmtp"});
  for (const auto& transport : facts.transports)
    if (transport.is_exims_smtp()) findings.push_back(judge_exims(transport));
  return findings;
}

}  // namespace danesmtp::tool

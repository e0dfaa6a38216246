// SPDX-License-Identifier: GPL-2.0-or-later
#include "diagnosis.h"

#include <algorithm>

#include "core/format.h"
#include "exim_findings.h"
#include "server/options.h"

namespace danesmtp::tool {
namespace {

constexpr int kSchema = 1;

int colour_code(Health health) {
  switch (health) {
    case Health::Ok:
      return 32;
    case Health::Warning:
      return 33;
    case Health::Failure:
      return 31;
  }
  return 31;
}

auto count(const Diagnosis& diagnosis, Health health) {
  return std::count_if(diagnosis.findings.begin(), diagnosis.findings.end(),
                       [&](const Finding& finding) { return finding.health == health; });
}

bool any(const std::vector<EximTransport>& transports, bool (*is)(const EximTransport& transport)) {
  return std::any_of(transports.begin(), transports.end(), is);
}

bool is_ours_with_dane(const EximTransport& transport) {
  return transport.is_ours() && does_dane(transport);
}

bool audits_all(const EximTransport& transport) {
  return transport.is_ours() && transport.option(kDaneAuditDomains.name) == "*";
}

bool goes_around(const EximTransport& transport) {
  return transport.is_exims_smtp();
}

std::string around_text(const Prospect& prospect) {
  return any(prospect.transports, goes_around)
             ? "; what routers send by a transport with driver = smtp goes without all this"
             : "";
}

}  // namespace

const char* health_word(Health health) {
  switch (health) {
    case Health::Ok:
      return "ok";
    case Health::Warning:
      return "warning";
    case Health::Failure:
      return "failure";
  }
  return "failure";
}

Health Diagnosis::health() const {
  Health worst = Health::Ok;
  for (const auto& finding : findings) worst = std::max(worst, finding.health);
  return worst;
}

std::string mail_prospect(const Prospect& prospect) {
  constexpr const char* kNoStart =
      "an Exim that is restarted does not start; one that runs goes on as it was configured "
      "before, and mail that its deliveries cannot judge waits";
  const bool used = any(prospect.transports, is_ours_with_dane);
  if (!prospect.exim) return "no mail goes by DANE: there is no Exim that could load the module";
  if (!prospect.configuration && prospect.transports.empty()) return kNoStart;
  if (!used)
    return "no mail goes by DANE: Exim's own driver sends it, as if the module were not there";
  if (!prospect.module)
    return "mail to other hosts waits, with or without DANE, and an Exim that is restarted may not "
           "start: nothing is lost or sent unprotected";
  if (!prospect.configuration) return kNoStart;
  if (!prospect.resolves)
    return "mail to other hosts waits, with or without DANE, until the DNS can be validated: "
           "nothing is lost or sent unprotected" +
           around_text(prospect);
  if (any(prospect.transports, audits_all))
    return "mail goes as before; what DANE would hold up is logged and sent all the same "
           "(dane_audit_domains = *)" +
           around_text(prospect);
  return "mail to a domain with DANE goes over TLS that was authenticated by its records, or "
         "waits; to any other domain it " +
         std::string(prospect.awaits_policies ? "waits until the daemon of dane_mta_sts answers"
                                              : "goes as by Exim's own driver") +
         around_text(prospect);
}

std::string to_text(const Diagnosis& diagnosis, Colour colour) {
  std::string text;
  for (const auto& finding : diagnosis.findings) {
    const auto word = format("{:<7}", health_word(finding.health));
    text += format("{} {}: {}\n", coloured(word, colour_code(finding.health), colour),
                   finding.subject, finding.seen);
    if (!finding.mend.empty()) text += format("        to mend it: {}\n", finding.mend);
  }
  return text + format("\nMail: {}.\n", diagnosis.mail);
}

nlohmann::json to_json(const Diagnosis& diagnosis) {
  nlohmann::json object{{"schema", kSchema},
                        {"state", health_word(diagnosis.health())},
                        {"mail", diagnosis.mail},
                        {"findings", nlohmann::json::array()}};
  for (const auto& finding : diagnosis.findings)
    object["findings"].push_back(
        {{"subject", finding.subject},
         {"state", health_word(finding.health)},
         {"seen", finding.seen},
         {"mend", finding.mend.empty() ? nlohmann::json() : nlohmann::json(finding.mend)}});
  return object;
}

std::string to_plugin_text(const Diagnosis& diagnosis) {
  const auto worst = std::max_element(
      diagnosis.findings.begin(), diagnosis.findings.end(),
      [](const Finding& one, const Finding& other) { return one.health < other.health; });
  std::string text = diagnosis.mail;
  if (diagnosis.health() != Health::Ok) text = format("{}: {}", worst->subject, worst->seen);
  std::replace(text.begin(), text.end(), '|', '/');  // performance data comes behind it
  return format("{} | ok={} warning={} failure={}", text, count(diagnosis, Health::Ok),
                count(diagnosis, Health::Warning), count(diagnosis, Health::Failure));
}

}  // namespace danesmtp::tool

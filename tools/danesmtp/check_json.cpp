// SPDX-License-Identifier: GPL-2.0-or-later
// The JSON form of a report (doc/json-schema.md).
#include "certificate_facts.h"
#include "check_report.h"
#include "core/format.h"
#include "time_input.h"
#include "verdict_report.h"

namespace danesmtp::tool {
namespace {

using nlohmann::json;

json or_null(const std::string& text) {
  return text.empty() ? json() : json(text);
}

json to_json(const LookUp& look_up) {
  return {{"name", look_up.name},
          {"type", type_text(look_up.type)},
          {"dnssec", state_text(look_up)},
          {"error", look_up.error ? json(look_up.error->text) : json()},
          {"nxdomain", look_up.nxdomain},
          {"ttl", look_up.ttl},
          {"canonical", or_null(look_up.canonical)},
          {"records", look_up.records}};
}

struct PolicyJson {
  json operator()(const NoDane& none) const { return {{"kind", "none"}, {"reason", none.why}}; }
  json operator()(const EncryptOnly& only) const {
    return {{"kind", "encrypt"},
            {"reason", join(only.reasons, "; ")},
            {"base_domain", only.base_domain.text()}};
  }
  json operator()(const Authenticate& dane) const {
    std::vector<std::string> records;
    for (const auto& record : dane.records) records.push_back(to_text(record));
    return {{"kind", "dane"}, {"base_domain", dane.base_domain.text()}, {"records", records}};
  }
  json operator()(const SkipHost& skip) const {
    return {{"kind", "skip"}, {"reason", skip.error.text}};
  }
};

json to_json(const CertificateFacts& facts, WallTime now) {
  return {{"subject", facts.subject},
          {"issuer", facts.issuer},
          {"names", facts.names},
          {"not_before", to_rfc3339(facts.not_before)},
          {"not_after", to_rfc3339(facts.not_after)},
          {"days_left", days_left(facts, now)},
          {"key_sha256", facts.key_sha256}};
}

json certificates(const TlsInfo& tls, WallTime now) {
  json list = json::array();
  for (const auto& der : tls.chain) {
    auto facts = certificate_facts(der);
    list.push_back(facts ? to_json(*facts, now) : json());
  }
  return list;
}

// What a sender would report (RFC 8460).
json to_json(const std::optional<TlsAttempt>& attempt) {
  if (!attempt) return {};
  return {{"policy", policy_type(attempt->policy.type)},
          {"result", attempt->failure ? result_type(attempt->failure->type) : "success"},
          {"text", attempt->failure ? or_null(attempt->failure->text) : json()}};
}

const char* trust_word(PeerTrust trust) {
  switch (trust) {
    case PeerTrust::Dane:
      return "dane";
    case PeerTrust::Sts:
      return "sts";
    case PeerTrust::Verified:
      return "verified";
    case PeerTrust::None:
      break;
  }
  return "none";
}

json to_json(const AddressReport& address, WallTime now) {
  json object{{"address", address.address},
              {"error", address.failure ? json(address.failure->verdict.text) : json()},
              {"trust", trust_word(address.trust)},
              {"ocsp", ocsp_word(address.ocsp)},
              {"report", to_json(address.report)},
              {"tls", nullptr},
              {"verdict", nullptr},
              {"certificates", json::array()},
              {"other", nullptr}};
  if (address.tls) {
    object["tls"] = {{"version", address.tls->version},
                     {"cipher", address.tls->cipher},
                     {"group", or_null(address.tls->group)},
                     {"sni", or_null(address.tls->sni)},
                     {"requiretls", address.requiretls}};
    object["certificates"] = certificates(*address.tls, now);
  }
  if (address.other)
    object["other"] = {{"key", has_rsa_key(address.other->tls.chain.front()) ? "rsa" : "curve"},
                       {"verdict", dane_json(address.other->dane)},
                       {"certificates", certificates(address.other->tls, now)}};
  if (address.dane) object["verdict"] = dane_json(*address.dane);
  return object;
}

json to_json(const std::optional<StsDemand>& demand) {
  if (!demand) return {};
  return {{"mode", mode_text(demand->policy.mode)},
          {"patterns", demand->policy.patterns},
          {"names_host", demand->names_host}};
}

json to_json(const HostReport& host, WallTime now) {
  json object{{"name", host.name},
              {"port", host.port},
              {"preference", host.preference ? json(*host.preference) : json()},
              {"mx_secure", host.plan.mx == MxTrust::Secure},
              {"policy", std::visit(PolicyJson{}, host.plan.policy)},
              {"sts", to_json(host.plan.sts)},
              {"report", to_json(host.report)},
              {"names", json::array()},
              {"addresses", json::array()}};
  for (const auto& name : host.plan.names) object["names"].push_back(name.text());
  for (const auto& address : host.addresses) object["addresses"].push_back(to_json(address, now));
  return object;
}

const char* role_word(Role role) {
  switch (role) {
    case Role::Owner:
      return "owner";
    case Role::Sender:
      return "sender";
    case Role::Resolver:
      return "resolver";
  }
  return "owner";
}

json to_json(const Advice& advice) {
  return {{"level", advice.weight == Weight::Warning ? "warning" : "note"},
          {"role", role_word(advice.role)},
          {"host", or_null(advice.host)},
          {"text", advice.text},
          {"rfc", advice.rfc},
          {"publish", or_null(advice.publish)}};
}

}  // namespace

json to_json(const Checked& checked) {
  const auto& report = checked.report;
  if (report.fate == Fate::Unknown)
    return {{"schema", kSchema},
            {"target", report.target.text},
            {"state", state_word(checked.state)},
            {"error", report.reason}};
  json object{{"schema", kSchema},
              {"target", report.target.text},
              {"checked_at", to_rfc3339(checked.at)},
              {"milliseconds", report.took.count()},
              {"state", state_word(checked.state)},
              {"outcome", fate_word(report.fate)},
              {"host", or_null(report.host)},
              {"reason", or_null(report.reason)},
              {"report", to_json(report.tls_report)},
              {"look_ups", json::array()},
              {"hosts", json::array()},
              {"advice", json::array()}};
  for (const auto& look_up : report.look_ups) object["look_ups"].push_back(to_json(look_up));
  for (const auto& host : report.hosts) object["hosts"].push_back(to_json(host, checked.at));
  for (const auto& advice : checked.advice) object["advice"].push_back(to_json(advice));
  return object;
}

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// The TLSRPT record of a domain, as the DNS has it, and the datagram that tells the collector of an
// attempt, with what the domain and its servers say of themselves in it: a record that is taken is
// one of those that came, and the only one; a datagram is one JSON object with just the members
// that it should have. RFC 8460 3 and 4.4, RFC 8259. Input: octets of choice, then pieces.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "fuzz/fuzz_support.h"
#include "tlsrpt/datagram.h"
#include "tlsrpt/report_record.h"

using namespace danesmtp;
using fuzz::must;

namespace {

constexpr std::size_t kMostTexts = 8;
constexpr int kFailureTypes = 11;
const std::string kRecord = "v=TLSRPTv1; rua=mailto:tls@dom.lab";

std::vector<std::string> texts_of(fuzz::Input& input, std::size_t most) {
  std::vector<std::string> texts;
  while (!input.empty() && texts.size() < most) texts.emplace_back(as_text(input.piece()));
  return texts;
}

std::string text_of(fuzz::Input& input) {
  return std::string(as_text(input.piece()));
}

bool has_scheme(const std::string& text) {
  return text.find("mailto:") != std::string::npos || text.find("https://") != std::string::npos;
}

void check_record(std::vector<std::string> texts) {
  const auto record = report_record(texts);
  if (!record) return;
  must(std::count(texts.begin(), texts.end(), *record) == 1);
  must(record->starts_with("v=TLSRPTv1") && record->find("rua=") != std::string::npos);
  must(has_scheme(*record) && record->size() <= 4096);
  must(report_record({*record}) == record);
  texts.push_back(kRecord);  // RFC 8460 3: of several none counts
  must(!report_record(texts));
}

TlsAttempt attempt_of(fuzz::Input& input) {
  const std::uint8_t policy = input.octet(), failure = input.octet();
  TlsAttempt attempt{"dom.lab", {static_cast<ReportedPolicy>(policy % 3), text_of(input)}, {}, {}};
  attempt.ends = {"192.0.2.1", text_of(input), text_of(input), text_of(input)};
  if (failure % 2 == 1)
    attempt.failure =
        TlsFailure{static_cast<FailureType>(failure / 2 % kFailureTypes), text_of(input)};
  attempt.policy.mx_hosts = texts_of(input, policy / 3 % kMostTexts);
  attempt.policy.strings = texts_of(input, kMostTexts);
  return attempt;
}

// Those that a member is left out for when they are empty.
std::size_t count_of(std::initializer_list<const std::string*> texts) {
  return static_cast<std::size_t>(
      std::count_if(texts.begin(), texts.end(), [](const auto* text) { return !text->empty(); }));
}

void check_details(const nlohmann::json& details, const TlsAttempt& attempt) {
  const auto& ends = attempt.ends;
  must(details.size() == 1 + count_of({&ends.sending_ip, &ends.mx_name, &ends.mx_helo, &ends.mx_ip,
                                       &attempt.failure->text}));
  for (const auto& [member, value] : details.items())
    must(member == "c" ? value.is_number() : value.is_string());
}

void check_policy(const nlohmann::json& policy, const TlsAttempt& attempt) {
  const auto& facts = attempt.policy;
  const std::size_t lists = (facts.strings.empty() ? 0U : 1U) + (facts.mx_hosts.empty() ? 0U : 1U);
  must(policy.size() == 4 + lists + (attempt.failure ? 1U : 0U));
  must(policy.at("t") == policy.at("f") && policy.at("f") == (attempt.failure ? 1 : 0));
  if (!facts.strings.empty()) must(policy.at("policy-string").size() == facts.strings.size());
  if (!facts.mx_hosts.empty()) must(policy.at("mx-host").size() == facts.mx_hosts.size());
  if (attempt.failure) check_details(policy.at("failure-details").at(0), attempt);
}

void check_datagram(const TlsAttempt& attempt, const std::string& record) {
  const auto datagram = report_datagram(attempt, record);
  must(datagram.find('\n') == std::string::npos);
  const auto read = nlohmann::json::parse(datagram, nullptr, false);
  must(read.is_object() && read.size() == 4);
  must(read.at("d") == attempt.domain && read.at("pr") == record);
  must(read.at("policies").size() == 1);
  check_policy(read.at("policies").at(0), attempt);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input({data, size});
  check_record({std::string(as_text({data, size}))});
  check_record(texts_of(input, kMostTexts));
  fuzz::Input again({data, size});
  check_datagram(attempt_of(again), kRecord);
  return 0;
}

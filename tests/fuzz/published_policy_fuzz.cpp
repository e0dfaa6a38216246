// SPDX-License-Identifier: GPL-2.0-or-later
// What whoever has a domain puts into its record and its policy of MTA-STS (RFC 8461 3.1, 3.2), and
// what a client sends to the daemon. What is said of a policy is read by the transport as that
// policy, and is never longer than an answer may be.
#include "fuzz/fuzz_support.h"
#include "map_answer.h"
#include "map_question.h"
#include "policy_files.h"
#include "sts/netstring.h"
#include "sts/policy_answer.h"
#include "sts_record.h"

using namespace danesmtp;
using namespace danesmtp::tool;
using fuzz::must;

namespace {

const char* const kDomain = "dom.lab";

StsMode sts_mode(PublishedMode mode) {
  return mode == PublishedMode::Enforce ? StsMode::Enforce : StsMode::Testing;
}

void check_answer(const PublishedPolicy& policy) {
  const auto answer = answer_of(kDomain, policy);
  must(answer.size() <= kLongestAnswer);
  const auto read = policy_in(answer, *DnsName::parse(kDomain));
  must(read.has_value() && read->has_value() == (policy.mode != PublishedMode::None));
  if (!*read) return;
  must((*read)->patterns == policy.patterns && (*read)->mode == sts_mode(policy.mode));
  must(!(*read)->fault && (*read)->domain == kDomain);
}

void check_policy(std::string_view octets) {
  auto policy = parse_policy(octets);
  if (!policy) return must(!policy.error().text.empty());
  must(policy->max_age >= std::chrono::seconds(0) && policy->max_age <= kLongestAge);
  must(policy->mode == PublishedMode::None || !policy->patterns.empty());
  check_answer(*policy);
  const KeptPolicy kept{"1", std::string(octets), *policy, WallTime(std::chrono::seconds(7))};
  const auto again = kept_policy(kDomain, file_text(kDomain, kept));
  must(again && again->text == octets && again->fetched == kept.fetched);
}

// What is taken from a file is told again, and taken as the same.
void check_kept(const std::string& octets) {
  const auto kept = kept_policy(kDomain, octets);
  if (!kept) return;
  const auto again = kept_policy(kDomain, file_text(kDomain, *kept));
  must(again && again->id == kept->id && again->text == kept->text);
  must(again->fetched == kept->fetched && again->end() == kept->end());
}

void check_record(std::string_view octets) {
  const auto id = sts_record_id({std::string(octets)});
  if (!id) return;
  must(!id->empty() && id->size() <= 32 && octets.find("id=" + *id) != std::string_view::npos);
  must(!sts_record_id({std::string(octets), std::string(octets)}));
}

// Each question that is taken makes the rest shorter.
void check_questions(std::string octets) {
  for (auto before = octets.size();; before = octets.size()) {
    const auto key = take_question(octets);
    if (!key || !*key) return must(octets.size() == before);
    must(octets.size() < before && (*key)->size() < kLongestQuestion);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets = as_text({data, size});
  check_policy(octets);
  check_record(octets);
  check_questions(std::string(octets));
  check_kept(std::string(octets));
  const StsFault fault{StsFaultType::Fetch, std::string(octets.substr(0, 100))};
  must(answer_of(kDomain, fault).size() <= kLongestAnswer);
  return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "sts/daemon_policies.h"

#include "core/format.h"
#include "sts/policy_answer.h"
#include "sts/socketmap.h"

namespace danesmtp {
namespace {

// The key of an answer of the DNS begins with a hash, which this is not.
constexpr std::string_view kKeyPrefix = "MTA-STS\n";

Bytes key_of(const danesmtp_socketmap& daemon, const DnsName& domain) {
  const auto text = format("{}{} {}\n{}", kKeyPrefix, to_text(daemon), daemon.map, domain.text());
  const auto octets = as_bytes(text);
  return {octets.begin(), octets.end()};
}

// In socketmap's own words: what is kept is always an answer.
std::string answer_of(const Result<std::string>& said) {
  return said ? *said : format("TIMEOUT {}", said.error().text);
}

}  // namespace

std::optional<std::string> sts_domain_of(ByteView key) {
  const auto text = as_text(key);
  if (!text.starts_with(kKeyPrefix)) return std::nullopt;
  return std::string(text.substr(text.rfind('\n') + 1));
}

std::string DaemonPolicies::answer_for(const DnsName& domain, Deadline deadline) {
  const auto key = key_of(daemon_, domain);
  if (const auto kept = store_.find(Shelf::Answers, key)) return std::string(as_text(kept->value));
  const auto limit = earlier(deadline, Deadline::in(kDaemonTime));
  auto answer = answer_of(ask_socketmap(daemon_, domain.text(), limit));
  const bool good = policy_in(answer, domain).has_value();
  // That there was no time left says nothing of the daemon.
  if (good || !deadline.passed())
    store_.keep(Shelf::Answers, key, as_bytes(answer),
                good ? std::chrono::seconds(kAnswerKept) : kFailureKept);
  return answer;
}

// D-186
Result<std::optional<StsPolicy>> DaemonPolicies::of(const DnsName& domain, Deadline deadline) {
  const auto answer = answer_for(domain, deadline);
  auto policy = policy_in(answer, domain);
  if (policy) return policy;
  const auto why = format("{}: {}: {}", to_text(daemon_), domain.text(), policy.error().text);
  // Where our own look-ups took all the time, which others can make them do, it is not the daemon.
  if (down_ == DaemonDown::Waits || deadline.passed())
    return fail_for_operator(ErrorKind::DnsFailure, format("MTA-STS: {}", why));
  if (trouble_) trouble_(why);
  return std::nullopt;
}

}  // namespace danesmtp

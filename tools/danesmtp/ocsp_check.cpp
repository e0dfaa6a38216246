// SPDX-License-Identifier: GPL-2.0-or-later
#include "ocsp_check.h"

#include "core/format.h"
#include "nagios_report.h"
#include "ocsp_proof.h"

namespace danesmtp::tool {
namespace {

using std::chrono::seconds;

// What is to be told of one file.
struct Finding {
  State state = State::Critical;
  std::string text;
  std::optional<seconds> age, left;
};

State state_of(const OcspProof& proof, const OcspLimits& limits, seconds left) {
  if (left < limits.critical.value_or(proof.life() / 10)) return State::Critical;
  return left < limits.warning.value_or(proof.life() / 4) ? State::Warning : State::Ok;
}

Finding judge(const OcspTarget& target, const OcspSubject& subject, const OcspLimits& limits,
              WallTime now) {
  auto proof = shown_proof(target.proof, subject, now);
  if (!proof) return {State::Critical, proof.error().text, {}, {}};
  if (proof->verdict.answer == OcspAnswer::Absent)
    return {State::Critical, format("{}: there is no proof in it", target.proof), {}, {}};
  if (proof->verdict.answer != OcspAnswer::Good)
    return {State::Critical, format("{}: {}", target.proof, proof->verdict.reason), {}, {}};
  const seconds left = proof->end() - now;
  const seconds age = now - proof->verdict.this_update;
  return {state_of(*proof, limits, left),
          left < seconds(0) ? format("{} has expired", target.proof)
                            : format("{} is good for {}, {} old", target.proof, duration_text(left),
                                     duration_text(age)),
          age, left};
}

// Without a responder a proof is as good as ever, for as long as it lasts; only none will follow.
Finding check_one(const OcspTarget& target, const OcspLimits& limits, WallTime now) {
  auto subject = read_subject(target);
  if (!subject) return {State::Unknown, subject.error().text, {}, {}};
  Finding finding = judge(target, *subject, limits, now);
  if (finding.state != State::Ok && subject->url.empty())
    finding.text += format(
        "; {} names no OCSP responder, so nothing renews it: take tls_ocsp_file and this line "
        "away, or name one (url=)",
        target.certificates);
  return finding;
}

std::string performance(const std::vector<Finding>& findings) {
  std::optional<seconds> age, left;
  for (const auto& one : findings) {
    if (one.age && (!age || *one.age > *age)) age = one.age;
    if (one.left && (!left || *one.left < *left)) left = one.left;
  }
  if (!age || !left) return {};
  return format(" | age={}s left={}s", age->count(), left->count());
}

}  // namespace

OcspCheck check_proofs(const std::vector<OcspTarget>& targets, const OcspLimits& limits,
                       WallTime now) {
  std::vector<Finding> findings;
  findings.reserve(targets.size());
  for (const auto& target : targets) findings.push_back(check_one(target, limits, now));
  const Finding* worst = &findings.front();
  for (const auto& one : findings)
    if (one.state > worst->state) worst = &one;
  return {worst->state,
          format("OCSP {} - {}{}", plugin_word(worst->state), worst->text, performance(findings))};
}

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/tls_requirement.h"

#include "outcome/delivery_log.h"
#include "route/attempt_verdict.h"

namespace danesmtp {
namespace {

// RFC 8689 2: "its name MUST be validated". D-191
bool is_named_for_sure(const HostPlan& plan) {
  return plan.mx == MxTrust::Secure || plan.named_by_sts;
}

bool is_unsuited(const HostPlan& plan) {
  const auto* skip = std::get_if<SkipHost>(&plan.policy);
  return skip && skip->reason == SkipReason::Unsuited;
}

// By DANE or MTA-STS all the way from the domain.
bool is_authenticated(const ConnectionFacts& facts) {
  return facts.trust == PeerTrust::Dane || facts.trust == PeerTrust::Sts;
}

}  // namespace

bool requires_tls(const AddressBatch& batch) {
  return batch.require_tls == RequireTls::Always;
}

void apply_requirement(const std::string& host, HostPlan& plan) {
  if (std::holds_alternative<SkipHost>(plan.policy)) return;
  if (!is_named_for_sure(plan))
    plan.policy = SkipHost{{ErrorKind::TlsVerify, unsuited_host_text(host)}, SkipReason::Unsuited};
  else
    plan.webpki_required =
        !std::holds_alternative<Authenticate>(plan.policy) && !is_held_to_sts(plan);
}

TlsPromise promise_of(const HostPlan& plan) {
  return plan.webpki_required ? TlsPromise::None : TlsPromise::Made;
}

FailureRuling ruling_on_plan(const AttemptContext& attempt, const Error& error) {
  const auto& plan = attempt.request.plan;
  if (is_unsuited(plan)) return rule_on_unsuited_host(Shortcoming::NoRequireTls, error.text);
  if (!is_held(plan)) return rule_on_host_error(error);
  const auto ruling = rule_on_policy_failure(error);
  return requires_tls(attempt.batch) ? for_this_message_alone(ruling) : ruling;
}

FailureRuling ruling_on_session(const AttemptContext& attempt, const SmtpTrouble& trouble) {
  return requires_tls(attempt.batch)
             ? rule_on_required_tls(trouble, promise_of(attempt.request.plan))
             : rule_on_trouble(trouble);
}

// D-191: nothing is said of the message before.
std::optional<FailureRuling> unsuited_session(const AttemptContext& attempt,
                                              const ConnectionFacts& facts,
                                              const EhloCapabilities& offered) {
  if (!requires_tls(attempt.batch)) return std::nullopt;
  if (facts.cipher.empty() || facts.trust == PeerTrust::None)
    return rule_on_unsuited_host(Shortcoming::NoTls, "the server is not authenticated");
  if (!offered.requiretls)
    return rule_on_unsuited_host(Shortcoming::NoRequireTls, no_requiretls_text());
  return std::nullopt;
}

// RFC 8689 2 and 5: also of a message with the null sender, but only where all of it holds. D-190
bool carries_requiretls(const AttemptContext& attempt, const ConnectionFacts& facts,
                        const EhloCapabilities& offered) {
  if (attempt.batch.require_tls == RequireTls::No || !offered.requiretls) return false;
  return requires_tls(attempt.batch) || (!facts.cipher.empty() && is_authenticated(facts));
}

}  // namespace danesmtp

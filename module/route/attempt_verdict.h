// SPDX-License-Identifier: GPL-2.0-or-later
// The verdict of one connection on its host, as the host's DANE policy sees it: a value. What may
// be called CV=dane is decided here and nowhere else, and tell_of_failure() is the one place that
// turns a verdict into events. What its domain is told of it: route/attempt_report.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "dane/dane_verify.h"
#include "outcome/failure_policy.h"
#include "route/host_plan.h"
#include "server/mail_server.h"
#include "tlsrpt/tls_attempt.h"

namespace danesmtp {

enum class PolicyKind { None, Encrypt, Authenticate, Skip };

struct AttemptVerdict {
  PolicyKind policy = PolicyKind::None;
  std::vector<TlsaRecord> records{};  // that the peer is held to
  PeerTrust trust = PeerTrust::None;
  OcspResult ocsp = OcspResult::NotRequested;
  std::optional<FailureType> failure{};
};

// Does the host have a policy that DANE made, whether it is enforced or only audited?
bool has_dane_policy(const HostPlan& plan);

// ... and is it enforced?
bool is_held_to_dane(const HostPlan& plan);

// Does MTA-STS forbid to use the host unless it satisfies the domain's policy (RFC 8461 5)?
bool is_held_to_sts(const HostPlan& plan);

// To one of the two, or to what a message that requires TLS asks of it: without TLS, or with a peer
// that is refused, nothing is sent.
bool is_held(const HostPlan& plan);

// Whose policy is in a text about such a host.
PolicyOf policy_over(const HostPlan& plan);

// What a peer is called whose certificate the host's records authenticate.
PeerTrust trust_by_records(const HostPlan& plan);

// What a peer is called that satisfies all that the host is held to.
PeerTrust trust_by_policy(const HostPlan& plan);

// Before any connection. Only a host to be skipped has failed by then.
AttemptVerdict verdict_of_policy(const HostPlan& plan);

// A look-up failed that every host of the domain depends on.
AttemptVerdict verdict_of_failed_domain();

FailureType type_of(DaneFailure failure);

// Why a session that could not be opened failed its host's policy; nothing: for no such reason.
// `dane`: what the records said of the peer, if it came to that.
std::optional<FailureType> failure_at(SmtpStage stage, const FailureRuling& ruling,
                                      const std::optional<DaneVerdict>& dane);

// A session that could not be opened: what that makes of the verdict.
void add_failure(AttemptVerdict& verdict, SmtpStage stage, const FailureRuling& ruling,
                 const std::optional<DaneVerdict>& dane);

// Raises dane:fail, if there is a failure. `host`: its index, or kNoHost.
void tell_of_failure(MailServer& server, HostIndex host, RecipientIndex recipient,
                     const AttemptVerdict& verdict);

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// A message that requires TLS (RFC 8689 2, 4.2.1): which hosts may have it. Its name must be
// validated, by a signed MX record, the configuration or a policy of MTA-STS; then its certificate
// must be its own, by DANE or by the certificates of the web; and its server must offer REQUIRETLS
// within TLS. What becomes of a message that no host may have is said in outcome/failure_policy.
#pragma once

#include <optional>
#include <string>

#include "outcome/failure_policy.h"
#include "route/attempt_context.h"
#include "route/host_plan.h"
#include "server/address_batch.h"
#include "smtp/ehlo.h"

namespace danesmtp {

// By no other way than one of RFC 8689's: no list of exceptions has a say (D-192).
bool requires_tls(const AddressBatch& batch);

// To a host for which DANE and MTA-STS are decided; `host` as the MX record names it.
void apply_requirement(const std::string& host, HostPlan& plan);

// Has the domain promised that the host can be authenticated?
TlsPromise promise_of(const HostPlan& plan);

// A host that cannot be tried, or cannot be spoken to as it must be, says so of this message alone.
FailureRuling ruling_on_plan(const AttemptContext& attempt, const Error& error);
FailureRuling ruling_on_session(const AttemptContext& attempt, const SmtpTrouble& trouble);

// What keeps an open session from being used for the message; nothing: it may go.
std::optional<FailureRuling> unsuited_session(const AttemptContext& attempt,
                                              const ConnectionFacts& facts,
                                              const EhloCapabilities& offered);

// Does MAIL carry REQUIRETLS on this session?
bool carries_requiretls(const AttemptContext& attempt, const ConnectionFacts& facts,
                        const EhloCapabilities& offered);

}  // namespace danesmtp

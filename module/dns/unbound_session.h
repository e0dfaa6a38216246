// SPDX-License-Identifier: GPL-2.0-or-later
// DNSSEC validation in this process, by libunbound: one context with one upstream. It belongs to
// the process that opened it. libunbound works in a thread of its own, with all signals blocked,
// since only so a wait can be ended (doc/decisions/0004). Before any answer is given the root's
// DNSKEY must have validated: a missing, empty or useless trust anchor makes libunbound call
// everything insecure, and that must never look like an unsigned Internet. "Insecure" is a proof:
// what libunbound would make up by itself is switched off (doc/decisions/0011).
#pragma once

#include <memory>
#include <optional>

#include "core/deadline.h"
#include "dns/record_source.h"
#include "dns/resolver_config.h"
#include "dns/unbound_library.h"
#include "dns/unbound_questions.h"

namespace danesmtp {

class UnboundSession {
 public:
  // DnsFailure, DnsBogus: the root does not validate by this upstream, or the system has no thread,
  // descriptors or memory, or no libunbound. BadInput: a file that cannot be used.
  [[nodiscard]] static Result<std::unique_ptr<UnboundSession>> open(ResolverSetup setup,
                                                                    Deadline deadline);
  UnboundSession(const UnboundSession&) = delete;
  UnboundSession& operator=(const UnboundSession&) = delete;

  // Threads may ask at the same time.
  [[nodiscard]] Result<Answer<Bytes>> ask(const DnsName& name, RrType type, Deadline deadline);
  // As RecordSource::expect().
  void expect(const DnsName& name, RrType type, const RecordSource::Next& next);

 private:
  UnboundSession(const UnboundTable& unbound, ResolverSetup setup)
      : unbound_(unbound), setup_(std::move(setup)) {}

  [[nodiscard]] Result<void> open(Deadline deadline);
  [[nodiscard]] Result<void> start(Deadline deadline);
  [[nodiscard]] Result<void> probe_root(Deadline deadline);
  tl::unexpected<Error> not_working(const Error& why) const;
  [[nodiscard]] Result<Answer<Bytes>> answer(const DnsName& name, RrType type,
                                             const ub_result& said) const;
  [[nodiscard]] Result<UnboundResult> resolve(const DnsQuestion& question, Deadline deadline);

  const UnboundTable& unbound_;
  ResolverSetup setup_;
  std::optional<UnboundQuestions> questions_;
};

}  // namespace danesmtp

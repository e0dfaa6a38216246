// SPDX-License-Identifier: GPL-2.0-or-later
// DNSSEC validation in this process, by libunbound. One context, made at the first question, for
// the life of the object; it belongs to the process that asked first. libunbound works in a thread
// of its own, with all signals blocked, since only so a wait can be ended (doc/decisions/0004).
// Before any answer is given the root's DNSKEY must have validated: a missing, empty or useless
// trust anchor makes libunbound call everything insecure, and that must never look like an unsigned
// Internet.
#pragma once

#include <deque>
#include <optional>

#include "core/deadline.h"
#include "dns/record_source.h"
#include "dns/resolver_config.h"
#include "dns/unbound_handles.h"

namespace danesmtp {

class UnboundSource final : public RecordSource {
 public:
  explicit UnboundSource(ResolverSettings settings) : settings_(std::move(settings)) {}

  // The first question's opening and probe are within its deadline. A file
  // that cannot be used (BadInput) or a root that does not validate (DnsFailure, DnsBogus) is the
  // error of this and every later question.
  [[nodiscard]] Result<Answer<Bytes>> ask(const DnsName& name, RrType type,
                                          Deadline deadline) override;

 private:
  // A question under way; the callback writes here, so it outlives a question given up.
  struct Pending {
    bool done = false;
    int error = 0;
    UnboundResult result;
  };
  static void arrived(void* pending, int error, ub_result* result);

  [[nodiscard]] Result<void> open(Deadline deadline);
  [[nodiscard]] Result<void> start(Deadline deadline);
  [[nodiscard]] Result<void> probe_root(Deadline deadline);
  tl::unexpected<Error> not_working(const Error& why) const;
  [[nodiscard]] Result<UnboundResult> resolve(const DnsQuestion& question, Deadline deadline);
  [[nodiscard]] Result<void> wait(const Pending& pending, Deadline deadline);

  ResolverSettings settings_;
  ResolverSetup setup_;
  std::optional<Result<void>> ready_;
  std::deque<Pending> pending_;  // before context_: deleting the context is what ends the callbacks
  UnboundContext context_;
};

}  // namespace danesmtp

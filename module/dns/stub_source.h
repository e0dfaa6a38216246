// SPDX-License-Identifier: GPL-2.0-or-later
// The answers of a forwarder that the administrator trusts to validate (dane_dnssec = resolver):
// the AD bit is Secure (RFC 4035 4.9.3, RFC 7672 2.1.1). libunbound cannot do this: it clears the
// bit and shows its own verdict only. UDP, TCP for truncated replies; no cache, no recursion. A
// forwarder that never says AD is an error: it would make every domain look unsigned.
#pragma once

#include <optional>

#include "core/deadline.h"
#include "dns/record_source.h"
#include "dns/resolver_config.h"

namespace danesmtp {

class StubSource final : public RecordSource {
 public:
  explicit StubSource(ResolverSettings settings) : settings_(std::move(settings)) {}

  // Ends within settings.question_time. Errors as in RecordSource; BadInput as
  // read_resolver_files().
  [[nodiscard]] Result<Answer<Bytes>> ask(const DnsName& name, RrType type,
                                          Deadline deadline) override;

 private:
  [[nodiscard]] Result<DnsReply> resolve(const DnsQuestion& question, Deadline deadline);
  [[nodiscard]] Result<void> check_validation(Deadline deadline);

  ResolverSettings settings_;
  std::optional<Result<ResolverSetup>> setup_;
  std::optional<Result<void>> validation_;  // known once a reply had AD, or the root was asked for
};

}  // namespace danesmtp

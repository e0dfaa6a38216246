// SPDX-License-Identifier: GPL-2.0-or-later
// The answers of a forwarder that the administrator trusts to validate (dane_dnssec = resolver):
// the AD bit is Secure (RFC 4035 4.9.3, RFC 7672 2.1.1). libunbound cannot do this: it clears the
// bit and shows its own verdict only. UDP, TCP for truncated replies; no cache, no recursion. What
// one forwarder shows vouches for that one alone: without AD it is believed only when it said AD
// for the root itself, else it would make every domain look unsigned; and what it calls bogus
// (SERVFAIL) stays so, whatever the next one says.
#pragma once

#include <optional>

#include "core/deadline.h"
#include "dns/record_source.h"
#include "dns/resolver_config.h"

namespace danesmtp {

class StubSource final : public RecordSource {
 public:
  StubSource(ResolverSettings settings, ResolverSurroundings around)
      : settings_(std::move(settings)), around_(std::move(around)) {}

  // Ends within settings.question_time. Errors as in RecordSource; BadInput as
  // read_resolver_files().
  [[nodiscard]] Result<Answer<Bytes>> ask(const DnsName& name, RrType type,
                                          Deadline deadline) override;

 private:
  struct Server {
    NameServer at;
    std::optional<Result<void>> validates;  // once it was asked for the root
    bool silent = false;                    // it has not answered a question in time
  };

  [[nodiscard]] Result<void> open(Deadline deadline);
  [[nodiscard]] Result<DnsReply> resolve(const DnsQuestion& question, Deadline deadline);
  [[nodiscard]] Result<DnsReply> ask(Server& server, const DnsQuestion& question,
                                     std::chrono::milliseconds wait, Deadline deadline);
  [[nodiscard]] Result<void> check_validation(Server& server, Deadline deadline);

  ResolverSettings settings_;
  ResolverSurroundings around_;
  std::optional<Result<void>> ready_;
  std::vector<Server> servers_;
};

}  // namespace danesmtp

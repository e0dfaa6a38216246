// SPDX-License-Identifier: GPL-2.0-or-later
// DNSSEC validation in this process, by one upstream after the other: the name servers in the order
// of server_order, and with dane_resolver = auto full recursion from the root where they do not
// carry DNSSEC (doc/decisions/0011). Each must let the root validate before it is asked anything,
// and each answer is validated, so the choice is one of time, never of "no DANE".
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "core/deadline.h"
#include "dns/record_source.h"
#include "dns/resolver_config.h"
#include "dns/resolver_memory.h"
#include "dns/unbound_session.h"

namespace danesmtp {

class UnboundSource final : public RecordSource {
 public:
  UnboundSource(ResolverSettings settings, ResolverSurroundings around)
      : settings_(std::move(settings)), around_(std::move(around)) {}

  // The first question's opening and probe are within its deadline. A file that cannot be used
  // (BadInput) or a root that does not validate (DnsFailure, DnsBogus) is the error of this and
  // every later question. Threads may ask at the same time.
  [[nodiscard]] Result<Answer<Bytes>> ask(const DnsName& name, RrType type,
                                          Deadline deadline) override;
  void expect(const DnsName& name, RrType type, const Next& next, Deadline deadline) override;

 private:
  using Session = std::shared_ptr<UnboundSession>;

  [[nodiscard]] Result<Session> opened(Deadline deadline);
  [[nodiscard]] bool opened_after(Session& session, const Error& error, Deadline deadline);
  [[nodiscard]] Result<void> open(Deadline deadline);
  [[nodiscard]] Result<void> open_forwarder(Deadline deadline);
  [[nodiscard]] bool opened_recursion(const Error& before, Deadline deadline);
  [[nodiscard]] Result<void> open_recursion(const Error& before, Deadline deadline);
  [[nodiscard]] Result<void> use_recursion(Deadline deadline);
  [[nodiscard]] Result<void> use(std::vector<NameServer> servers, Deadline deadline);
  bool servers_strip_dnssec(Deadline deadline) const;

  ResolverSettings settings_;
  ResolverSurroundings around_;
  std::mutex mutex_;  // of all below
  ResolverSetup setup_;
  std::optional<Result<void>> ready_;
  Session session_;
  std::vector<NameServer> left_;    // to ask when the session's server has no answer
  bool looked_at_servers_ = false;  // for recursion in their place, once
};

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/unbound_source.h"

#include <utility>

#include "core/format.h"
#include "dns/server_order.h"
#include "dns/unbound_library.h"

namespace danesmtp {
namespace {

constexpr const char* kRecursion = "recursive";
constexpr std::chrono::hours kRecursionTime{1};

}  // namespace

Result<Answer<Bytes>> UnboundSource::ask(const DnsName& name, RrType type, Deadline deadline) {
  auto session = opened(deadline);
  if (!session) return tl::unexpected(session.error());
  auto answer = (*session)->ask(name, type, deadline);
  // Another server may know better, also of what looks bogus: its answer is validated as well.
  while (!answer && !deadline.passed() && opened_after(*session, answer.error(), deadline))
    answer = (*session)->ask(name, type, deadline);
  return answer;
}

void UnboundSource::expect(const DnsName& name, RrType type, const Next& next, Deadline deadline) {
  if (const auto session = opened(deadline)) (*session)->expect(name, type, next);
}

Result<UnboundSource::Session> UnboundSource::opened(Deadline deadline) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!ready_) ready_ = open(deadline);
  if (!*ready_) return tl::unexpected(ready_->error());
  return session_;
}

// Puts the session of the server after that of `session` into it; false: there is none.
bool UnboundSource::opened_after(Session& session, const Error& error, Deadline deadline) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const bool found = session != session_ || (!left_.empty() && open_forwarder(deadline)) ||
                     opened_recursion(error, deadline);
  session = session_;
  return found;
}

Result<void> UnboundSource::use(std::vector<NameServer> servers, Deadline deadline) {
  ResolverSetup setup = setup_;
  setup.servers = std::move(servers);
  auto session = UnboundSession::open(std::move(setup), deadline);
  if (!session) return tl::unexpected(session.error());
  session_ = std::move(*session);
  return {};
}

// There is nobody to go to after it.
Result<void> UnboundSource::use_recursion(Deadline deadline) {
  looked_at_servers_ = true;
  return use({}, deadline);
}

// The first of those left by which the root validates.
Result<void> UnboundSource::open_forwarder(Deadline deadline) {
  Result<void> opened = fail(ErrorKind::DnsFailure, "no name server");
  while (!opened && !left_.empty()) {
    auto server = std::move(left_.front());
    left_.erase(left_.begin());
    opened = use({std::move(server)}, deadline);
    if (deadline.passed()) break;
  }
  return opened;
}

Result<void> UnboundSource::open(Deadline deadline) {
  // Here first: without it no server is to blame, and none need be asked.
  if (auto unbound = unbound_library(); !unbound) return tl::unexpected(unbound.error());
  auto setup = read_resolver_files(settings_, around_.files);
  if (!setup) return tl::unexpected(setup.error());
  setup_ = std::move(*setup);
  if (setup_.servers.empty()) return use({}, deadline);
  ResolverMemory memory(around_.memory_file, list_text(setup_.servers));
  if (settings_.upstream == Upstream::Auto && memory.recall() == kRecursion) {
    auto opened = use_recursion(deadline);
    if (!opened) memory.forget();
    return opened;
  }
  auto order = order_servers(setup_.servers, memory, deadline);
  left_ = std::move(order.servers);
  // When all are slow libunbound is the better judge.
  auto opened = order.answered ? open_forwarder(deadline) : use(std::move(left_), deadline);
  if (opened || settings_.upstream != Upstream::Auto || !servers_strip_dnssec(deadline))
    return opened;
  return open_recursion(opened.error(), deadline);
}

// Replies came, and none had what validation needs. Silence is no reason.
bool UnboundSource::servers_strip_dnssec(Deadline deadline) const {
  bool strips = false;
  for (const auto& server : setup_.servers) {
    const auto carries = what_it_carries(server, deadline);
    if (carries == Carries::Dnssec) return false;
    strips = strips || carries == Carries::Nothing;
  }
  return strips;
}

// libunbound gets over the first replies of a server that sends signatures only to CD (RFC 6840
// 5.9; systemd-resolved with DNSSEC=no), but for a name that does not exist: there it has no proof.
bool UnboundSource::opened_recursion(const Error& before, Deadline deadline) {
  if (settings_.upstream != Upstream::Auto || std::exchange(looked_at_servers_, true)) return false;
  return servers_strip_dnssec(deadline) && open_recursion(before, deadline);
}

Result<void> UnboundSource::open_recursion(const Error& before, Deadline deadline) {
  const auto servers = list_text(setup_.servers);
  left_.clear();
  if (auto opened = use_recursion(deadline); !opened)
    return tl::unexpected(
        retold(opened.error(), format("{}; the name servers of the system do not carry DNSSEC: {}",
                                      opened.error().text, before.text)));
  auto kept = ResolverMemory(around_.memory_file, servers).remember(kRecursion, kRecursionTime);
  if (!around_.note) return {};
  around_.note(
      format("DANE: the name servers of the system ({}) do not carry DNSSEC: asking from "
             "the root {}",
             servers, kept ? "for an hour" : "(" + kept.error().text + ")"));
  return {};
}

}  // namespace danesmtp

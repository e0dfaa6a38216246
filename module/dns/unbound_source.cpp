// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/unbound_source.h"

#include <algorithm>

#include "core/format.h"
#include "dns/server_order.h"

namespace danesmtp {
namespace {

constexpr const char* kRecursion = "recursive";
constexpr std::chrono::minutes kServerTime{5};  // the first of the list is tried again after that
constexpr std::chrono::hours kRecursionTime{1};

std::string list_text(const std::vector<NameServer>& servers) {
  std::string text;
  for (const auto& server : servers) text += (text.empty() ? "" : ", ") + server_text(server);
  return text;
}

}  // namespace

Result<Answer<Bytes>> UnboundSource::ask(const DnsName& name, RrType type, Deadline deadline) {
  if (!ready_) ready_ = open(deadline);
  if (!*ready_) return tl::unexpected(ready_->error());
  auto answer = session_->ask(name, type, deadline);
  // Another server may know better, also of what looks bogus: its answer is validated as well.
  while (!answer && !left_.empty() && !deadline.passed()) {
    auto session = std::move(session_);
    if (auto opened = open_forwarder(deadline); !opened) {
      session_ = std::move(session);
      return answer;
    }
    answer = session_->ask(name, type, deadline);
  }
  return answer;
}

Result<void> UnboundSource::use(std::vector<NameServer> servers, Deadline deadline) {
  ResolverSetup setup = setup_;
  setup.servers = std::move(servers);
  auto session = UnboundSession::open(std::move(setup), deadline);
  if (!session) return tl::unexpected(session.error());
  session_ = std::move(*session);
  return {};
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
  auto setup = read_resolver_files(settings_, around_.files);
  if (!setup) return tl::unexpected(setup.error());
  setup_ = std::move(*setup);
  if (setup_.servers.empty()) return use({}, deadline);
  ResolverMemory memory(around_.memory_file, list_text(setup_.servers));
  const auto before = memory.recall();
  if (before == kRecursion && settings_.upstream == Upstream::Auto) {
    auto opened = use({}, deadline);
    if (!opened) memory.forget();
    return opened;
  }
  left_ = setup_.servers;
  std::stable_partition(left_.begin(), left_.end(),
                        [&](auto& server) { return server_text(server) == before; });
  auto order = order_servers(std::move(left_), deadline);
  left_ = std::move(order.servers);
  const std::string first = server_text(left_.front());
  if (order.answered && first != server_text(setup_.servers.front()) && first != before)
    static_cast<void>(memory.remember(first, kServerTime));  // or the next process looks again
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

Result<void> UnboundSource::open_recursion(const Error& before, Deadline deadline) {
  const auto servers = list_text(setup_.servers);
  left_.clear();
  if (auto opened = use({}, deadline); !opened)
    return fail(opened.error().kind, format("{}; the name servers of the system do not carry "
                                            "DNSSEC: {}",
                                            opened.error().text, before.text));
  auto kept = ResolverMemory(around_.memory_file, servers).remember(kRecursion, kRecursionTime);
  if (!around_.note) return {};
  around_.note(
      format("DANE: the name servers of the system ({}) do not carry DNSSEC: asking from "
             "the root {}",
             servers, kept ? "for an hour" : "(" + kept.error().text + ")"));
  return {};
}

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/server_order.h"

#include <poll.h>

#include <algorithm>
#include <optional>

#include "dns/stub_query.h"

namespace danesmtp {
namespace {

constexpr std::chrono::milliseconds kNext{300};  // without a reply, until the next is asked too
constexpr std::chrono::milliseconds kPatience{2000};  // for the last one's reply
constexpr std::chrono::minutes kServerTime{5};        // the first is tried again after that
constexpr int kFormerr = 1;
constexpr int kNotimp = 4;

const DnsQuestion kRootKeys{"", RrType::Dnskey};

Carries carried_by(const Result<DnsReply>& reply) {
  if (!reply)
    return reply.error().kind == ErrorKind::DnsFailure ? Carries::Nothing : Carries::Silence;
  if (reply->truncated) return Carries::Dnssec;
  if (reply->rcode == kFormerr || reply->rcode == kNotimp) return Carries::Nothing;
  if (reply->rcode != 0) return Carries::Trouble;
  return reply->signatures && !reply->records.empty() ? Carries::Dnssec : Carries::Nothing;
}

struct Candidate {
  NameServer server;
  std::optional<UdpQuery> query;  // while a reply is awaited
  std::optional<Carries> carries;
};

// Best first; one that was not asked may be as good as the one that made it needless.
int rank(const Candidate& candidate) {
  if (!candidate.carries) return candidate.query ? 2 : 1;
  if (*candidate.carries == Carries::Dnssec) return 0;
  return *candidate.carries == Carries::Silence ? 4 : 3;
}

class Race {
 public:
  explicit Race(std::vector<NameServer> servers) {
    for (auto& server : servers) candidates_.push_back({std::move(server), {}, {}});
  }

  ServerOrder run(Deadline deadline) {
    while (!won_ && !deadline.passed() && (next_ < candidates_.size() || waiting())) {
      if (next_ < candidates_.size() && (!waiting() || step_.passed()))
        ask_next(deadline);
      else if (step_.passed())
        break;
      else
        receive(earlier(step_, deadline));
    }
    return order();
  }

 private:
  bool waiting() const {
    return std::any_of(candidates_.begin(), candidates_.end(),
                       [](const auto& candidate) { return candidate.query.has_value(); });
  }

  void ask_next(Deadline deadline) {
    Candidate& candidate = candidates_[next_++];
    step_ = Deadline::in(next_ < candidates_.size() ? kNext : kPatience);
    auto query = UdpQuery::send(candidate.server, kRootKeys, earlier(step_, deadline));
    if (query)
      candidate.query = std::move(*query);
    else
      candidate.carries = Carries::Silence;
  }

  void receive(Deadline until) {
    std::vector<pollfd> sockets;
    for (auto& candidate : candidates_)
      sockets.push_back({candidate.query ? candidate.query->fd() : -1, POLLIN, 0});
    if (::poll(sockets.data(), sockets.size(), until.left()) <= 0) return;
    for (std::size_t i = 0; i < sockets.size(); ++i)
      if (sockets[i].revents != 0) take(candidates_[i]);
  }

  // Datagrams that are no reply to our question leave it open.
  void take(Candidate& candidate) {
    auto message = candidate.query->reply(Deadline::in(std::chrono::milliseconds(0)));
    if (!message && message.error().kind == ErrorKind::Timeout) return;
    candidate.query.reset();
    candidate.carries = message ? carried_by(read_reply(*message, kRootKeys)) : Carries::Silence;
    won_ = won_ || *candidate.carries == Carries::Dnssec;
  }

  ServerOrder order() {
    std::stable_sort(candidates_.begin(), candidates_.end(),
                     [](auto& a, auto& b) { return rank(a) < rank(b); });
    ServerOrder order;
    for (auto& candidate : candidates_) {
      order.answered =
          order.answered || (candidate.carries && *candidate.carries != Carries::Silence);
      order.servers.push_back(std::move(candidate.server));
    }
    return order;
  }

  std::vector<Candidate> candidates_;
  std::size_t next_ = 0;
  Deadline step_ = Deadline::in(std::chrono::milliseconds(0));
  bool won_ = false;
};

}  // namespace

Carries what_it_carries(const NameServer& server, Deadline deadline) {
  return carried_by(ask_server(server, kRootKeys, earlier(deadline, Deadline::in(kPatience))));
}

ServerOrder order_servers(std::vector<NameServer> servers, const ResolverMemory& memory,
                          Deadline deadline) {
  if (servers.size() < 2) return {std::move(servers), true};
  const auto before = memory.recall();
  const auto first = server_text(servers.front());
  std::stable_partition(servers.begin(), servers.end(),
                        [&](const auto& server) { return server_text(server) == before; });
  auto order = Race(std::move(servers)).run(deadline);
  const auto best = server_text(order.servers.front());
  if (order.answered && best != first && best != before)
    static_cast<void>(memory.remember(best, kServerTime));  // or the next process looks again
  return order;
}

std::string list_text(const std::vector<NameServer>& servers) {
  std::string text;
  for (const auto& server : servers) text += (text.empty() ? "" : ", ") + server_text(server);
  return text;
}

}  // namespace danesmtp

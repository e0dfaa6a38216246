// SPDX-License-Identifier: GPL-2.0-or-later
#include "map_server.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "core/dns_name.h"
#include "map_answer.h"

namespace danesmtp::tool {
namespace {

constexpr std::chrono::seconds kRefetchPause{30};
constexpr std::size_t kRefetchesAtOnce = 16;

WallTime now() {
  return std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
}

// Postfix asks for addresses and parent domains (".example.org") too: they have no policy.
std::optional<std::string> domain_in(const std::string& key) {
  const auto name = DnsName::parse(key);
  return name ? std::optional(name->text()) : std::nullopt;
}

pollfd wish_of(const MapClient& client) {
  const int events = (client.reads() ? POLLIN : 0) | (client.writes() ? POLLOUT : 0);
  return {client.fd(), static_cast<short>(events), 0};
}

// The least: silent for the longest, and not because we owe an answer.
std::pair<bool, int> silence_of(const MapClient& client) {
  return {client.waiting().has_value(), client.end().left()};
}

}  // namespace

struct MapServer::Ready {
  bool stop = false, listener = false, findings = false;
};

int MapServer::time_left() const {
  Deadline first = refetch_;
  for (const auto& client : clients_) first = earlier(first, client.end());
  return first.left();
}

// What the clients have sent is read here.
Result<MapServer::Ready> MapServer::wait(int stop) {
  constexpr std::size_t kOurs = 3;
  std::vector<pollfd> fds;
  fds.reserve(kOurs + clients_.size());
  for (const int fd : {stop, listener_, visitors_.fd()}) fds.push_back({fd, POLLIN, 0});
  for (const auto& client : clients_) fds.push_back(wish_of(client));
  if (::poll(fds.data(), fds.size(), time_left()) < 0) {
    if (errno == EINTR) return Ready{};
    return fail(ErrorKind::Io, std::strerror(errno));
  }
  auto one = fds.begin() + kOurs;
  for (auto& client : clients_) {
    const int seen = (one++)->revents;
    if ((seen & POLLOUT) != 0) client.write();
    if ((seen & POLLIN) != 0)
      client.read();
    else if ((seen & (POLLHUP | POLLERR | POLLNVAL)) != 0)
      client.close();
  }
  return Ready{fds[0].revents != 0, fds[1].revents != 0, fds[2].revents != 0};
}

void MapServer::accept_clients() {
  for (;;) {
    UniqueFd fd(::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    const bool full = !fd && (errno == EMFILE || errno == ENFILE);
    if (!fd && !full) return;
    if (full || clients_.size() >= kMostClients) {
      const auto longest = std::min_element(
          clients_.begin(), clients_.end(),
          [](const auto& a, const auto& b) { return silence_of(a) < silence_of(b); });
      if (longest != clients_.end()) clients_.erase(longest);
    }
    if (!fd) return;
    clients_.emplace_back(std::move(fd));
  }
}

void MapServer::send(std::optional<Errand> errand) {
  if (!errand) return;
  const auto domain = errand->domain;
  if (!visitors_.send(*std::move(errand))) book_.forget_errand(domain);
}

void MapServer::ask(MapClient& client, const std::string& key) {
  const auto domain = domain_in(key);
  if (!domain) return client.answer(no_policy());
  const auto known = book_.answer(*domain, now());
  send(book_.errand_for(*domain, now()));
  if (known)
    client.answer(*known);
  else
    client.wait_for(*domain);
}

void MapServer::serve(MapClient& client) {
  while (const auto key = client.question()) ask(client, *key);
}

// A finding of the moment counts, though its time may be over at once.
void MapServer::take_findings() {
  for (const auto& [domain, finding] : visitors_.take()) {
    book_.learn(domain, finding, now());
    for (auto& client : clients_)
      if (client.waiting() && client.waiting()->domain == domain)
        client.answer(book_.last_answer(domain, now()));
  }
}

void MapServer::refetch() {
  if (!refetch_.passed()) return;
  refetch_ = Deadline::in(kRefetchPause);
  for (auto& errand : book_.refetches(now(), kRefetchesAtOnce)) send(std::move(errand));
}

void MapServer::look_at_clock(MapClient& client) {
  if (!client.end().passed()) return;
  if (!client.waiting()) return client.close();
  client.answer(book_.last_answer(client.waiting()->domain, now()));
}

Result<void> MapServer::run(int stop) {
  for (;;) {
    const auto ready = wait(stop);
    if (!ready) return tl::unexpected(ready.error());
    if (ready->stop) return {};
    if (ready->findings) take_findings();
    for (auto& client : clients_) look_at_clock(client);
    for (auto& client : clients_) serve(client);
    clients_.remove_if([](const MapClient& client) { return client.ended(); });
    if (ready->listener) accept_clients();
    refetch();
  }
}

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// The daemon's loop: one thread that answers from what is known, and sends others to find out what
// is not. Bounded in connections and in what each may send; a client that has been silent longest
// goes when there are too many.
#pragma once

#include <list>

#include "map_client.h"
#include "policy_book.h"
#include "visitors.h"

namespace danesmtp::tool {

inline constexpr std::size_t kMostClients = 128;

class MapServer {
 public:
  // All outlive it.
  MapServer(int listener, PolicyBook& book, Visitors& visitors)
      : listener_(listener), book_(book), visitors_(visitors) {}

  // Until `stop` is readable. Io: poll(2) has failed.
  [[nodiscard]] Result<void> run(int stop);

 private:
  struct Ready;

  [[nodiscard]] Result<Ready> wait(int stop);
  int time_left() const;
  void accept_clients();
  void serve(MapClient& client);
  void ask(MapClient& client, const std::string& key);
  void send(std::optional<Errand> errand);
  void take_findings();
  void refetch();
  void look_at_clock(MapClient& client);

  int listener_;
  PolicyBook& book_;
  Visitors& visitors_;
  std::list<MapClient> clients_;
  Deadline refetch_ = Deadline::in(std::chrono::milliseconds(0));
};

}  // namespace danesmtp::tool

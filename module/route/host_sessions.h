// SPDX-License-Identifier: GPL-2.0-or-later
// The TLS sessions that connections with one host have left for later ones, in any process: RFC
// 8446 2.2 and C.4, RFC 5077, D-103. They are kept under all that decided over the peer, so a
// policy that differs in anything finds none, and only of a peer that satisfied it. A peer that
// resumes one is judged like any other (route/peer_judge): nothing here says that somebody is
// trusted.
#pragma once

#include <chrono>
#include <cstddef>

#include "cache/store.h"
#include "tls/resumption.h"
#include "x509/chain.h"

namespace danesmtp {

// From the handshake in which the server proved that it has its key, however often the session is
// resumed. Then it has to prove it again.
constexpr std::chrono::hours kLongestResumption{2};

// As many deliveries at a time find one each.
constexpr std::size_t kSessionPlaces = 4;

class HostSessions {
 public:
  // The store is borrowed. An empty key: no session is kept, or found.
  HostSessions(Store& store, Bytes key) : store_(store), key_(std::move(key)) {}

  // False: none should be asked for.
  bool wanted() const;

  // One, that nobody else gets from then on; empty: there is none.
  Bytes take(WallTime now);
  bool took_one() const { return took_one_; }

  // `resumed`: the session goes on with the one that was taken.
  void keep(const ResumableSession& session, bool resumed, WallTime now);

  // The server does not bear to be offered one.
  void give_up();

 private:
  Bytes place(std::size_t number) const;
  Bytes empty_place() const;
  Bytes sign_of_giving_up() const;

  Store& store_;
  Bytes key_;
  WallTime proved_{};  // of the session that was taken
  std::size_t first_place_ = 0;
  bool took_one_ = false;
};

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// What is kept: its form, when the server proved its key (seconds since 1970, eight octets), a
// digest of all the rest, and GnuTLS's octets. GnuTLS must not see damaged ones: it reads past
// their end.
#include "route/host_sessions.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "x509/sha256.h"

namespace danesmtp {
namespace {

constexpr std::uint8_t kForm = 1;
constexpr std::size_t kTimeOctets = 8;
constexpr std::size_t kHead = 1 + kTimeOctets + kSha256Octets;

struct EarlierSession {
  WallTime proved;
  Bytes octets;
};

Bytes time_octets(WallTime time) {
  Bytes octets;
  append_number(octets, static_cast<std::uint64_t>(time.time_since_epoch().count()), kTimeOctets);
  return octets;
}

WallTime time_of(ByteView octets) {
  return WallTime(std::chrono::seconds(static_cast<std::int64_t>(number_in(octets))));
}

Bytes digest_of(const Bytes& time, ByteView octets) {
  Bytes all{kForm};
  all.insert(all.end(), time.begin(), time.end());
  all.insert(all.end(), octets.begin(), octets.end());
  return sha256(all);
}

Bytes written(const EarlierSession& session) {
  const auto time = time_octets(session.proved);
  Bytes value{kForm};
  value.insert(value.end(), time.begin(), time.end());
  const auto digest = digest_of(time, session.octets);
  value.insert(value.end(), digest.begin(), digest.end());
  value.insert(value.end(), session.octets.begin(), session.octets.end());
  return value;
}

std::optional<EarlierSession> read(const Bytes& value) {
  if (value.size() <= kHead || value.front() != kForm) return std::nullopt;
  const ByteView all(value);
  const auto time = all.subspan(1, kTimeOctets);
  const auto digest = all.subspan(1 + kTimeOctets, kSha256Octets);
  const auto octets = all.subspan(kHead);
  const auto expected = digest_of(Bytes(time.begin(), time.end()), octets);
  if (!std::equal(digest.begin(), digest.end(), expected.begin(), expected.end()))
    return std::nullopt;
  return EarlierSession{time_of(time), Bytes(octets.begin(), octets.end())};
}

// A clock that was set back makes it longer than it should be: then there is none.
std::chrono::seconds time_left(WallTime proved, WallTime now) {
  return proved > now ? std::chrono::seconds(0) : proved + kLongestResumption - now;
}

// Processes that begin at the same time begin at different places.
std::size_t own_place() {
  return static_cast<std::size_t>(::getpid()) % kSessionPlaces;
}

}  // namespace

Bytes HostSessions::place(std::size_t number) const {
  Bytes place = key_;
  place.push_back(static_cast<std::uint8_t>('0' + (own_place() + number) % kSessionPlaces));
  return place;
}

Bytes HostSessions::sign_of_giving_up() const {
  Bytes sign = key_;
  sign.push_back('-');
  return sign;
}

bool HostSessions::wanted() const {
  return !key_.empty() && !store_.find(Shelf::Sessions, sign_of_giving_up());
}

Bytes HostSessions::take(WallTime now) {
  for (std::size_t number = 0; number < kSessionPlaces; ++number) {
    const auto kept = store_.take(Shelf::Sessions, place(number));
    const auto session = kept ? read(kept->value) : std::nullopt;
    if (!session || time_left(session->proved, now).count() <= 0) continue;
    took_one_ = true;
    proved_ = session->proved;
    first_place_ = number;
    return session->octets;
  }
  return {};
}

// The place that one was taken from, if it is still empty, or the next empty one.
Bytes HostSessions::empty_place() const {
  for (std::size_t number = 0; number < kSessionPlaces; ++number) {
    auto candidate = place(first_place_ + number);
    if (!store_.find(Shelf::Sessions, candidate)) return candidate;
  }
  return place(first_place_);
}

void HostSessions::keep(const ResumableSession& session, bool resumed, WallTime now) {
  const auto proved = resumed ? proved_ : now;
  auto time = time_left(proved, now);
  if (session.lifetime) time = std::min(time, *session.lifetime);
  if (key_.empty() || time.count() <= 0) return;
  store_.keep(Shelf::Sessions, empty_place(), written({proved, session.octets}), time);
}

void HostSessions::give_up() {
  if (!key_.empty())
    store_.keep(Shelf::Sessions, sign_of_giving_up(), Bytes{kForm}, kLongestResumption);
}

}  // namespace danesmtp

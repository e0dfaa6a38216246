// SPDX-License-Identifier: GPL-2.0-or-later
// tests D-103: a session that was left is found once, under its key, in its time, and undamaged.
#include "route/host_sessions.h"

#include <iterator>
#include <vector>

#include "fakes/fake_store.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;
using namespace std::chrono_literals;

namespace {

const Bytes kKey(32, 7);
const WallTime kNow{std::chrono::seconds(1800000000)};

ResumableSession session_of(std::uint8_t octet) {
  return {Bytes(50, octet)};
}

void leave(Store& store, const ResumableSession& session, WallTime now = kNow) {
  HostSessions(store, kKey).keep(session, false, now);
}

Bytes taken(Store& store, WallTime now = kNow) {
  return HostSessions(store, kKey).take(now);
}

struct Lifetime {
  const char* what;
  std::optional<std::chrono::seconds> lifetime;
  std::chrono::seconds kept_for;  // 0: not kept
};

const Lifetime kLifetimes[] = {
    {"none is told", std::nullopt, 2h},
    {"of a minute", 60s, 60s},
    {"of two hours", 2h, 2h},
    {"of a week", 168h, 2h},
    {"to be forgotten at once", 0s, 0s},
};

struct Later {
  const char* what;
  std::chrono::seconds after;
  bool found;
};

const Later kLater[] = {
    {"at once", 0s, true},
    {"before the end", 2h - 1s, true},
    {"at the end", 2h, false},
    {"long after it", 2000h, false},
    {"a clock that was set back", -1s, false},
};

}  // namespace

START_TEST(what_was_left_is_found_once) {
  FakeStore store;
  leave(store, session_of(1));
  HostSessions first(store, kKey), second(store, kKey);
  ck_assert(first.wanted() && first.take(kNow) == Bytes(50, 1) && first.took_one());
  ck_assert(second.wanted() && second.take(kNow).empty() && !second.took_one());
}
END_TEST

START_TEST(several_deliveries_find_one_each) {
  FakeStore store;
  for (std::uint8_t octet = 1; octet <= kSessionPlaces + 1; ++octet)
    leave(store, session_of(octet));
  std::size_t found = 0;
  std::vector<Bytes> seen;
  for (auto octets = taken(store); !octets.empty(); octets = taken(store), ++found) {
    for (const auto& earlier : seen) ck_assert(earlier != octets);
    seen.push_back(octets);
  }
  ck_assert_uint_eq(found, kSessionPlaces);
}
END_TEST

START_TEST(another_key_finds_nothing) {
  FakeStore store;
  leave(store, session_of(1));
  ck_assert(HostSessions(store, Bytes(32, 8)).take(kNow).empty());
  ck_assert(!taken(store).empty());
}
END_TEST

START_TEST(without_a_key_there_are_none) {
  FakeStore store;
  HostSessions none(store, {});
  none.keep(session_of(1), false, kNow);
  none.give_up();
  ck_assert(!none.wanted() && store.entries.empty());
}
END_TEST

START_TEST(kept_as_long_as_the_server_has_it_and_two_hours_at_most) {
  const auto& row = kLifetimes[_i];
  FakeStore store;
  leave(store, {Bytes(50, 1), row.lifetime});
  ck_assert_msg(store.entries.empty() == (row.kept_for == 0s), "%s", row.what);
  for (const auto& [place, kept] : store.entries)
    ck_assert_msg(kept.left == row.kept_for, "%s", row.what);
}
END_TEST

// Whatever the store says of the time.
START_TEST(two_hours_after_the_proof_it_is_over) {
  const auto& row = kLater[_i];
  FakeStore store;
  leave(store, session_of(1));
  ck_assert_msg(taken(store, kNow + row.after).empty() != row.found, "%s", row.what);
}
END_TEST

// From ticket to ticket the server proves nothing.
START_TEST(resuming_does_not_make_it_longer) {
  FakeStore store;
  leave(store, session_of(1));
  auto now = kNow;
  for (int times = 0; times < 3; ++times) {
    now += 30min;
    HostSessions sessions(store, kKey);
    ck_assert(!sessions.take(now).empty());
    sessions.keep(session_of(2), true, now);
    ck_assert(store.entries.begin()->second.left == kNow + 2h - now);
  }
  HostSessions last(store, kKey);
  ck_assert(!last.take(now + 29min).empty());
  last.keep(session_of(3), true, now + 30min);
  ck_assert(store.entries.empty());
  last.keep(session_of(3), false, now + 30min);  // a full handshake
  ck_assert(store.entries.begin()->second.left == 2h);
}
END_TEST

// GnuTLS reads past the end of such octets.
START_TEST(damaged_ones_are_not_used) {
  FakeStore store;
  leave(store, session_of(1));
  const auto [place, whole] = *store.entries.begin();
  for (std::size_t at = 0; at < whole.value.size(); ++at) {
    store.entries[place] = whole;
    store.entries[place].value[at] ^= 0x10;
    ck_assert_msg(taken(store).empty(), "octet %zu changed", at);
    store.entries[place] = whole;
    store.entries[place].value.resize(at);
    ck_assert_msg(taken(store).empty(), "%zu octets", at);
  }
  store.entries[place] = whole;
  store.entries[place].value.push_back(0);
  ck_assert(taken(store).empty());
  store.entries[place] = whole;
  ck_assert(!taken(store).empty());
}
END_TEST

START_TEST(a_server_that_does_not_bear_it_is_left_alone) {
  FakeStore store;
  HostSessions sessions(store, kKey);
  sessions.give_up();
  ck_assert(!HostSessions(store, kKey).wanted());
  ck_assert(HostSessions(store, Bytes(32, 8)).wanted());
}
END_TEST

int main() {
  Suite* suite = suite_create("host_sessions");
  TCase* tc = tcase_create("sessions");
  tcase_add_test(tc, what_was_left_is_found_once);
  tcase_add_test(tc, several_deliveries_find_one_each);
  tcase_add_test(tc, another_key_finds_nothing);
  tcase_add_test(tc, without_a_key_there_are_none);
  tcase_add_loop_test(tc, kept_as_long_as_the_server_has_it_and_two_hours_at_most, 0,
                      static_cast<int>(std::size(kLifetimes)));
  tcase_add_loop_test(tc, two_hours_after_the_proof_it_is_over, 0,
                      static_cast<int>(std::size(kLater)));
  tcase_add_test(tc, resuming_does_not_make_it_longer);
  tcase_add_test(tc, damaged_ones_are_not_used);
  tcase_add_test(tc, a_server_that_does_not_bear_it_is_left_alone);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

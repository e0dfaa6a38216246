// SPDX-License-Identifier: GPL-2.0-or-later
// tests D-103: TLS sessions from one connection to the next. Who resumes one is judged again, and
// whatever goes wrong with it costs a connection, and nothing else.
#include "route/attempt.h"

#include <algorithm>
#include <iterator>

#include "dane/tlsa_match.h"
#include "unit/route/attempt_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

constexpr const char* kVersions[] = {"NORMAL:-VERS-ALL:+VERS-TLS1.2",
                                     "NORMAL:-VERS-ALL:+VERS-TLS1.3"};

// A server with a ticket key, and deliveries to it that share a store.
struct Lab {
  FakeStore store;
  TlsServerSettings tls{.identity = std::make_shared<TestIdentity>(),
                        .ticket_key = make_ticket_key()};
  HostPolicy policy;

  Lab() : policy(by_key(*tls.identity)) {}

  static HostPolicy by_key(const TestIdentity& identity) {
    return Authenticate{base(), usable_records({{TlsaUsage::DaneEe, TlsaSelector::Certificate,
                                                 TlsaMatching::Full, identity.der()}})};
  }
  // Takes a message.
  Script server(bool& resumed) const {
    return [settings = tls, &resumed](PeerSide& peer) {
      clear_greeting(peer, "250-mx1.lab\r\n250 STARTTLS\r\n");
      peer.answer("220 go\r\n");
      const bool shook_hands = peer.start_tls(settings);
      resumed = peer.tls().resumed();
      if (!shook_hands) return;
      peer.answer("250 mx1.lab\r\n");
      take_all(peer);
    };
  }
};

// Hangs up in the middle of the handshake.
void break_off(PeerSide& peer) {
  clear_greeting(peer, "250-mx1.lab\r\n250 STARTTLS\r\n");
  peer.answer("220 go\r\n");
  peer.take(1);
}

// What a server does that takes a TLS session up, and fails at it only after our Finished, which is
// when a client's handshake in TLS 1.3 is over (RFC 8446 2): or before it answers at all.
struct Failing {
  const char* what;
  std::function<void(PeerSide&, const TlsServerSettings&)> go_on;
};

const Failing kFailing[] = {
    {"it closes after the handshake",
     [](PeerSide& peer, const TlsServerSettings& tls) { peer.start_tls(tls); }},
    {"it says nothing after the handshake",
     [](PeerSide& peer, const TlsServerSettings& tls) {
       peer.start_tls(tls);
       peer.wait_for_hangup();
     }},
    {"it hangs over the ticket",
     [](PeerSide& peer, const TlsServerSettings&) { peer.wait_for_hangup(); }},
};

Script failing_server(const Lab& lab, const Failing& failing) {
  return [settings = lab.tls, &failing](PeerSide& peer) {
    clear_greeting(peer, "250-mx1.lab\r\n250 STARTTLS\r\n");
    peer.answer("220 go\r\n");
    failing.go_on(peer, settings);
  };
}

// In words: that is about something else.
void refuse_after_tls(PeerSide& peer, const TlsServerSettings& tls) {
  clear_greeting(peer, "250-mx1.lab\r\n250 STARTTLS\r\n");
  peer.answer("220 go\r\n");
  peer.start_tls(tls);
  peer.answer("421 too busy\r\n");
}

struct Delivery {
  AttemptEnd end;
  RecipientOutcome outcome;
  ResumptionSteps steps;
  std::string trace;
  bool resumed_at_server;
};

using Prepare = std::function<void(Scene&)>;

// `first`: what the server does on a first connection that must be followed by another one; null:
// there is none.
Delivery deliver_to(Lab& lab, const Prepare& prepare = {}, const Script& first = {}) {
  bool resumed = false;
  Scene scene(1, lab.policy, first ? first : lab.server(resumed));
  ScriptedPeer second(first ? lab.server(resumed) : kNothing);
  if (first) scene.server.later_sockets.push_back(second.take_socket());
  if (prepare) prepare(scene);
  std::swap(scene.store.entries, lab.store.entries);
  const auto end = scene.run().end;
  std::swap(scene.store.entries, lab.store.entries);
  scene.heard();
  second.heard();
  ck_assert_msg(scene.server.later_sockets.empty(), "the second connection was not made");
  return {end, scene.server.outcomes.at(0), scene.server.tls_variables.back().resumption,
          scene.server.trace(), resumed};
}

void must_arrive(const Delivery& delivery) {
  ck_assert_msg(delivery.outcome.verdict.status == Status::Delivered, "%s",
                delivery.outcome.verdict.text.c_str());
  ck_assert(delivery.outcome.connection.trust == PeerTrust::Dane);
}

// A policy under which no session is left, or resumed.
struct NoSession {
  const char* what;
  Prepare prepare;
};

const NoSession kNone[] = {
    {"dane_tls_resumption",
     [](Scene& scene) { scene.server.options["dane_tls_resumption"] = "no"; }},
    {"hosts_require_ocsp", [](Scene& scene) { scene.server.lists["hosts_require_ocsp"] = {0}; }},
    {"audit", [](Scene& scene) { scene.plan.enforcement = Enforcement::Audit; }},
};

// What changes between two deliveries, so that the second one finds nothing.
const NoSession kOther[] = {
    {"the SNI's base domain",
     [](Scene& scene) {
       std::get<Authenticate>(scene.plan.policy).base_domain = *DnsName::parse("other.lab");
     }},
    {"the reference names",
     [](Scene& scene) { scene.plan.names = {*DnsName::parse("other.lab")}; }},
    {"the ciphers",
     [](Scene& scene) { scene.server.options["tls_require_ciphers"] = "NORMAL:-AES-128-CBC"; }},
    {"our name", [](Scene& scene) { scene.server.options["helo_data"] = "other.lab"; }},
    {"another record more",
     [](Scene& scene) {
       auto& records = std::get<Authenticate>(scene.plan.policy).records;
       auto more = records.records();
       more.push_back(
           {TlsaUsage::DaneEe, TlsaSelector::PublicKey, TlsaMatching::Sha256, Bytes(32, 1)});
       records = usable_records(more);
     }},
};

}  // namespace

START_TEST(the_second_delivery_resumes) {
  Lab lab;
  lab.tls.priority = kVersions[_i];
  const auto first = deliver_to(lab);
  must_arrive(first);
  ck_assert(!first.outcome.connection.resumed && first.steps.wanted && !first.steps.offered);
  ck_assert(first.steps.ticket);
  ck_assert_uint_eq(lab.store.entries.size(), 1);
  for (int times = 0; times < 3; ++times) {
    const auto again = deliver_to(lab);
    must_arrive(again);
    ck_assert(again.outcome.connection.resumed && again.resumed_at_server);
    ck_assert(again.steps.offered && again.steps.used);
    assert_text(again.outcome.connection.peer_dn, first.outcome.connection.peer_dn);
    ck_assert_uint_eq(lab.store.entries.size(), 1);
  }
}
END_TEST

START_TEST(a_refused_ticket_means_a_full_handshake) {
  Lab lab;
  lab.tls.priority = kVersions[_i];
  deliver_to(lab);
  lab.tls.ticket_key = make_ticket_key();
  const auto second = deliver_to(lab);
  must_arrive(second);
  ck_assert(second.steps.offered && !second.steps.used && !second.outcome.connection.resumed);
}
END_TEST

START_TEST(an_impostor_profits_nothing) {
  Lab lab;
  lab.tls.priority = kVersions[_i];
  deliver_to(lab);
  lab.tls.identity = std::make_shared<TestIdentity>();
  lab.tls.ticket_key = make_ticket_key();
  const auto second = deliver_to(lab);
  ck_assert(second.end == AttemptEnd::HostDeferred);
  ck_assert(second.outcome.verdict.cause == Cause::TlsFailure);
  ck_assert(second.outcome.connection.trust == PeerTrust::None && second.steps.offered);
  ck_assert(lab.store.entries.empty());
}
END_TEST

START_TEST(a_refused_peer_leaves_nothing) {
  Lab lab;
  lab.policy = authenticate();
  ck_assert(deliver_to(lab).end == AttemptEnd::HostDeferred);
  ck_assert(lab.store.entries.empty());
}
END_TEST

// Nobody is authenticated, and the next one is nobody either.
START_TEST(encryption_alone_is_resumed_too) {
  Lab lab;
  lab.policy = encrypt();
  deliver_to(lab);
  const auto second = deliver_to(lab);
  ck_assert(second.outcome.connection.resumed);
  ck_assert(second.outcome.connection.trust == PeerTrust::None);
}
END_TEST

START_TEST(where_none_may_be_resumed_none_is_left) {
  const auto& row = kNone[_i];
  Lab lab;
  const auto delivery = deliver_to(lab, row.prepare);
  ck_assert_msg(!delivery.steps.wanted && !delivery.steps.ticket, "%s", row.what);
  ck_assert_msg(lab.store.entries.empty(), "%s", row.what);
}
END_TEST

START_TEST(tls_resumption_hosts_names_more) {
  Lab lab;
  const Prepare named = [](Scene& scene) {
    scene.server.options["dane_tls_resumption"] = "no";
    scene.server.lists["tls_resumption_hosts"] = {0};
  };
  deliver_to(lab, named);
  ck_assert(deliver_to(lab, named).outcome.connection.resumed);
}
END_TEST

START_TEST(another_policy_means_a_full_handshake) {
  const auto& row = kOther[_i];
  Lab lab;
  deliver_to(lab);
  const auto second = deliver_to(lab, row.prepare);
  ck_assert_msg(!second.steps.offered && !second.resumed_at_server, "%s", row.what);
  ck_assert_msg(second.outcome.verdict.status == Status::Delivered, "%s", row.what);
  ck_assert_msg(deliver_to(lab).outcome.connection.resumed, "%s: the first is lost", row.what);
}
END_TEST

// One that is kept under this very policy, and yet does not satisfy it: it has expired since, or
// somebody wrote it there.
START_TEST(a_resumed_peer_is_judged_again) {
  Lab lab, other;
  lab.tls.priority = other.tls.priority = kVersions[_i];
  other.tls.ticket_key = lab.tls.ticket_key;
  deliver_to(lab);
  deliver_to(other);
  ck_assert_uint_eq(other.store.entries.size(), 1);
  auto place = lab.store.entries.begin()->first;
  for (auto number : {'0', '1', '2', '3'}) {  // one is tried, and no more
    place.second.back() = static_cast<std::uint8_t>(number);
    lab.store.entries[place] = other.store.entries.begin()->second;
  }

  bool resumed = false;
  const auto delivery = deliver_to(lab, {}, lab.server(resumed));
  must_arrive(delivery);
  ck_assert_msg(resumed, "the first connection was to be a resumed one");
  ck_assert(!delivery.resumed_at_server && !delivery.outcome.connection.resumed);
  assert_contains(delivery.trace, "connect 0:25; event tcp:close ; connect 0:25; journal 0");
  ck_assert_msg(delivery.trace.find("dane:fail") == std::string::npos, "%s",
                delivery.trace.c_str());
}
END_TEST

START_TEST(a_server_that_breaks_off_gets_a_full_handshake) {
  Lab lab;
  deliver_to(lab);
  const auto second = deliver_to(lab, {}, break_off);
  must_arrive(second);
  ck_assert(!second.steps.wanted && !second.outcome.connection.resumed);
  const auto third = deliver_to(lab);  // it is not offered one again
  must_arrive(third);
  ck_assert(!third.steps.wanted);
}
END_TEST

START_TEST(a_server_that_fails_after_our_finished_gets_a_full_handshake) {
  Lab lab;
  lab.tls.priority = kVersions[1];
  deliver_to(lab);
  ck_assert_uint_eq(lab.store.entries.size(), 1);
  const auto second = deliver_to(lab, {}, failing_server(lab, kFailing[_i]));
  must_arrive(second);
  ck_assert_msg(!second.steps.wanted && !second.outcome.connection.resumed, "%s",
                kFailing[_i].what);
  assert_contains(second.trace, "connect 0:25; event tcp:close ; connect 0:25; journal 0");
  const auto third = deliver_to(lab);  // it is not offered one again
  must_arrive(third);
  ck_assert_msg(!third.steps.wanted, "%s", kFailing[_i].what);
}
END_TEST

START_TEST(a_server_that_fails_without_one_too_is_tried_once_more_and_not_again) {
  Lab lab;
  lab.tls.priority = kVersions[1];
  deliver_to(lab);
  Scene scene(1, lab.policy, failing_server(lab, kFailing[0]));
  ScriptedPeer second(failing_server(lab, kFailing[0])), third(kNothing);
  scene.server.later_sockets.push_back(second.take_socket());
  scene.server.later_sockets.push_back(third.take_socket());
  std::swap(scene.store.entries, lab.store.entries);
  ck_assert(scene.run().end == AttemptEnd::HostDeferred);
  ck_assert_uint_eq(scene.server.later_sockets.size(), 1);
}
END_TEST

START_TEST(what_a_server_says_after_the_handshake_counts) {
  Lab lab;
  lab.tls.priority = kVersions[_i];
  deliver_to(lab);
  Scene scene(1, lab.policy, [&](PeerSide& peer) { refuse_after_tls(peer, lab.tls); });
  std::swap(scene.store.entries, lab.store.entries);
  ck_assert(scene.run().end == AttemptEnd::HostDeferred);
  assert_contains(scene.server.outcomes.at(0).verdict.text, "421 too busy");
}
END_TEST

// Nothing of an earlier session was to blame.
START_TEST(who_breaks_off_a_full_handshake_is_not_asked_again) {
  Lab lab;
  Scene scene(1, lab.policy, break_off);
  ck_assert(scene.run().end == AttemptEnd::HostDeferred);
  ck_assert(scene.store.entries.empty());
  assert_contains(scene.server.trace(), "dane:fail validation-failure");
}
END_TEST

int main() {
  Suite* suite = suite_create("attempt_sessions");
  TCase* tc = tcase_create("sessions");
  const int versions = static_cast<int>(std::size(kVersions));
  tcase_set_timeout(tc, 30);
  tcase_add_loop_test(tc, the_second_delivery_resumes, 0, versions);
  tcase_add_loop_test(tc, a_refused_ticket_means_a_full_handshake, 0, versions);
  tcase_add_loop_test(tc, an_impostor_profits_nothing, 0, versions);
  tcase_add_test(tc, a_refused_peer_leaves_nothing);
  tcase_add_test(tc, encryption_alone_is_resumed_too);
  tcase_add_loop_test(tc, where_none_may_be_resumed_none_is_left, 0,
                      static_cast<int>(std::size(kNone)));
  tcase_add_test(tc, tls_resumption_hosts_names_more);
  tcase_add_loop_test(tc, another_policy_means_a_full_handshake, 0,
                      static_cast<int>(std::size(kOther)));
  tcase_add_loop_test(tc, a_resumed_peer_is_judged_again, 0, versions);
  tcase_add_test(tc, a_server_that_breaks_off_gets_a_full_handshake);
  tcase_add_loop_test(tc, a_server_that_fails_after_our_finished_gets_a_full_handshake, 0,
                      static_cast<int>(std::size(kFailing)));
  tcase_add_test(tc, a_server_that_fails_without_one_too_is_tried_once_more_and_not_again);
  tcase_add_loop_test(tc, what_a_server_says_after_the_handshake_counts, 0, versions);
  tcase_add_test(tc, who_breaks_off_a_full_handshake_is_not_asked_again);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

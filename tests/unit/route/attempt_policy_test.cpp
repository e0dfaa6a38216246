// SPDX-License-Identifier: GPL-2.0-or-later
// What a server hears under each policy, and what is then known of it.
#include "route/attempt.h"

#include "unit/route/attempt_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

// tests D-023, D-025
START_TEST(no_starttls_under_dane_sends_nothing) {
  Scene scene(1, _i == 0 ? authenticate() : encrypt(), [](PeerSide& peer) {
    clear_greeting(peer);
    peer.answer("221 bye\r\n");
  });
  auto result = scene.run();
  ck_assert(result.end == AttemptEnd::HostDeferred);
  assert_text(scene.heard(), "EHLO me.lab|QUIT");
  ck_assert(scene.server.outcomes[0].verdict.cause == Cause::TlsRequired);
  assert_contains(scene.server.outcomes[0].verdict.text, "did not offer TLS support");
  assert_contains(scene.server.trace(), "event dane:fail starttls-not-supported");
}
END_TEST

// tests D-020, D-094, D-161, D-163: also where somebody listens to the events of the session
START_TEST(an_impostor_hears_nothing) {
  Scene scene(1, authenticate(), [](PeerSide& peer) {
    if (tls_greeting(peer)) peer.hear();
  });
  scene.batch.events_wanted = _i == 1;
  auto result = scene.run();
  ck_assert(result.end == AttemptEnd::HostDeferred && result.tls_failed);
  assert_text(scene.heard(), "EHLO me.lab|STARTTLS");
  ck_assert(scene.server.outcomes[0].verdict.cause == Cause::TlsFailure);
  ck_assert(scene.server.outcomes[0].connection.trust == PeerTrust::None);
  assert_contains(scene.server.outcomes[0].verdict.text, "(presented: 3 1 1 ");  // D-161
  assert_contains(scene.server.trace(), "event dane:fail validation-failure");
}
END_TEST

START_TEST(a_host_to_skip_is_not_connected_to) {
  Scene scene(1, SkipHost{{ErrorKind::DnsBogus, "bogus TLSA"}, SkipReason::DnssecInvalid},
              kNothing);
  auto result = scene.run();
  ck_assert(result.end == AttemptEnd::HostDeferred);
  ck_assert(scene.server.outcomes[0].verdict.cause == Cause::Dns);
  assert_text(scene.server.trace(), "event dane:fail dnssec-invalid");
}
END_TEST

// tests D-025
START_TEST(hosts_avoid_tls_does_not_beat_dane) {
  Scene scene(1, authenticate(), kNothing);
  scene.server.lists["hosts_avoid_tls"] = {0};
  ck_assert(scene.run().end == AttemptEnd::HostDeferred);
  assert_contains(scene.server.outcomes[0].verdict.text, "hosts_avoid_tls");
  ck_assert_msg(scene.server.trace().find("connect") == std::string::npos, "connected");
}
END_TEST

START_TEST(refused_connection) {
  Scene scene(1, no_dane(), kNothing);
  scene.server.sockets.clear();
  auto result = scene.run();
  ck_assert(result.end == AttemptEnd::HostDeferred);
  ck_assert_int_eq(scene.server.outcomes[0].verdict.system_errno, ECONNREFUSED);
}
END_TEST

// tests D-021, D-160: encrypted, and never called verified
START_TEST(unusable_records_mean_tls_without_authentication) {
  Scene scene(1, encrypt(), [](PeerSide& peer) {
    if (!tls_greeting(peer)) return;
    take_all(peer);
  });
  ck_assert(scene.run().end == AttemptEnd::Worked);
  const auto& outcome = scene.server.outcomes[0];
  ck_assert(outcome.verdict.status == Status::Delivered &&
            outcome.connection.trust == PeerTrust::None);
  assert_contains(outcome.connection.cipher, "TLS1.3:");
  assert_text(scene.server.steps, "ese");
}
END_TEST

// tests D-111: judged, told of, and sent all the same
START_TEST(audit_sends_to_a_server_that_fails) {
  Scene impostor(1, authenticate(), [](PeerSide& peer) {
    if (!tls_greeting(peer)) return;
    take_all(peer);
  });
  impostor.plan.enforcement = Enforcement::Audit;
  ck_assert(impostor.run().end == AttemptEnd::Worked);
  ck_assert(impostor.server.outcomes[0].verdict.status == Status::Delivered);
  ck_assert(impostor.server.outcomes[0].connection.trust == PeerTrust::None);
  assert_contains(impostor.server.trace(), "note DANE audit: H=mx1.lab [192.0.2.1]: DANE: no TLSA");
  assert_contains(impostor.server.trace(), "not enforced for dom.lab");
  assert_text(impostor.server.tls_variables.back().sni, "mx1.lab");

  Scene clear(1, encrypt(), [](PeerSide& peer) {
    clear_greeting(peer);
    take_all(peer);
  });
  clear.plan.enforcement = Enforcement::Audit;
  ck_assert(clear.run().end == AttemptEnd::Worked);
  assert_contains(clear.server.trace(), "the session is not encrypted: not enforced for dom.lab");
}
END_TEST

// What options see: the policy's part before the connection, all of it after the verdict, and never
// a word of trust for a peer that nobody authenticated.
START_TEST(tls_variables_say_what_is_known) {
  Scene refused(1, authenticate(), [](PeerSide& peer) {
    if (tls_greeting(peer)) peer.hear();
  });
  refused.run();
  const auto& before = refused.server.tls_variables.front();
  assert_text(before.sni, "mx1.lab");
  ck_assert_uint_eq(before.tlsa_usages, 1U << 3);
  ck_assert(before.cipher.empty() && before.trust == PeerTrust::None);
  ck_assert(before.channel_binding.type == ChannelBindingType::None);
  const auto& after = refused.server.tls_variables.back();
  assert_contains(after.cipher, "TLS1.3:");
  assert_contains(after.peer_certificate, "-----BEGIN CERTIFICATE-----");
  ck_assert(after.trust == PeerTrust::None);
  ck_assert(after.channel_binding.type == ChannelBindingType::Exporter);

  Scene plain(1, no_dane(), [](PeerSide& peer) { clear_greeting(peer); });
  plain.run();
  const auto& none = plain.server.tls_variables.back();
  ck_assert(none.sni.empty() && none.tlsa_usages == 0 && none.cipher.empty());
}
END_TEST

START_TEST(an_option_that_cannot_be_expanded_defers) {
  Scene scene(1, authenticate(), kNothing);
  scene.server.broken_options = {"dane_require_tls_ciphers"};
  ck_assert(scene.run().end == AttemptEnd::HostDeferred);
  ck_assert(scene.server.outcomes[0].verdict.cause == Cause::Expansion);
  assert_contains(scene.server.outcomes[0].verdict.text, "dane_require_tls_ciphers");
}
END_TEST

int main() {
  Suite* suite = suite_create("attempt_policy");
  TCase* tc = tcase_create("attempt");
  tcase_add_loop_test(tc, no_starttls_under_dane_sends_nothing, 0, 2);
  tcase_add_loop_test(tc, an_impostor_hears_nothing, 0, 2);
  tcase_add_test(tc, a_host_to_skip_is_not_connected_to);
  tcase_add_test(tc, hosts_avoid_tls_does_not_beat_dane);
  tcase_add_test(tc, refused_connection);
  tcase_add_test(tc, unusable_records_mean_tls_without_authentication);
  tcase_add_test(tc, audit_sends_to_a_server_that_fails);
  tcase_add_test(tc, tls_variables_say_what_is_known);
  tcase_add_test(tc, an_option_that_cannot_be_expanded_defers);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// What a server hears of a message that requires TLS (RFC 8689), and what its recipients are told.
// Of a server that is authenticated the tests are in integration/test_require_tls.py, as no
// certificate of these is; the session here is one that an earlier message has left open.
#include "route/attempt.h"
#include "route/attempt_verdict.h"
#include "route/connection_mark.h"
#include "route/tls_requirement.h"
#include "unit/route/attempt_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

struct RequiredScene : Scene {
  RequiredScene(HostPolicy policy, Script script) : Scene(1, std::move(policy), std::move(script)) {
    batch.require_tls = RequireTls::Always;
    plan.webpki_required = std::holds_alternative<NoDane>(plan.policy) ||
                           std::holds_alternative<EncryptOnly>(plan.policy);
  }
  const RecipientVerdict& verdict() { return server.outcomes.at(0).verdict; }
};

const Script kNoTls = [](PeerSide& peer) {
  clear_greeting(peer, "250-mx1.lab\r\n250 REQUIRETLS\r\n");
  peer.answer("221 bye\r\n");
};
const Script kOtherCertificate = [](PeerSide& peer) {
  if (tls_greeting(peer)) peer.hear();
};

EhloCapabilities offering() {
  EhloCapabilities offered;
  offered.requiretls = true;
  return offered;
}

ConnectionFacts facts_of(PeerTrust trust) {
  ConnectionFacts facts;
  facts.cipher = trust == PeerTrust::None ? "" : "TLS1.3:x:256";
  facts.trust = trust;
  return facts;
}

}  // namespace

// tests D-191, D-193: nobody has promised TLS
START_TEST(without_tls_nothing_is_sent) {
  for (const HostPolicy& policy : {HostPolicy(no_dane()), encrypt()}) {
    RequiredScene scene(policy, kNoTls);
    scene.server.flags["tls_tempfail_tryclear"] = true;
    ck_assert(scene.run().end == AttemptEnd::Unsuited);
    assert_text(scene.heard(), "EHLO me.lab|QUIT");
    ck_assert(scene.verdict().status == Status::Deferred);
    assert_contains(scene.verdict().text, "REQUIRETLS: 4.7.10 a TLS session is required");
  }
}
END_TEST

// tests D-191
START_TEST(another_certificate_hears_nothing) {
  for (const HostPolicy& policy : {HostPolicy(no_dane()), encrypt()}) {
    RequiredScene scene(policy, kOtherCertificate);
    ck_assert(scene.run().end == AttemptEnd::Unsuited);
    assert_text(scene.heard(), "EHLO me.lab|STARTTLS");
    assert_contains(scene.verdict().text, "TLS session: 4.7.10 REQUIRETLS: the certificate");
    ck_assert(scene.server.outcomes.at(0).connection.trust == PeerTrust::None);
  }
}
END_TEST

// tests D-194: promised by the records, so it is waited for; other messages are not held up
START_TEST(an_impostor_of_a_dane_host) {
  RequiredScene scene(authenticate(), kOtherCertificate);
  ck_assert(scene.run().end == AttemptEnd::MessageDeferred);
  assert_contains(scene.verdict().text, "TLS session: 4.7.5 ");

  RequiredScene skipped(SkipHost{{ErrorKind::DnsBogus, "bogus TLSA"}, SkipReason::DnssecInvalid},
                        kNothing);
  ck_assert(skipped.run().end == AttemptEnd::MessageDeferred);
  ck_assert_msg(skipped.server.trace().find("connect") == std::string::npos, "connected");
}
END_TEST

// tests D-191
START_TEST(a_host_that_nothing_vouches_for) {
  RequiredScene scene(SkipHost{{ErrorKind::TlsVerify, "not signed"}, SkipReason::Unsuited},
                      kNothing);
  ck_assert(scene.run().end == AttemptEnd::Unsuited);
  assert_text(scene.verdict().text, "REQUIRETLS: 4.7.30 not signed");
  ck_assert_msg(scene.server.trace().find("connect") == std::string::npos, "connected");
}
END_TEST

START_TEST(hosts_avoid_tls_makes_it_wait) {
  RequiredScene scene(no_dane(), kNothing);
  scene.server.lists["hosts_avoid_tls"] = {0};
  ck_assert(scene.run().end == AttemptEnd::MessageDeferred);
  assert_contains(scene.verdict().text, "REQUIRETLS: 4.7.4 the message requires TLS");
}
END_TEST

// tests D-190, D-191
START_TEST(the_session_and_the_word) {
  struct Row {
    const char* what;
    const char* refused;  // the status; empty: it may go
    RequireTls require;
    PeerTrust trust;
    bool offered;
    bool carried;
  };
  const Row rows[] = {
      {"DANE", "", RequireTls::Always, PeerTrust::Dane, true, true},
      {"MTA-STS", "", RequireTls::Always, PeerTrust::Sts, true, true},
      {"the web", "", RequireTls::Always, PeerTrust::Verified, true, true},
      {"nobody", "4.7.10", RequireTls::Always, PeerTrust::None, true, true},
      {"not offered", "4.7.30", RequireTls::Always, PeerTrust::Dane, false, false},
      {"nothing is required", "", RequireTls::No, PeerTrust::Dane, true, false},
      {"a bounce, by DANE", "", RequireTls::WherePossible, PeerTrust::Dane, true, true},
      {"a bounce, by MTA-STS", "", RequireTls::WherePossible, PeerTrust::Sts, true, true},
      {"a bounce, not for sure", "", RequireTls::WherePossible, PeerTrust::Verified, true, false},
      {"a bounce, in clear", "", RequireTls::WherePossible, PeerTrust::None, true, false},
      {"a bounce, not offered", "", RequireTls::WherePossible, PeerTrust::Dane, false, false},
  };
  for (const Row& row : rows) {
    Scene scene(1, authenticate(), kNothing);
    scene.batch.require_tls = row.require;
    const AttemptRequest request{0, 25, scene.plan, {0}};
    const AttemptContext attempt{scene.server, scene.batch, request, scene.store};
    const auto facts = facts_of(row.trust);
    const auto offered = row.offered ? offering() : EhloCapabilities{};
    const auto unsuited = unsuited_session(attempt, facts, offered);
    assert_text(unsuited ? unsuited->policy_status : "", row.refused);
    ck_assert_msg(carries_requiretls(attempt, facts, offered) == row.carried, "%s", row.what);
  }
}
END_TEST

// tests D-191: an earlier message's connection
START_TEST(a_connection_that_was_left_open) {
  for (const bool offered : {true, false}) {
    RequiredScene scene(authenticate(), take_all);
    HostTls tls = assert_ok(tls_for_host(scene.server, scene.batch, {0, 25, scene.plan, {0}}));
    const auto settings = assert_ok(session_settings(scene.server, tls));
    const auto digest = assert_ok(
        policy_digest(scene.server, scene.batch, {0, 25, scene.plan, {0}}, tls, settings));
    const auto mark = connection_mark(digest, {offered ? offering() : EhloCapabilities{}});
    scene.server.open = OpenConnection{0, mark, "TLS1.3:x:256", 1};
    scene.server.open_socket = std::move(scene.server.sockets[0]);
    AttemptRequest request{0, 25, scene.plan, {0}};
    request.connection = ConnectionChoice::LeftOpen;
    const auto end = attempt_host(scene.server, scene.batch, request, scene.store).end;
    ck_assert(end == (offered ? AttemptEnd::Worked : AttemptEnd::NotTried));
    if (offered) assert_contains(scene.heard(), "MAIL FROM:<alice@sender.lab> REQUIRETLS");
    if (offered) ck_assert(scene.server.outcomes.at(0).connection.requiretls);
  }
}
END_TEST

int main() {
  Suite* suite = suite_create("attempt_require_tls");
  TCase* tc = tcase_create("servers");
  tcase_add_test(tc, without_tls_nothing_is_sent);
  tcase_add_test(tc, another_certificate_hears_nothing);
  tcase_add_test(tc, an_impostor_of_a_dane_host);
  tcase_add_test(tc, a_host_that_nothing_vouches_for);
  tcase_add_test(tc, hosts_avoid_tls_makes_it_wait);
  tcase_add_test(tc, the_session_and_the_word);
  tcase_add_test(tc, a_connection_that_was_left_open);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// What a server hears that MTA-STS has a policy for, and what is then known and reported of it. No
// certificate of a test is of the system's anchors: who is trusted is in
// integration/test_mta_sts.py.
#include "route/attempt.h"
#include "route/host_loop.h"
#include "unit/route/attempt_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

StsPolicy policy(StsMode mode) {
  return {"dom.lab", mode, {"mx1.lab"}, {"version: STSv1", "mode: x", "mx: mx1.lab"}};
}

struct StsScene : Scene {
  StsScene(StsMode mode, Script script, HostPolicy dane = no_dane())
      : Scene(1, std::move(dane), std::move(script)) {
    const bool enforced = mode == StsMode::Enforce;
    plan.sts = StsDemand{policy(mode), enforced ? Enforcement::Full : Enforcement::Audit};
    server.flags["tls_tempfail_tryclear"] = true;
    batch.reports_wanted = true;
  }
  std::string reported() {
    std::string text;
    for (const auto& one : server.reports)
      text += to_text(one) + (one.failure ? ": " + one.failure->text : std::string());
    return text;
  }
  const RecipientOutcome& outcome() { return server.outcomes.at(0); }
};

const Script kNoTls = [](PeerSide& peer) {
  clear_greeting(peer);
  take_all(peer);
};
const Script kRefusedNoTls = [](PeerSide& peer) {
  clear_greeting(peer);
  peer.answer("221 bye\r\n");
};
const Script kRefusedImpostor = [](PeerSide& peer) {
  if (tls_greeting(peer)) peer.hear();
};
const Script kImpostor = [](PeerSide& peer) {
  if (tls_greeting(peer)) take_all(peer);
};

}  // namespace

// tests D-183
START_TEST(without_starttls_nothing_is_sent) {
  StsScene scene(StsMode::Enforce, kRefusedNoTls);
  const auto result = scene.run();
  ck_assert(result.end == AttemptEnd::HostDeferred);
  assert_text(scene.heard(), "EHLO me.lab|QUIT");
  assert_text(scene.outcome().verdict.text,
              "MTA-STS: 4.7.4 a TLS session is required, but the server did not offer TLS support");
  ck_assert(scene.outcome().verdict.text_is_for_sender);
  assert_text(scene.reported(), "sts starttls-not-supported: STARTTLS is not offered");
  ck_assert_msg(scene.server.trace().find("dane:fail") == std::string::npos, "dane:fail");
}
END_TEST

// tests D-183, D-188
START_TEST(an_impostor_hears_nothing) {
  for (const HostPolicy& dane : {HostPolicy(no_dane()), encrypt()}) {
    StsScene scene(StsMode::Enforce, kRefusedImpostor, dane);
    const auto result = scene.run();
    ck_assert(result.end == AttemptEnd::HostDeferred && result.tls_failed);
    assert_text(scene.heard(), "EHLO me.lab|STARTTLS");
    ck_assert(scene.outcome().verdict.status == Status::Deferred);
    assert_contains(scene.outcome().verdict.text,
                    "TLS session: 4.7.5 MTA-STS: the certificate is not trusted: ");
    ck_assert(scene.outcome().connection.trust == PeerTrust::None);
    assert_text(scene.reported(), "sts certificate-not-trusted: the certificate is not trusted");
    assert_text(join(scene.server.reports[0].policy.strings, "|"),
                "version: STSv1|mode: x|mx: mx1.lab");
    ck_assert_msg(scene.server.trace().find("dane:fail") == std::string::npos, "dane:fail");
  }
}
END_TEST

// tests D-183: TLS that fails is no reason to go without, whatever Exim's rules are
START_TEST(never_in_clear) {
  StsScene scene(StsMode::Enforce, [](PeerSide& peer) {
    clear_greeting(peer, "250-mx1.lab\r\n250 STARTTLS\r\n");
    peer.answer("220 go\r\n");
    peer.say("this is no handshake\r\n");
  });
  DomainPlan domain;
  domain.domain = "dom.lab";
  domain.recipients = {0};
  domain.hosts[{"mx1.lab", 25}] = scene.plan;
  int attempts = 0;
  try_hosts(scene.server, scene.batch, domain,
            [&](MailServer& to, const AddressBatch& of, const AttemptRequest& request) {
              ++attempts;
              return attempt_host(to, of, request, scene.store);
            });
  ck_assert_int_eq(attempts, 1);
  assert_text(scene.heard(), "EHLO me.lab|STARTTLS");
  ck_assert(scene.outcome().verdict.status == Status::Deferred);
}
END_TEST

START_TEST(hosts_avoid_tls_does_not_beat_it) {
  StsScene scene(StsMode::Enforce, kNothing);
  scene.server.lists["hosts_avoid_tls"] = {0};
  ck_assert(scene.run().end == AttemptEnd::HostDeferred);
  assert_contains(scene.outcome().verdict.text, "MTA-STS: 4.7.4 TLS is mandatory");
  ck_assert_msg(scene.server.trace().find("connect") == std::string::npos, "connected");
}
END_TEST

// tests D-181
START_TEST(a_host_that_is_not_named_is_not_connected_to) {
  StsScene scene(StsMode::Enforce, kNothing,
                 SkipHost{{ErrorKind::TlsVerify, "MTA-STS: mx1.lab is no host of it"},
                          SkipReason::StsMismatch});
  ck_assert(scene.run().end == AttemptEnd::HostDeferred);
  assert_text(scene.outcome().verdict.text, "MTA-STS: 4.7.4 mx1.lab is no host of it");
  assert_text(scene.server.trace(), "");
  assert_text(scene.reported(), "sts validation-failure: the policy does not name the host");
}
END_TEST

START_TEST(a_daemon_that_is_down_is_for_the_operator) {
  StsScene scene(
      StsMode::Enforce, kNothing,
      SkipHost{{ErrorKind::DnsFailure, "MTA-STS: unix:/x: gone", true}, SkipReason::StsUnknown});
  scene.plan.sts.reset();
  ck_assert(scene.run().end == AttemptEnd::HostDeferred);
  assert_text(scene.outcome().verdict.text, "MTA-STS error: 4.4.3 unix:/x: gone");
  ck_assert(!scene.outcome().verdict.text_is_for_sender);
  assert_text(scene.reported(), "");
}
END_TEST

// tests D-184
START_TEST(testing_delivers_and_tells) {
  StsScene clear(StsMode::Testing, kNoTls);
  ck_assert(clear.run().end == AttemptEnd::Worked);
  ck_assert(clear.outcome().verdict.status == Status::Delivered);
  assert_contains(clear.server.trace(),
                  "MTA-STS: H=mx1.lab [192.0.2.1]: the session is not encrypted: not enforced for "
                  "dom.lab");
  assert_text(clear.reported(), "sts starttls-not-supported: STARTTLS is not offered");

  StsScene impostor(StsMode::Testing, kImpostor);
  ck_assert(impostor.run().end == AttemptEnd::Worked);
  ck_assert(impostor.outcome().verdict.status == Status::Delivered);
  ck_assert(impostor.outcome().connection.trust == PeerTrust::None);
  assert_contains(impostor.server.trace(),
                  "MTA-STS: H=mx1.lab [192.0.2.1]: the certificate is not trusted: ");
  assert_text(impostor.reported(), "sts certificate-not-trusted: the certificate is not trusted");
}
END_TEST

START_TEST(testing_under_encryption_alone) {
  StsScene scene(StsMode::Testing, kImpostor, encrypt());
  ck_assert(scene.run().end == AttemptEnd::Worked);
  ck_assert(scene.outcome().verdict.status == Status::Delivered);
  assert_text(scene.reported(), "sts certificate-not-trusted: the certificate is not trusted");
}
END_TEST

// tests D-172: it is the first failure, whatever comes of the session; beside TLSA records they are
// what is told.
START_TEST(a_policy_that_nobody_could_get) {
  for (const auto& script : {kNoTls, kImpostor}) {
    for (const HostPolicy& dane : {HostPolicy(no_dane()), encrypt()}) {
      StsScene scene(StsMode::Testing, script, dane);
      scene.plan.sts.reset();
      scene.plan.sts_unavailable = policy(StsMode::Testing);
      scene.plan.sts_unavailable->fault = StsFault{StsFaultType::Invalid, "why"};
      static_cast<void>(scene.run());
      const bool told = std::holds_alternative<NoDane>(dane);
      ck_assert_msg((scene.reported() == "sts sts-policy-invalid: why") == told, "%s",
                    scene.reported().c_str());
    }
  }
}
END_TEST

int main() {
  Suite* suite = suite_create("attempt_sts");
  TCase* tc = tcase_create("servers");
  tcase_add_test(tc, without_starttls_nothing_is_sent);
  tcase_add_test(tc, an_impostor_hears_nothing);
  tcase_add_test(tc, never_in_clear);
  tcase_add_test(tc, hosts_avoid_tls_does_not_beat_it);
  tcase_add_test(tc, a_host_that_is_not_named_is_not_connected_to);
  tcase_add_test(tc, a_daemon_that_is_down_is_for_the_operator);
  tcase_add_test(tc, testing_delivers_and_tells);
  tcase_add_test(tc, testing_under_encryption_alone);
  tcase_add_test(tc, a_policy_that_nobody_could_get);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

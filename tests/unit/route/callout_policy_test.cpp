// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/callout_policy.h"

#include "fakes/fake_mail_server.h"
#include "fakes/fake_resolver.h"
#include "fakes/fake_sts_policies.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

// mx1.lab and mx2.lab are the signed MX hosts of dom.lab; no host has TLSA records.
struct Scene {
  FakeMailServer server;
  std::unique_ptr<FakeResolver> own = std::make_unique<FakeResolver>();
  FakeResolver& resolver = *own;  // until ask() has given it up
  FakeStsPolicies sts;
  AddressBatch batch = make_batch(2, 1);

  Scene() {
    server.lists["hosts_try_dane"] = {0, 1};
    resolver.mx_records["dom.lab"] = {{10, "mx1.lab"}, {20, "mx2.lab"}};
    resolver.a_records = {{"mx1.lab", {"192.0.2.1"}}, {"mx2.lab", {"192.0.2.2"}}};
  }
  void publish_for_second() {
    Bytes record(35, 7);
    record[0] = 3;
    record[1] = record[2] = 1;
    resolver.tlsa_records["_25._tcp.mx2.lab"] = {record};
  }
  CalloutAnswer ask() {
    return callout_policy(server, std::move(own), sts, batch,
                          Deadline::in(std::chrono::minutes(1)));
  }
};

void assert_answer(const CalloutAnswer& answer, CalloutPolicy policy, const char* why) {
  ck_assert_msg(answer.policy == policy, "policy %d: %s", static_cast<int>(answer.policy),
                answer.why.c_str());
  assert_contains(answer.why, why);
}

}  // namespace

// A connection by Exim's core is held to no policy.
START_TEST(of_mta_sts) {
  for (const auto mode : {StsMode::Enforce, StsMode::Testing}) {
    Scene scene;
    scene.sts.policies["dom.lab"] = {"dom.lab", mode, {"mx1.lab", "mx2.lab"}};
    const bool enforced = mode == StsMode::Enforce;
    assert_answer(scene.ask(), enforced ? CalloutPolicy::Found : CalloutPolicy::Audited,
                  enforced ? "mx1.lab: MTA-STS: enforce, mx: " : "mx1.lab: MTA-STS: testing, mx: ");
  }
  Scene unnamed;
  unnamed.sts.policies["dom.lab"] = {"dom.lab", StsMode::Enforce, {"mx3.lab"}};
  assert_answer(unnamed.ask(), CalloutPolicy::Unknown, "is no host that the policy of dom.lab");
  Scene down;
  down.sts.failure = {ErrorKind::DnsFailure, "MTA-STS: down", true};
  assert_answer(down.ask(), CalloutPolicy::Unknown, "MTA-STS: down");
}
END_TEST

START_TEST(proved_absence_of_records_is_none) {
  Scene scene;
  assert_answer(scene.ask(), CalloutPolicy::None, "");
  assert_text(scene.server.trace(), "");  // no connection, no log line
}
END_TEST

// Exim's core may come to any host of the list.
START_TEST(one_host_with_records_is_enough) {
  Scene scene;
  scene.publish_for_second();
  assert_answer(scene.ask(), CalloutPolicy::Found, "mx2.lab: authenticate by 1 TLSA record");
}
END_TEST

// tests D-005, D-002
START_TEST(a_failed_look_up_is_unknown) {
  for (const char* question : {"MX dom.lab", "A mx1.lab", "TLSA _25._tcp.mx1.lab"}) {
    Scene scene;
    scene.resolver.failures[question] = {ErrorKind::DnsBogus, "bad signature"};
    assert_answer(scene.ask(), CalloutPolicy::Unknown, "bad signature");
  }
}
END_TEST

START_TEST(a_list_that_cannot_be_matched_is_unknown) {
  for (const char* option :
       {"hosts_try_dane", "hosts_require_dane", "dane_except_domains", "dane_audit_domains"}) {
    Scene scene;
    scene.server.broken_options = {option};
    assert_answer(scene.ask(), CalloutPolicy::Unknown, "");
  }
}
END_TEST

START_TEST(no_hosts_is_unknown) {
  Scene scene;
  scene.batch.hosts.clear();
  assert_answer(scene.ask(), CalloutPolicy::Unknown, "");
}
END_TEST

START_TEST(audit_is_told_apart) {
  Scene scene;
  scene.publish_for_second();
  scene.server.domain_lists["dane_audit_domains"] = {"dom.lab"};
  assert_answer(scene.ask(), CalloutPolicy::Audited, "mx2.lab: authenticate");
}
END_TEST

START_TEST(an_excepted_domain_has_none) {
  Scene scene;
  scene.publish_for_second();
  scene.server.domain_lists["dane_except_domains"] = {"dom.lab"};
  assert_answer(scene.ask(), CalloutPolicy::None, "");
}
END_TEST

int main() {
  Suite* suite = suite_create("callout_policy");
  TCase* tc = tcase_create("policy");
  tcase_add_test(tc, proved_absence_of_records_is_none);
  tcase_add_test(tc, of_mta_sts);
  tcase_add_test(tc, one_host_with_records_is_enough);
  tcase_add_test(tc, a_failed_look_up_is_unknown);
  tcase_add_test(tc, a_list_that_cannot_be_matched_is_unknown);
  tcase_add_test(tc, no_hosts_is_unknown);
  tcase_add_test(tc, audit_is_told_apart);
  tcase_add_test(tc, an_excepted_domain_has_none);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

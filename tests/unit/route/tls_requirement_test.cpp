// SPDX-License-Identifier: GPL-2.0-or-later
// What a message that requires TLS (RFC 8689) makes of each host of a domain, beside what DANE and
// MTA-STS have made of it; and that no list has a say.
#include "route/tls_requirement.h"

#include "route/attempt_verdict.h"
#include "unit/route/domain_plan_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

// mx1.lab has a 3 1 1 record, mx2.lab has none.
struct RequiredScene : Scene {
  RequiredScene() { batch.require_tls = RequireTls::Always; }
  void publish(StsMode mode) {
    sts.policies["dom.lab"] = {"dom.lab", mode, {"mx1.lab", "mx2.lab"}, {"version: STSv1"}};
  }
  void sign_nothing() { resolver.insecure = {"dom.lab"}; }
};

bool is_unsuited(const HostPlan& plan) {
  const auto* skip = std::get_if<SkipHost>(&plan.policy);
  return skip && skip->reason == SkipReason::Unsuited;
}

}  // namespace

// tests D-191: by its records, or by the certificates of the web
START_TEST(a_signed_mx_record) {
  RequiredScene scene;
  const auto plan = scene.plan();
  const auto &first = scene.host(plan, 0), &second = scene.host(plan, 1);
  assert_policy<Authenticate>(first);
  ck_assert(!first.webpki_required && promise_of(first) == TlsPromise::Made);
  assert_policy<NoDane>(second);
  ck_assert(second.webpki_required && promise_of(second) == TlsPromise::None);
  ck_assert(is_held(second) && policy_over(second) == PolicyOf::Requirement);
  ck_assert(trust_by_policy(second) == PeerTrust::Verified);
  ck_assert(plan.needs_us(scene.batch));
}
END_TEST

// tests D-191
START_TEST(an_unsigned_mx_record) {
  RequiredScene scene;
  scene.sign_nothing();
  const auto plan = scene.plan();
  for (std::size_t host : {0U, 1U}) {
    ck_assert_msg(is_unsuited(scene.host(plan, host)), "host %zu", host);
    assert_contains(std::get<SkipHost>(scene.host(plan, host).policy).error.text,
                    "named by an MX record that is not signed");
  }
  ck_assert(plan.needs_us(scene.batch));
}
END_TEST

// tests D-191
START_TEST(a_policy_of_mta_sts) {
  for (const auto mode : {StsMode::Enforce, StsMode::Testing}) {
    RequiredScene scene;
    scene.sign_nothing();
    scene.publish(mode);
    const auto plan = scene.plan();
    const bool enforced = mode == StsMode::Enforce;
    ck_assert(is_unsuited(scene.host(plan, 0)) == !enforced);
    ck_assert(is_unsuited(scene.host(plan, 1)) == !enforced);
    if (!enforced) continue;
    assert_policy<Authenticate>(scene.host(plan, 0));
    ck_assert(scene.host(plan, 0).named_by_sts && !scene.host(plan, 0).webpki_required);
    ck_assert(is_held_to_sts(scene.host(plan, 1)) && !scene.host(plan, 1).webpki_required);
  }
}
END_TEST

START_TEST(testing_and_a_signed_mx_record) {
  RequiredScene scene;
  scene.publish(StsMode::Testing);
  const auto plan = scene.plan();
  ck_assert(scene.host(plan, 1).sts && scene.host(plan, 1).webpki_required);
}
END_TEST

// tests D-194: what is not known is no reason to give up
START_TEST(trouble_stays_trouble) {
  RequiredScene scene;
  scene.resolver.failures["TLSA _25._tcp.mx2.lab"] = kBogus;
  const auto plan = scene.plan();
  assert_policy<SkipHost>(scene.host(plan, 1));
  ck_assert(!is_unsuited(scene.host(plan, 1)));

  RequiredScene domain;
  domain.resolver.failures["MX dom.lab"] = kBogus;
  ck_assert(domain.plan().failure.has_value());

  RequiredScene daemon;
  daemon.sts.failure = Error{ErrorKind::DnsFailure, "the daemon is down", true};
  const auto waits = daemon.plan();
  assert_policy<SkipHost>(daemon.host(waits, 1));
  ck_assert(!is_unsuited(daemon.host(waits, 1)));
}
END_TEST

// tests D-192
START_TEST(no_list_has_a_say) {
  for (const char* option : {"dane_except_domains", "dane_audit_domains"}) {
    RequiredScene scene;
    scene.server.domain_lists[option] = {"dom.lab"};
    const auto plan = scene.plan();
    ck_assert_msg(!plan.excepted, "%s", option);
    assert_policy<Authenticate>(scene.host(plan, 0));
    ck_assert_msg(scene.host(plan, 0).enforcement == Enforcement::Full, "%s", option);
  }
  RequiredScene unlisted;
  unlisted.server.lists["hosts_try_dane"] = {};
  const auto plan = unlisted.plan();
  assert_policy<Authenticate>(unlisted.host(plan, 0));
  ck_assert(unlisted.host(plan, 1).webpki_required);
}
END_TEST

START_TEST(dane_that_is_required_is_waited_for) {
  RequiredScene scene;
  scene.server.lists["hosts_require_dane"] = {0, 1};
  const auto plan = scene.plan();
  assert_policy<SkipHost>(scene.host(plan, 1));
  ck_assert(std::get<SkipHost>(scene.host(plan, 1).policy).reason == SkipReason::DaneRequired);
}
END_TEST

// Off, or of a message that comes back: as ever.
START_TEST(nothing_is_required) {
  for (const auto require : {RequireTls::No, RequireTls::WherePossible}) {
    Scene scene;
    scene.batch.require_tls = require;
    scene.server.domain_lists["dane_except_domains"] = {"dom.lab"};
    const auto plan = scene.plan();
    ck_assert(plan.excepted && !plan.needs_us(scene.batch));
    ck_assert(!scene.host(plan, 1).webpki_required);
  }
}
END_TEST

int main() {
  Suite* suite = suite_create("tls_requirement");
  TCase* tc = tcase_create("hosts");
  tcase_add_test(tc, a_signed_mx_record);
  tcase_add_test(tc, an_unsigned_mx_record);
  tcase_add_test(tc, a_policy_of_mta_sts);
  tcase_add_test(tc, testing_and_a_signed_mx_record);
  tcase_add_test(tc, trouble_stays_trouble);
  tcase_add_test(tc, no_list_has_a_say);
  tcase_add_test(tc, dane_that_is_required_is_waited_for);
  tcase_add_test(tc, nothing_is_required);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

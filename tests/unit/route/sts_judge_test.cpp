// SPDX-License-Identifier: GPL-2.0-or-later
// What a policy of MTA-STS makes of each host of a domain, beside what DANE has made of it.
#include "route/sts_judge.h"

#include <strings.h>

#include "route/attempt_verdict.h"
#include "unit/route/domain_plan_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

// mx1.lab has a 3 1 1 record, mx2.lab has none.
struct StsScene : Scene {
  void publish(StsMode mode, const std::string& domain = "dom.lab") {
    sts.policies[domain] = {domain, mode, {"mx1.lab", "mx2.lab"}, {"version: STSv1"}};
  }
};

SkipReason reason(const HostPlan& plan) {
  assert_policy<SkipHost>(plan);
  return std::get<SkipHost>(plan.policy).reason;
}

}  // namespace

// tests D-180
START_TEST(dane_that_is_broken_waits) {
  StsScene scene;
  scene.publish(StsMode::Enforce);
  scene.resolver.failures["TLSA _25._tcp.mx2.lab"] = kBogus;
  const auto plan = scene.plan();
  ck_assert(reason(scene.host(plan, 1)) == SkipReason::DnssecInvalid);
  ck_assert(!scene.host(plan, 1).sts);
  assert_text(scene.sts.asked, "");

  StsScene domain;
  domain.publish(StsMode::Enforce);
  domain.resolver.failures["MX dom.lab"] = kBogus;
  ck_assert(domain.plan().failure.has_value());
  assert_text(domain.sts.asked, "");
}
END_TEST

// tests D-180
START_TEST(dane_decides_first_host_by_host) {
  StsScene scene;
  scene.publish(StsMode::Enforce);
  const auto plan = scene.plan();
  assert_policy<Authenticate>(scene.host(plan, 0));
  ck_assert(!scene.host(plan, 0).sts && is_held_to_dane(scene.host(plan, 0)));
  assert_policy<NoDane>(scene.host(plan, 1));
  ck_assert(is_held_to_sts(scene.host(plan, 1)) && is_held(scene.host(plan, 1)));
  assert_text(scene.sts.asked, "dom.lab");
}
END_TEST

START_TEST(nobody_is_asked_where_every_host_has_dane) {
  StsScene scene;
  scene.publish(StsMode::Enforce);
  scene.batch.hosts.pop_back();
  const auto plan = scene.plan();
  assert_policy<Authenticate>(scene.host(plan, 0));
  assert_text(scene.sts.asked, "");
}
END_TEST

// tests D-181: also where the host's own records would authenticate it
START_TEST(a_host_that_the_policy_does_not_name) {
  for (const bool signed_mx : {true, false}) {
    StsScene scene;
    scene.publish(StsMode::Enforce);
    scene.sts.policies["dom.lab"].patterns = {"*.dom.lab", "mx3.lab"};
    if (!signed_mx) scene.resolver.insecure = {"dom.lab"};
    const auto plan = scene.plan();
    ck_assert(reason(scene.host(plan, 1)) == SkipReason::StsMismatch);
    assert_text(std::get<SkipHost>(scene.host(plan, 1).policy).error.text,
                "MTA-STS: mx2.lab is no host that the policy of dom.lab names");
    ck_assert(scene.host(plan, 1).sts.has_value());
    // RFC 7672 2.2.1: its records say who it is, and nothing says that it is the domain's.
    if (signed_mx)
      assert_policy<Authenticate>(scene.host(plan, 0));
    else
      ck_assert(reason(scene.host(plan, 0)) == SkipReason::StsMismatch);
  }
}
END_TEST

START_TEST(records_under_an_unsigned_mx_and_a_policy_that_names_the_host) {
  StsScene scene;
  scene.publish(StsMode::Enforce);
  scene.resolver.insecure = {"dom.lab"};
  const auto plan = scene.plan();
  assert_policy<Authenticate>(scene.host(plan, 0));
  ck_assert(!scene.host(plan, 0).sts);
  ck_assert(trust_by_policy(scene.host(plan, 0)) == PeerTrust::Verified);
}
END_TEST

// tests D-180
START_TEST(unusable_records_and_a_policy_hold_both) {
  StsScene scene;
  scene.publish(StsMode::Enforce);
  scene.resolver.tlsa_records["_25._tcp.mx2.lab"] = {{1, 0, 0, 7}};
  const auto plan = scene.plan();
  assert_policy<EncryptOnly>(scene.host(plan, 1));
  ck_assert(is_held_to_sts(scene.host(plan, 1)) && is_held_to_dane(scene.host(plan, 1)));
  ck_assert(trust_by_policy(scene.host(plan, 1)) == PeerTrust::Sts);
}
END_TEST

// tests D-184
START_TEST(testing_forbids_nothing) {
  StsScene scene;
  scene.publish(StsMode::Testing);
  scene.sts.policies["dom.lab"].patterns = {"mx3.lab"};
  scene.resolver.tlsa_records.clear();
  const auto plan = scene.plan();
  for (const std::size_t host : {0U, 1U}) {
    assert_policy<NoDane>(scene.host(plan, host));
    ck_assert(scene.host(plan, host).sts && !scene.host(plan, host).sts->names_host);
    ck_assert(!is_held(scene.host(plan, host)));
  }
  ck_assert(plan.needs_us(scene.batch));
}
END_TEST

START_TEST(a_policy_makes_the_domain_ours) {
  StsScene scene;
  scene.resolver.tlsa_records.clear();
  ck_assert(!scene.plan().needs_us(scene.batch));
  scene.publish(StsMode::Enforce);
  ck_assert(scene.plan().needs_us(scene.batch));
}
END_TEST

// What is not known, and must wait by dane_mta_sts_fail, keeps no host with DANE from being used.
START_TEST(a_daemon_that_is_down) {
  StsScene scene;
  scene.sts.failure = {ErrorKind::DnsFailure, "MTA-STS: unix:/x: Connection refused", true};
  const auto plan = scene.plan();
  assert_policy<Authenticate>(scene.host(plan, 0));
  ck_assert(reason(scene.host(plan, 1)) == SkipReason::StsUnknown);
  assert_text(scene.sts.asked, "dom.lab");
}
END_TEST

START_TEST(lists_of_domains) {
  StsScene except;
  except.publish(StsMode::Enforce);
  except.resolver.tlsa_records.clear();
  except.server.domain_lists["dane_except_domains"] = {"dom.lab"};
  ck_assert(!except.plan().needs_us(except.batch));
  assert_text(except.sts.asked, "");

  StsScene audit;
  audit.publish(StsMode::Enforce);
  audit.sts.policies["dom.lab"].patterns = {"mx3.lab"};
  audit.server.domain_lists["dane_audit_domains"] = {"dom.lab"};
  const auto plan = audit.plan();
  assert_policy<NoDane>(audit.host(plan, 1));
  ck_assert(audit.host(plan, 1).sts && !is_held(audit.host(plan, 1)));

  StsScene down;
  down.sts.failure = {ErrorKind::DnsFailure, "MTA-STS: down", true};
  down.server.domain_lists["dane_audit_domains"] = {"dom.lab"};
  assert_policy<NoDane>(down.host(down.plan(), 1));
}
END_TEST

START_TEST(a_host_that_no_list_names) {
  StsScene scene;
  scene.publish(StsMode::Enforce);
  scene.server.lists.clear();
  const auto plan = scene.plan();
  for (const std::size_t host : {0U, 1U}) ck_assert(is_held_to_sts(scene.host(plan, host)));
}
END_TEST

// Hosts that the configuration names are no MX hosts of the domain.
START_TEST(configured_hosts_have_no_policy_domain) {
  StsScene scene;
  scene.publish(StsMode::Enforce);
  scene.batch.recipients[0].route = RouteKind::Fixed;
  for (auto& host : scene.batch.hosts) host.mx.reset();
  const auto plan = scene.plan();
  ck_assert(!scene.host(plan, 1).sts);
  assert_text(scene.sts.asked, "");
}
END_TEST

// tests D-210: but for those of "smarthost.lab/mx", which have that domain's
START_TEST(a_smart_host_that_is_a_domain) {
  StsScene scene;
  scene.publish(StsMode::Enforce, "smart.lab");
  scene.publish(StsMode::Enforce);
  scene.batch.recipients[0].route = RouteKind::Fixed;
  scene.batch.recipients[0].mx_names = "smart.lab";
  scene.batch.recipients[0].renames = {{"from.lab", "dom.lab"}};
  scene.resolver.mx_records["from.lab"] = {};
  scene.resolver.insecure = {"from.lab"};
  scene.resolver.mx_records["smart.lab"] = scene.resolver.mx_records["dom.lab"];
  const auto plan = scene.plan();
  assert_text(scene.sts.asked, "smart.lab");
  ck_assert(is_held_to_sts(scene.host(plan, 1)));
}
END_TEST

START_TEST(a_route_by_the_domain_s_own_mx_records) {
  for (const char* names : {"dom.lab", "DOM.lab", "other.lab", "dom.lab other.lab", ""}) {
    StsScene scene;
    scene.publish(StsMode::Enforce);
    scene.batch.recipients[0].route = RouteKind::Fixed;
    scene.batch.recipients[0].mx_names = names;
    scene.resolver.mx_records["other.lab"] = scene.resolver.mx_records["dom.lab"];
    const bool own = strcasecmp(names, "dom.lab") == 0;
    const auto plan = scene.plan();
    ck_assert_msg(scene.host(plan, 1).sts.has_value() == own, "%s", names);
    scene.batch.hosts[1].mx.reset();
    ck_assert_msg(!scene.host(scene.plan(), 1).sts, "%s", names);
  }
}
END_TEST

// An address in an MX record is no name, so no pattern is for it.
START_TEST(an_address_in_the_place_of_a_host) {
  StsScene scene;
  scene.publish(StsMode::Enforce);
  scene.sts.policies["dom.lab"].patterns = {"*.lab"};
  scene.resolver.insecure = {"dom.lab"};
  scene.batch.hosts[1].name = scene.batch.hosts[1].asked_name = "192.0.2.2";
  const auto plan = scene.plan();
  ck_assert(reason(scene.host(plan, 1)) == SkipReason::StsMismatch);
}
END_TEST

// The recipient's domain has the policy, not what an answer that nobody validated calls it; but a
// name that this machine completes has none of its own.
START_TEST(renamed_domains) {
  StsScene alias;
  alias.publish(StsMode::Enforce, "from.lab");
  alias.batch.recipients[0].renames = {{"from.lab", "dom.lab"}};
  alias.resolver.cnames["from.lab"] = "dom.lab";
  alias.resolver.insecure = {"from.lab"};
  auto plan = alias.plan();
  assert_text(alias.sts.asked, "from.lab");
  ck_assert(alias.host(plan, 1).sts.has_value());

  StsScene completed;
  completed.publish(StsMode::Enforce);
  completed.batch.suffixes = "lab";
  completed.batch.recipients[0].renames = {{"dom", "dom.lab"}};
  plan = completed.plan();
  assert_text(completed.sts.asked, "dom.lab");
}
END_TEST

// Whoever forges answers can call any domain by a name that this machine might have completed it
// to.
START_TEST(a_forged_answer_that_looks_like_a_completion) {
  StsScene forged;
  forged.publish(StsMode::Enforce, "from.test");
  forged.batch.suffixes = "lab";
  forged.batch.recipients[0].domain = "from.test.lab";
  forged.batch.recipients[0].renames = {{"from.test", "from.test.lab"}};
  forged.resolver.mx_records["from.test.lab"] = forged.resolver.mx_records["dom.lab"];
  forged.resolver.insecure = {"from.test", "from.test.lab"};
  const auto plan = forged.plan();
  assert_text(forged.sts.asked, "from.test");
  ck_assert(forged.host(plan, 1).sts.has_value());
}
END_TEST

// A name of several labels may have been completed all the same.
START_TEST(a_completed_name_has_a_policy_where_the_written_one_has_none) {
  StsScene completed;
  completed.publish(StsMode::Enforce);
  completed.batch.suffixes = "lab";
  completed.sts.policies["sub.dom.lab"] = completed.sts.policies["dom.lab"];
  completed.batch.recipients[0].domain = "sub.dom.lab";
  completed.batch.recipients[0].renames = {{"sub.dom", "sub.dom.lab"}};
  completed.resolver.mx_records["sub.dom.lab"] = completed.resolver.mx_records["dom.lab"];
  const auto plan = completed.plan();
  assert_text(completed.sts.asked, "sub.dom, sub.dom.lab");
  ck_assert(completed.host(plan, 1).sts.has_value());
}
END_TEST

START_TEST(a_domain_of_u_labels) {
  StsScene scene;
  scene.publish(StsMode::Enforce, "xn--bcher-kva.lab");
  scene.batch.recipients[0].domain = "xn--bcher-kva.lab";
  scene.batch.recipients[0].renames = {{"b\u00fccher.lab", "xn--bcher-kva.lab"}};
  scene.resolver.mx_records["xn--bcher-kva.lab"] = scene.resolver.mx_records["dom.lab"];
  const auto plan = scene.plan();
  assert_text(scene.sts.asked, "xn--bcher-kva.lab");
  ck_assert(scene.host(plan, 1).sts.has_value());
}
END_TEST

// RFC 8461 5.1: as without a policy, and it is kept for a report.
START_TEST(a_policy_that_nobody_could_get) {
  StsScene scene;
  scene.batch.hosts.erase(scene.batch.hosts.begin());
  scene.publish(StsMode::Enforce);
  const StsFault fault{StsFaultType::Fetch, "HTTP status 404"};
  scene.sts.policies["dom.lab"] = {"dom.lab", StsMode::Testing, {}, {}, fault};
  const auto plan = scene.plan();
  assert_policy<NoDane>(scene.host(plan, 0));
  ck_assert(!scene.host(plan, 0).sts && !plan.needs_us(scene.batch));
  ck_assert(plan.unavailable_policy() && plan.unavailable_policy()->fault == fault);
  assert_text(unavailable_text(*plan.unavailable_policy()),
              "as without one: sts-policy-fetch-error: HTTP status 404 (RFC 8461 5.1)");
  StsScene good;
  good.publish(StsMode::Enforce);
  ck_assert(!good.plan().unavailable_policy());
}
END_TEST

// One that can be had comes before one that cannot.
START_TEST(a_fault_of_the_written_name_and_a_policy_of_the_completed_one) {
  for (const bool good : {true, false}) {
    StsScene completed;
    completed.publish(StsMode::Enforce);
    completed.batch.suffixes = "lab";
    const StsFault fault{StsFaultType::Fetch, "why"};
    completed.sts.policies["sub.dom"] = {"sub.dom", StsMode::Testing, {}, {}, fault};
    if (good) completed.sts.policies["sub.dom.lab"] = completed.sts.policies["dom.lab"];
    completed.batch.recipients[0].domain = "sub.dom.lab";
    completed.batch.recipients[0].renames = {{"sub.dom", "sub.dom.lab"}};
    completed.resolver.mx_records["sub.dom.lab"] = completed.resolver.mx_records["dom.lab"];
    const auto plan = completed.plan();
    assert_text(completed.sts.asked, "sub.dom, sub.dom.lab");
    ck_assert(completed.host(plan, 1).sts.has_value() == good);
    ck_assert(completed.host(plan, 1).sts_unavailable.has_value() == !good);
  }
}
END_TEST

START_TEST(words) {
  StsScene scene;
  scene.publish(StsMode::Enforce);
  const auto plan = scene.plan();
  assert_text(policy_text(*scene.host(plan, 1).sts),
              "enforce, mx: mx1.lab, mx2.lab: TLS, and a certificate for the host's name by the "
              "system's anchors (RFC 8461 5)");
  StsDemand demand{{"dom.lab", StsMode::Enforce, {"*.lab"}}, Enforcement::Audit, false};
  assert_text(policy_text(demand),
              "enforce (dane_audit_domains: not enforced), mx: *.lab: the host is none of these "
              "(RFC 8461 5)");
  demand.policy.mode = StsMode::Testing;
  assert_text(policy_text(demand), "testing, mx: *.lab: the host is none of these (RFC 8461 5)");
}
END_TEST

int main() {
  Suite* suite = suite_create("sts_judge");
  TCase* tc = tcase_create("hosts");
  tcase_add_test(tc, dane_that_is_broken_waits);
  tcase_add_test(tc, dane_decides_first_host_by_host);
  tcase_add_test(tc, nobody_is_asked_where_every_host_has_dane);
  tcase_add_test(tc, a_host_that_the_policy_does_not_name);
  tcase_add_test(tc, records_under_an_unsigned_mx_and_a_policy_that_names_the_host);
  tcase_add_test(tc, unusable_records_and_a_policy_hold_both);
  tcase_add_test(tc, testing_forbids_nothing);
  tcase_add_test(tc, a_policy_makes_the_domain_ours);
  tcase_add_test(tc, a_daemon_that_is_down);
  tcase_add_test(tc, lists_of_domains);
  tcase_add_test(tc, a_host_that_no_list_names);
  tcase_add_test(tc, configured_hosts_have_no_policy_domain);
  tcase_add_test(tc, a_smart_host_that_is_a_domain);
  tcase_add_test(tc, a_route_by_the_domain_s_own_mx_records);
  tcase_add_test(tc, an_address_in_the_place_of_a_host);
  tcase_add_test(tc, renamed_domains);
  tcase_add_test(tc, a_forged_answer_that_looks_like_a_completion);
  tcase_add_test(tc, a_completed_name_has_a_policy_where_the_written_one_has_none);
  tcase_add_test(tc, a_domain_of_u_labels);
  tcase_add_test(tc, a_policy_that_nobody_could_get);
  tcase_add_test(tc, a_fault_of_the_written_name_and_a_policy_of_the_completed_one);
  tcase_add_test(tc, words);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

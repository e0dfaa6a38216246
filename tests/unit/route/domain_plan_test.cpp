// SPDX-License-Identifier: GPL-2.0-or-later
// Each host of a domain has a policy of its own, from validated answers and the lists. Hosts that
// nobody proved: forged_hosts_test; others: configured_hosts_test, renamed_domains_test,
// domain_lists_test.
#include "route/domain_plan.h"

#include "unit/route/domain_plan_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

// tests D-005
START_TEST(bogus_mx_stops_the_domain) {
  Scene scene;
  scene.resolver.failures["MX dom.lab"] = kBogus;
  auto plan = scene.plan();
  ck_assert(plan.failure.has_value() && plan.needs_us(scene.batch));
  assert_contains(plan.failure->text, "MX look-up of dom.lab: bad signature");
}
END_TEST

// tests D-007
START_TEST(a_failed_tlsa_look_up_skips_that_host_alone) {
  Scene scene;
  scene.resolver.failures["TLSA _25._tcp.mx2.lab"] = kBogus;
  auto plan = scene.plan();
  assert_policy<Authenticate>(scene.host(plan, 0));
  assert_policy<SkipHost>(scene.host(plan, 1));
}
END_TEST

// tests D-024, D-030: each host has its own policy, in MX order
START_TEST(one_host_with_records_takes_the_domain) {
  Scene scene;
  auto plan = scene.plan();
  ck_assert(plan.needs_us(scene.batch));
  assert_policy<Authenticate>(scene.host(plan, 0));
  assert_policy<NoDane>(scene.host(plan, 1));
  ck_assert(scene.host(plan, 0).secure);
}
END_TEST

START_TEST(no_records_at_all_is_delegated) {
  Scene scene;
  scene.resolver.tlsa_records.clear();
  ck_assert(!scene.plan().needs_us(scene.batch));
}
END_TEST

START_TEST(hosts_outside_hosts_try_dane_are_not_asked_for_records) {
  Scene scene;
  scene.server.lists.clear();
  ck_assert(!scene.plan().needs_us(scene.batch));
  ck_assert_msg(scene.resolver.asked.find("TLSA") == std::string::npos, "asked");
}
END_TEST

// tests D-110
START_TEST(required_and_absent_is_skipped) {
  Scene scene;
  scene.server.lists["hosts_require_dane"] = {0, 1};
  auto plan = scene.plan();
  assert_policy<Authenticate>(scene.host(plan, 0));
  assert_policy<SkipHost>(scene.host(plan, 1));
}
END_TEST

START_TEST(a_host_list_that_cannot_be_matched_is_no_permission) {
  Scene scene;
  scene.server.broken_options = {"hosts_try_dane"};
  auto plan = scene.plan();
  assert_policy<SkipHost>(scene.host(plan, 0));
}
END_TEST

// tests D-031, D-032, D-034
START_TEST(insecure_mx) {
  Scene scene;
  scene.resolver.insecure = {"dom.lab"};
  auto plan = scene.plan();
  assert_policy<Authenticate>(scene.host(plan, 0));
  ck_assert(scene.host(plan, 0).mx == MxTrust::Insecure && !scene.host(plan, 0).secure);
  ck_assert_uint_eq(scene.host(plan, 0).names.size(), 1);  // D-083: the base domain alone

  Scene may;
  may.resolver.insecure = {"dom.lab"};
  may.server.options["dane_insecure_mx"] = "may";
  ck_assert(!may.plan().needs_us(may.batch));

  Scene required;
  required.resolver.insecure = {"dom.lab"};
  required.server.options["dane_insecure_mx"] = "may";
  required.server.lists["hosts_require_dane"] = {0, 1};
  auto skipped = required.plan();
  assert_policy<SkipHost>(required.host(skipped, 0));
}
END_TEST

// tests D-061
START_TEST(the_real_port_is_asked_for) {
  Scene scene;
  scene.batch.hosts[0].port = 2525;
  auto plan = scene.plan();
  assert_policy<NoDane>(scene.host(plan, 0));
  assert_contains(scene.resolver.asked, "TLSA _2525._tcp.mx1.lab");
}
END_TEST

START_TEST(hosts_that_nobody_can_use_decide_nothing) {
  Scene scene;
  scene.resolver.tlsa_records.clear();
  auto& dead = scene.batch.hosts[1];
  dead.address.clear();
  dead.lookup = AddressLookup::NoneByRouter;
  ck_assert(!scene.plan().needs_us(scene.batch));
  ck_assert_msg(scene.resolver.asked.find("mx2.lab") == std::string::npos, "asked");
  dead.lookup = AddressLookup::Failed;  // Exim's own driver would look again
  ck_assert(scene.plan().needs_us(scene.batch));
}
END_TEST

START_TEST(lists_are_asked_about_the_groups_recipients) {
  Scene scene;
  scene.plan();
  ck_assert(scene.server.spoken_of == (std::vector<std::vector<RecipientIndex>>{{0}}));
}
END_TEST

START_TEST(domains_are_planned_apart) {
  AddressBatch batch = make_batch(1, 3);
  batch.recipients[1].domain = "other.lab";
  auto groups = recipients_by_domain(batch);
  ck_assert_uint_eq(groups.size(), 2);
  ck_assert(groups[0].recipients == (std::vector<RecipientIndex>{0, 2}));
  ck_assert(groups[1].recipients == (std::vector<RecipientIndex>{1}));
}
END_TEST

START_TEST(a_host_without_a_plan_is_not_used) {
  DomainPlan plan;
  assert_policy<SkipHost>(plan.host(make_batch(1, 1).hosts[0]));
}
END_TEST

// tests D-161: what was decided, and by which rule
START_TEST(each_decision_is_explained) {
  Scene scene;
  scene.resolver.insecure.insert("dom.lab");
  (void)scene.plan();
  assert_text(scene.server.debug_output,
              "DANE policy for dom.lab at mx1.lab:25: authenticate by 1 TLSA record of mx1.lab "
              "(RFC 7672 2.2)\n"
              "DANE: mx1.lab is named by an unsigned MX record: authenticating it proves nothing "
              "about dom.lab (RFC 7672 2.2.1)\n"
              "DANE names of mx1.lab, for usage 2: mx1.lab (RFC 7672 3.2.2)\n"
              "DANE policy for dom.lab at mx2.lab:25: no DANE: no secure TLSA records for mx2.lab "
              "(RFC 7672 2.2)\n");
}
END_TEST

// tests D-051: of the host whose addresses are not signed no records
START_TEST(all_hosts_are_announced_together) {
  Scene scene;
  scene.resolver.insecure = {"mx2.lab"};
  scene.plan();
  ck_assert(scene.resolver.expected ==
            (std::vector<std::string>{"A mx1.lab", "TLSA _25._tcp.mx1.lab", "AAAA mx1.lab",
                                      "A mx2.lab", "AAAA mx2.lab"}));
}
END_TEST

START_TEST(nothing_is_announced_that_nobody_asks) {
  Scene may;
  may.resolver.insecure = {"dom.lab"};
  may.server.options["dane_insecure_mx"] = "may";
  may.plan();
  ck_assert(may.resolver.expected.empty());

  Scene unlisted;
  unlisted.server.lists["hosts_try_dane"] = {0};
  unlisted.plan();
  ck_assert(unlisted.resolver.expected ==
            (std::vector<std::string>{"A mx1.lab", "TLSA _25._tcp.mx1.lab", "AAAA mx1.lab",
                                      "A mx2.lab", "AAAA mx2.lab"}));

  Scene failed;
  failed.resolver.failures["MX dom.lab"] = kBogus;
  failed.plan();
  ck_assert(failed.resolver.expected.empty());

  Scene forged;
  forged.resolver.mx_records["dom.lab"] = {{10, "mx2.lab"}};
  forged.plan();
  ck_assert(forged.resolver.expected ==
            (std::vector<std::string>{"A mx2.lab", "TLSA _25._tcp.mx2.lab", "AAAA mx2.lab"}));
}
END_TEST

// tests D-013
START_TEST(look_ups_of_a_host_have_their_own_time) {
  Scene scene;
  scene.plan();
  ck_assert_uint_eq(scene.resolver.limits.size(), 3);  // the domain's, then each host's
  ck_assert(scene.resolver.limits[1].left() <= 40000);
  ck_assert(scene.resolver.limits[0].left() > 40000);
}
END_TEST

int main() {
  Suite* suite = suite_create("domain_plan");
  TCase* tc = tcase_create("plan");
  tcase_add_test(tc, bogus_mx_stops_the_domain);
  tcase_add_test(tc, all_hosts_are_announced_together);
  tcase_add_test(tc, nothing_is_announced_that_nobody_asks);
  tcase_add_test(tc, a_failed_tlsa_look_up_skips_that_host_alone);
  tcase_add_test(tc, one_host_with_records_takes_the_domain);
  tcase_add_test(tc, no_records_at_all_is_delegated);
  tcase_add_test(tc, hosts_outside_hosts_try_dane_are_not_asked_for_records);
  tcase_add_test(tc, required_and_absent_is_skipped);
  tcase_add_test(tc, a_host_list_that_cannot_be_matched_is_no_permission);
  tcase_add_test(tc, insecure_mx);
  tcase_add_test(tc, the_real_port_is_asked_for);
  tcase_add_test(tc, hosts_that_nobody_can_use_decide_nothing);
  tcase_add_test(tc, lists_are_asked_about_the_groups_recipients);
  tcase_add_test(tc, domains_are_planned_apart);
  tcase_add_test(tc, a_host_without_a_plan_is_not_used);
  tcase_add_test(tc, each_decision_is_explained);
  tcase_add_test(tc, look_ups_of_a_host_have_their_own_time);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

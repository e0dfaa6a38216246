// SPDX-License-Identifier: GPL-2.0-or-later
// Hosts that the configuration names, by themselves, by "name/mx" or by SRV records.
#include "route/domain_plan.h"

#include "unit/route/domain_plan_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

// tests D-056, D-083: a configured host is a non-MX destination
START_TEST(configured_hosts_have_no_mx_look_up) {
  Scene scene;
  scene.batch.recipients[0].route = RouteKind::Fixed;
  for (auto& host : scene.batch.hosts) host.mx.reset();
  auto plan = scene.plan();
  assert_policy<Authenticate>(scene.host(plan, 0));
  ck_assert(scene.host(plan, 0).mx == MxTrust::Secure);
  ck_assert_msg(scene.resolver.asked.find("MX ") == std::string::npos, "MX asked");
  ck_assert_uint_eq(scene.host(plan, 0).names.size(), 1);
}
END_TEST

// tests D-041: "smarthost.lab/mx" in a route list, expanded by an unvalidated answer
START_TEST(a_configured_name_expanded_by_mx_proves_nothing) {
  Scene scene;
  scene.batch.recipients[0].route = RouteKind::Fixed;
  auto plan = scene.plan();
  assert_policy<Authenticate>(scene.host(plan, 0));
  ck_assert(scene.host(plan, 0).mx == MxTrust::Insecure);
  scene.server.lists["hosts_require_dane"] = {0, 1};
  auto required = scene.plan();
  assert_policy<SkipHost>(scene.host(required, 0));
}
END_TEST

// tests D-058
START_TEST(an_address_has_no_records) {
  Scene scene;
  scene.batch.recipients[0].route = RouteKind::Fixed;
  scene.batch.hosts = {{"192.0.2.9", "192.0.2.9", "192.0.2.9", std::nullopt, std::nullopt}};
  ck_assert(!scene.plan().needs_us(scene.batch));
  scene.server.lists["hosts_require_dane"] = {0};
  auto plan = scene.plan();
  assert_policy<SkipHost>(scene.host(plan, 0));
}
END_TEST

// tests D-039, D-041: "name/mx" in a route, whose record names an address
START_TEST(an_address_that_a_record_names_is_no_host) {
  Scene scene;
  scene.batch.recipients[0].route = RouteKind::Fixed;
  scene.batch.hosts = {{"192.0.2.9", "192.0.2.9", "192.0.2.9", std::nullopt, 10}};
  auto plan = scene.plan();
  assert_policy<SkipHost>(scene.host(plan, 0));
}
END_TEST

// tests D-041, D-056: the hosts file is the administrator's word for what the configuration names
START_TEST(configured_hosts_may_be_in_the_hosts_file) {
  Scene scene;
  scene.batch.recipients[0].route = RouteKind::Fixed;
  for (auto& host : scene.batch.hosts) host.mx.reset();
  scene.resolver.a_records.clear();
  auto plan = scene.plan();
  assert_policy<SkipHost>(scene.host(plan, 0));

  scene.server.hosts_file = {{"mx1.lab", "192.0.2.1"}, {"mx2.lab", "192.0.2.2"}};
  plan = scene.plan();
  assert_policy<Authenticate>(scene.host(plan, 0));
  assert_policy<NoDane>(scene.host(plan, 1));

  scene.resolver.a_records["mx2.lab"] = {"192.0.2.22"};  // the DNS has it elsewhere
  plan = scene.plan();
  assert_policy<NoDane>(scene.host(plan, 1));
  scene.server.hosts_file.clear();
  plan = scene.plan();
  assert_policy<SkipHost>(scene.host(plan, 1));

  Scene mx;  // never for what a record names
  mx.resolver.a_records.clear();
  mx.server.hosts_file = {{"mx1.lab", "192.0.2.1"}};
  plan = mx.plan();
  assert_policy<SkipHost>(mx.host(plan, 0));
  mx.batch.recipients[0].route = RouteKind::Fixed;  // by "name/mx"
  plan = mx.plan();
  assert_policy<SkipHost>(mx.host(plan, 0));
  mx.batch.recipients[0].route = RouteKind::Mx;  // by the domain's own address
  for (auto& host : mx.batch.hosts) host.mx.reset();
  plan = mx.plan();
  assert_policy<SkipHost>(mx.host(plan, 0));
}
END_TEST

// tests D-031: nobody has proved that the record is not signed
START_TEST(insecure_mx_may_needs_the_proof) {
  Scene scene;
  scene.batch.recipients[0].route = RouteKind::Fixed;
  scene.server.options["dane_insecure_mx"] = "may";
  auto plan = scene.plan();
  assert_policy<Authenticate>(scene.host(plan, 0));
}
END_TEST

// tests D-056, D-057: Exim completed the configured name
START_TEST(a_completed_host_has_its_own_records) {
  Scene scene;
  scene.batch.recipients[0].route = RouteKind::Fixed;
  for (auto& host : scene.batch.hosts) host.mx.reset();
  scene.batch.hosts[0].asked_name = "mx1";
  scene.batch.suffixes = "lab";
  auto plan = scene.plan();
  assert_policy<Authenticate>(scene.host(plan, 0));
  scene.batch.suffixes = "elsewhere.lab";
  plan = scene.plan();
  assert_policy<SkipHost>(scene.host(plan, 0));

  Scene mx;  // nor what a record names
  mx.batch.suffixes = "lab";
  mx.batch.hosts[0].asked_name = "mx1";
  mx.resolver.mx_records["dom.lab"] = {{10, "mx1"}};
  for (const auto route : {RouteKind::Mx, RouteKind::Fixed}) {
    mx.batch.recipients[0].route = route;
    plan = mx.plan();
    assert_policy<SkipHost>(mx.host(plan, 0));
  }
}
END_TEST

// tests D-041: "name/mx" in a route
START_TEST(a_configured_name_is_validated) {
  Scene scene;
  auto& recipient = scene.batch.recipients[0];
  recipient.route = RouteKind::Fixed;
  recipient.mx_names = "other.lab smart.lab";
  scene.resolver.mx_records["smart.lab"] = {{10, "mx1.lab"}};
  scene.resolver.mx_records["other.lab"] = {{10, "mx.other.lab"}};
  auto plan = scene.plan();
  assert_policy<Authenticate>(scene.host(plan, 0));
  ck_assert(scene.host(plan, 0).mx == MxTrust::Insecure);  // never CV=dane
  assert_policy<SkipHost>(scene.host(plan, 1));            // forged
  scene.resolver.failures["MX other.lab"] = kBogus;
  plan = scene.plan();
  assert_policy<SkipHost>(scene.host(plan, 0));
  assert_text(scene.server.trace(), "");

  recipient.mx_names.clear();  // not known here: the log says so, once
  plan = scene.plan();
  assert_policy<Authenticate>(scene.host(plan, 0));
  ck_assert_uint_eq(scene.server.calls.size(), 1);
  assert_contains(scene.server.trace(), "mx1.lab is named by a record that cannot be validated");
}
END_TEST

START_TEST(srv_records_are_told_as_such) {
  Scene scene;
  scene.batch.recipients[0].by_srv = true;
  scene.batch.hosts[1].asked_name = "sip.lab";
  auto plan = scene.plan();
  assert_policy<Authenticate>(scene.host(plan, 0));
  assert_contains(std::get<SkipHost>(scene.host(plan, 1).policy).error.text, "check_srv");
}
END_TEST

int main() {
  Suite* suite = suite_create("configured_hosts");
  TCase* tc = tcase_create("plan");
  tcase_add_test(tc, configured_hosts_have_no_mx_look_up);
  tcase_add_test(tc, a_configured_name_expanded_by_mx_proves_nothing);
  tcase_add_test(tc, an_address_has_no_records);
  tcase_add_test(tc, an_address_that_a_record_names_is_no_host);
  tcase_add_test(tc, configured_hosts_may_be_in_the_hosts_file);
  tcase_add_test(tc, insecure_mx_may_needs_the_proof);
  tcase_add_test(tc, a_completed_host_has_its_own_records);
  tcase_add_test(tc, a_configured_name_is_validated);
  tcase_add_test(tc, srv_records_are_told_as_such);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// Exim's own resolver may have been lied to: a host is used only if the validated records name it,
// at an address that they give it.
#include "route/domain_plan.h"

#include "unit/route/domain_plan_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

// tests D-041: the resolver that Exim asked has been lied to
START_TEST(a_host_that_the_signed_mx_does_not_name_is_not_used) {
  Scene scene;
  scene.batch.hosts[1].asked_name = scene.batch.hosts[1].name = "evil.lab";
  scene.resolver.a_records["evil.lab"] = {"192.0.2.66"};
  scene.resolver.tlsa_records["_25._tcp.evil.lab"] =
      scene.resolver.tlsa_records["_25._tcp.mx1.lab"];
  auto plan = scene.plan();
  assert_policy<SkipHost>(scene.host(plan, 1));
  assert_contains(std::get<SkipHost>(scene.host(plan, 1).policy).error.text, "evil.lab");
  ck_assert_msg(scene.resolver.asked.find("TLSA _25._tcp.evil") == std::string::npos, "asked");
}
END_TEST

// tests D-041: Exim was told that there are no MX records
START_TEST(an_implicit_mx_is_checked_too) {
  Scene scene;
  scene.batch.hosts = {{"dom.lab", "dom.lab", "192.0.2.66", std::nullopt, std::nullopt}};
  scene.resolver.a_records["dom.lab"] = {"192.0.2.66"};
  auto plan = scene.plan();
  assert_policy<SkipHost>(scene.host(plan, 0));
}
END_TEST

// tests D-041: a list that was asked about a forged name or address has said nothing of the real
// host
START_TEST(a_list_says_no_of_hosts_of_the_validated_records_alone) {
  Scene scene;
  scene.server.lists.clear();
  scene.batch.hosts[1].asked_name = scene.batch.hosts[1].name = "evil.lab";
  scene.resolver.a_records["evil.lab"] = {scene.batch.hosts[1].address};
  scene.batch.hosts[0].address = "192.0.2.66";
  auto plan = scene.plan();
  assert_policy<SkipHost>(scene.host(plan, 0));
  assert_policy<SkipHost>(scene.host(plan, 1));
  ck_assert(plan.needs_us(scene.batch));

  Scene failing;
  failing.server.lists.clear();
  failing.resolver.failures["A mx1.lab"] = failing.resolver.failures["AAAA mx1.lab"] = kBogus;
  plan = failing.plan();
  assert_policy<SkipHost>(failing.host(plan, 0));
  assert_policy<NoDane>(failing.host(plan, 1));

  Scene bogus;
  bogus.server.lists.clear();
  bogus.resolver.failures["MX dom.lab"] = kBogus;
  ck_assert(bogus.plan().failure.has_value());
}
END_TEST

// tests D-041
START_TEST(an_unlisted_alias_is_judged_unless_the_lists_saw_its_end) {
  for (bool seen : {false, true}) {
    Scene scene;
    scene.server.lists.clear();
    scene.resolver.cnames["mx1.lab"] = "end.lab";
    scene.resolver.a_records["end.lab"] = {"192.0.2.1"};
    if (seen) scene.batch.hosts[0].name = "end.lab";
    auto plan = scene.plan();
    if (seen) assert_policy<NoDane>(scene.host(plan, 0));
    if (!seen) assert_policy<Authenticate>(scene.host(plan, 0));
    scene.resolver.insecure = {"end.lab"};  // D-054: the record of the alias itself counts
    plan = scene.plan();
    assert_policy<Authenticate>(scene.host(plan, 0));
  }
}
END_TEST

// tests D-041: one forged record, with a name that no host can have, must not turn DANE off
START_TEST(a_forged_odd_name_is_no_way_around_the_mx_records) {
  for (const char* odd :
       {"a/b.lab", "192.0.2.66", "2001:db8::66", "[192.0.2.66]", "a\\.b.lab", ""}) {
    Scene scene;
    auto& host = scene.batch.hosts[1];
    host.asked_name = host.name = odd;
    host.address = "192.0.2.66";
    auto plan = scene.plan();
    assert_policy<SkipHost>(scene.host(plan, 1));
  }
}
END_TEST

// tests D-039: an honest one is held to its records
START_TEST(an_odd_name_of_the_signed_mx_has_its_records) {
  Scene scene;
  scene.resolver.mx_records["dom.lab"].push_back({5, "a\\047b.lab"});
  scene.resolver.a_records["a\\047b.lab"] = {"192.0.2.2"};
  scene.resolver.tlsa_records["_25._tcp.a\\047b.lab"] =
      scene.resolver.tlsa_records["_25._tcp.mx1.lab"];
  scene.batch.hosts[1].asked_name = "a/B.lab";
  auto plan = scene.plan();
  assert_policy<Authenticate>(scene.host(plan, 1));
}
END_TEST

// tests D-039, D-058: an unsigned MX record may name an address, as Exim's allow_mx_to_ip lets it
START_TEST(an_address_as_mx) {
  Scene scene;
  scene.batch.hosts[1].asked_name = scene.batch.hosts[1].name = "192.0.2.2";
  scene.resolver.mx_records["dom.lab"].push_back({5, "192.0.2.2"});
  auto plan = scene.plan();
  assert_policy<SkipHost>(scene.host(plan, 1));
  scene.resolver.insecure.insert("dom.lab");
  plan = scene.plan();
  assert_policy<NoDane>(scene.host(plan, 1));
  scene.server.lists["hosts_require_dane"] = {1};
  plan = scene.plan();
  assert_policy<SkipHost>(scene.host(plan, 1));
}
END_TEST

// tests D-041, D-050: what the validated DNS proves to be nowhere is not at an address that Exim
// found
START_TEST(a_host_without_address_is_nowhere) {
  Scene none;
  none.resolver.a_records.erase("mx2.lab");
  auto plan = none.plan();
  assert_policy<SkipHost>(none.host(plan, 1));
  assert_contains(std::get<SkipHost>(none.host(plan, 1).policy).error.text,
                  "mx2.lab has no address in the validated DNS");
  ck_assert(plan.needs_us(none.batch));

  Scene domain;  // signed, without MX and address; and one that does not exist
  domain.resolver.mx_records.clear();
  domain.batch.hosts = {{"dom.lab", "dom.lab", "192.0.2.66", std::nullopt, std::nullopt}};
  plan = domain.plan();
  assert_policy<SkipHost>(domain.host(plan, 0));

  Scene not_signed;
  not_signed.resolver.a_records.erase("mx2.lab");
  not_signed.resolver.insecure = {"mx2.lab"};
  plan = not_signed.plan();
  assert_policy<NoDane>(not_signed.host(plan, 1));
}
END_TEST

// tests D-041, D-059
START_TEST(an_address_that_is_not_the_hosts_is_not_used) {
  Scene scene;
  scene.resolver.tlsa_records.clear();
  scene.batch.hosts.push_back(scene.batch.hosts[0]);
  scene.batch.hosts.push_back(scene.batch.hosts[0]);
  scene.batch.hosts[2].address = "192.0.2.66";
  scene.batch.hosts[3].address = "2001:db8::66";
  auto plan = scene.plan();
  assert_policy<NoDane>(scene.host(plan, 0));
  assert_policy<SkipHost>(scene.host(plan, 2));
  assert_policy<SkipHost>(scene.host(plan, 3));
  ck_assert(plan.needs_us(scene.batch));  // Exim's own driver would use them

  scene.batch.hosts.erase(scene.batch.hosts.begin() + 2);
  scene.resolver.failures["AAAA mx1.lab"] = kBogus;
  plan = scene.plan();
  assert_policy<SkipHost>(scene.host(plan, 2));

  scene.resolver.failures.clear();
  scene.resolver.insecure = {"mx1.lab"};
  plan = scene.plan();
  assert_policy<NoDane>(scene.host(plan, 2));
  ck_assert(!plan.needs_us(scene.batch));
}
END_TEST

int main() {
  Suite* suite = suite_create("forged_hosts");
  TCase* tc = tcase_create("plan");
  tcase_add_test(tc, a_host_that_the_signed_mx_does_not_name_is_not_used);
  tcase_add_test(tc, an_implicit_mx_is_checked_too);
  tcase_add_test(tc, a_list_says_no_of_hosts_of_the_validated_records_alone);
  tcase_add_test(tc, an_unlisted_alias_is_judged_unless_the_lists_saw_its_end);
  tcase_add_test(tc, a_forged_odd_name_is_no_way_around_the_mx_records);
  tcase_add_test(tc, an_odd_name_of_the_signed_mx_has_its_records);
  tcase_add_test(tc, an_address_as_mx);
  tcase_add_test(tc, a_host_without_address_is_nowhere);
  tcase_add_test(tc, an_address_that_is_not_the_hosts_is_not_used);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

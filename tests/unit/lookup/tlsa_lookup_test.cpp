// SPDX-License-Identifier: GPL-2.0-or-later
// What a look-up of a host tells beside its decision. The decisions: tlsa_absence_test,
// tlsa_base_domain_test.
#include "lookup/tlsa_lookup.h"

#include "unit/lookup/tlsa_lookup_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

START_TEST(the_real_port_is_asked) {  // tests D-061
  FakeResolver dns;
  addresses(dns);
  dns.tlsa_records["_2525._tcp.mx.lab"] = {good_tlsa(1)};
  assert_text(decision_text(look_up_host(dns, name("mx.lab"), 2525).tlsa), "usable mx.lab 01");
}
END_TEST

START_TEST(families_are_kept_apart) {  // tests D-059
  FakeResolver dns;
  addresses(dns);
  dns.failures = {{"AAAA mx.lab", kBogus}};
  auto found = look_up_host(dns, name("mx.lab"), 25);
  ck_assert(found.inet.state == AddressState::Secure);
  ck_assert(found.inet.addresses == std::vector<std::string>{"192.0.2.1"});
  ck_assert(!found.inet.error);
  ck_assert(found.inet6.state == AddressState::Failed);
  ck_assert(found.inet6.error == kBogus);
  ck_assert(found.inet6.addresses.empty());

  FakeResolver unsigned_zone;
  unsigned_zone.aaaa_records["mx.lab"] = {"2001:db8::1", "2001:db8::2"};
  unsigned_zone.insecure = {"mx.lab"};
  found = look_up_host(unsigned_zone, name("mx.lab"), 25);
  ck_assert(found.inet.state == AddressState::Absent);
  ck_assert(found.inet6.state == AddressState::Insecure);
  ck_assert_uint_eq(found.inet6.addresses.size(), 2);
}
END_TEST

// tests D-041, D-059: the addresses at which somebody else wants to connect to the host
START_TEST(whose_address_it_may_be) {
  FakeResolver dns;
  addresses(dns);
  auto found = look_up_host(dns, name("mx.lab"), 25);
  ck_assert(found.may_have("192.0.2.1") && !found.may_have("192.0.2.66"));
  ck_assert(!found.may_have("2001:db8::66"));  // proved to have none of the kind
  dns.failures = {{"AAAA mx.lab", kBogus}};
  found = look_up_host(dns, name("mx.lab"), 25);
  ck_assert(found.may_have("192.0.2.1") && !found.may_have("2001:db8::66"));
  dns.failures.clear();
  dns.aaaa_records["mx.lab"] = {"2001:db8::1"};
  found = look_up_host(dns, name("mx.lab"), 25);
  ck_assert(found.may_have("2001:DB8:0:0::1") && !found.may_have("nonsense"));

  FakeResolver unsigned_zone;
  addresses(unsigned_zone);
  unsigned_zone.insecure = {"mx.lab"};
  found = look_up_host(unsigned_zone, name("mx.lab"), 25);
  ck_assert(found.may_have("192.0.2.66") && found.may_have("2001:db8::66"));
}
END_TEST

// tests D-050: an alias of the TLSA owner may have any name
START_TEST(an_odd_alias_of_the_records) {
  FakeResolver dns;
  addresses(dns);
  dns.cnames["_25._tcp.mx.lab"] = "a\\047b.lab";
  dns.tlsa_records["a\\047b.lab"] = {good_tlsa(1)};
  assert_text(decision_text(look_up_host(dns, name("mx.lab"), 25).tlsa), "usable mx.lab 01");
}
END_TEST

START_TEST(a_name_too_long_for_tlsa_has_none) {
  std::string label(60, 'a');
  std::string longest = label + "." + label + "." + label + "." + label + ".lab";
  ck_assert_uint_eq(longest.size(), 247);
  FakeResolver dns;
  dns.a_records[longest] = {"192.0.2.1"};
  auto found = look_up_host(dns, name(longest.c_str()), 25);
  assert_text(decision_text(found.tlsa), "none");
  assert_text(dns.asked, "A " + longest + ", AAAA " + longest);
}
END_TEST

START_TEST(what_is_sure_to_be_asked_is_announced) {
  FakeResolver dns;
  dns.a_records = {{"mx.lab", {"192.0.2.1"}}};
  dns.aaaa_records = {{"mx.lab", {"2001:db8::1"}}};
  expect_host(dns, name("mx.lab"), 587);
  ck_assert(dns.expected == (std::vector<std::string>{"A mx.lab", "TLSA _587._tcp.mx.lab",
                                                      "AAAA mx.lab", "TLSA _587._tcp.mx.lab"}));
  dns.expected.clear();
  expect_host(dns, name("mx.lab"), std::nullopt);  // the addresses alone
  ck_assert(dns.expected == (std::vector<std::string>{"A mx.lab", "AAAA mx.lab"}));
  dns.expected.clear();
  dns.insecure = {"mx.lab"};
  expect_host(dns, name("mx.lab"), 25);
  ck_assert(dns.expected == (std::vector<std::string>{"A mx.lab", "AAAA mx.lab"}));
}
END_TEST

// The fake is what "no TLSA query was sent" rests on: it must tell of every question.
START_TEST(the_fake_notes_every_question) {
  FakeResolver dns;
  assert_ok(dns.tlsa(name("_25._tcp.nowhere.lab")));
  assert_ok(dns.cname(name("nowhere.lab")));
  assert_ok(dns.mx(name("nowhere.lab")));
  assert_text(dns.asked, "TLSA _25._tcp.nowhere.lab, CNAME nowhere.lab, MX nowhere.lab");
  dns.failures = {{"MX nowhere.lab", kBogus}};
  assert_error(dns.mx(name("nowhere.lab")), ErrorKind::DnsBogus);
  dns.cnames = {{"a.lab", "b.lab"}, {"b.lab", "a.lab"}};
  assert_error(dns.mx(name("a.lab")), ErrorKind::DnsFailure);
}
END_TEST

int main() {
  Suite* suite = suite_create("tlsa_lookup");
  TCase* tc = tcase_create("look_up_host");
  tcase_add_test(tc, the_real_port_is_asked);
  tcase_add_test(tc, families_are_kept_apart);
  tcase_add_test(tc, whose_address_it_may_be);
  tcase_add_test(tc, an_odd_alias_of_the_records);
  tcase_add_test(tc, a_name_too_long_for_tlsa_has_none);
  tcase_add_test(tc, what_is_sure_to_be_asked_is_announced);
  tcase_add_test(tc, the_fake_notes_every_question);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

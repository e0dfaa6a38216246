// SPDX-License-Identifier: GPL-2.0-or-later
#include "lookup/tlsa_lookup.h"

#include <functional>
#include <iterator>

#include "fakes/fake_resolver.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

const Error kBogus{ErrorKind::DnsBogus, "signature expired"};
const Error kServfail{ErrorKind::DnsFailure, "SERVFAIL"};
const Error kTimeout{ErrorKind::DnsFailure, "no answer in time"};

// 3 1 1 with the digest's 32 octets all `octet`.
Bytes good_tlsa(std::uint8_t octet) {
  Bytes rdata{3, 1, 1};
  rdata.insert(rdata.end(), 32, octet);
  return rdata;
}

std::string decision_text(const TlsaDecision& decision) {
  struct Visitor {
    std::string operator()(const NoTlsa& none) const {
      return none.why.empty() ? "NoTlsa?" : "none";
    }
    std::string operator()(const TlsaUnusable& unusable) const {
      return "unusable " + unusable.base_domain.text() + " " +
             std::to_string(unusable.reasons.size());
    }
    std::string operator()(const TlsaUsable& usable) const {
      std::string text = "usable " + usable.base_domain.text();
      for (const auto& record : usable.records) text += " " + to_hex({&record.data[0], 1});
      return text;
    }
    std::string operator()(const TlsaLookupFailed& failed) const {
      return "failed " + failed.error.text;
    }
  };
  return std::visit(Visitor{}, decision);
}

struct Case {
  const char* name;
  std::function<void(FakeResolver&)> zone;
  const char* decision;
  const char* asked;
};

// The host is mx.lab, port 25. What the usual zones are made of:
void addresses(FakeResolver& dns) {
  dns.a_records["mx.lab"] = {"192.0.2.1"};
}
void alias(FakeResolver& dns) {
  dns.cnames["mx.lab"] = "host.lab";
  dns.a_records["host.lab"] = {"192.0.2.1"};
}
void two_aliases(FakeResolver& dns) {
  dns.cnames["mx.lab"] = "middle.lab";
  dns.cnames["middle.lab"] = "host.lab";
  dns.a_records["host.lab"] = {"192.0.2.1"};
}
void insecure_alias(FakeResolver& dns) {
  alias(dns);
  dns.insecure = {"host.lab", "_25._tcp.host.lab"};
}
void tlsa(FakeResolver& dns, const char* base, std::uint8_t octet) {
  dns.tlsa_records[std::string("_25._tcp.") + base] = {good_tlsa(octet)};
}

#define NOWHERE                                                                         \
  "failed DANE error: mx.lab has no address in the validated DNS, though the system's " \
  "resolver says so"
#define ADDRESSES "A mx.lab, AAAA mx.lab"
#define AT_MX ", TLSA _25._tcp.mx.lab"
#define AT_HOST ", TLSA _25._tcp.host.lab"

const Case kCases[] = {
    // Failures first. tests D-002, D-007, D-050, D-059
    {"both families bogus",
     [](auto& dns) {
       dns.failures = {{"A mx.lab", kBogus}, {"AAAA mx.lab", kServfail}};
       tlsa(dns, "mx.lab", 1);
     },
     "failed signature expired", ADDRESSES},
    {"A times out, no AAAA",
     [](auto& dns) {
       dns.failures = {{"A mx.lab", kTimeout}};
       tlsa(dns, "mx.lab", 1);
     },
     "failed no answer in time", ADDRESSES},
    {"no A, AAAA SERVFAIL",
     [](auto& dns) {
       dns.failures = {{"AAAA mx.lab", kServfail}};
     },
     "failed SERVFAIL", ADDRESSES},
    {"A fails, AAAA insecure and absent",
     [](auto& dns) {
       dns.failures = {{"A mx.lab", kServfail}};
       dns.insecure = {"mx.lab"};
     },
     "failed SERVFAIL", ADDRESSES},
    {"TLSA bogus",
     [](auto& dns) {
       addresses(dns);
       dns.failures = {{"TLSA _25._tcp.mx.lab", kBogus}};
     },
     "failed signature expired", ADDRESSES AT_MX},
    {"TLSA SERVFAIL",
     [](auto& dns) {
       addresses(dns);
       dns.failures = {{"TLSA _25._tcp.mx.lab", kServfail}};
     },
     "failed SERVFAIL", ADDRESSES AT_MX},
    {"TLSA times out",
     [](auto& dns) {
       addresses(dns);
       dns.failures = {{"TLSA _25._tcp.mx.lab", kTimeout}};
     },
     "failed no answer in time", ADDRESSES AT_MX},
    // tests D-053: an error at the expanded name never falls through to the original one
    {"alias, TLSA of the target fails",
     [](auto& dns) {
       alias(dns);
       tlsa(dns, "mx.lab", 1);
       dns.failures = {{"TLSA _25._tcp.host.lab", kServfail}};
     },
     "failed SERVFAIL", ADDRESSES AT_HOST},
    {"alias, TLSA of the original fails",
     [](auto& dns) {
       alias(dns);
       dns.failures = {{"TLSA _25._tcp.mx.lab", kBogus}};
     },
     "failed signature expired", ADDRESSES AT_HOST AT_MX},
    {"insecure target, the first link bogus",
     [](auto& dns) {
       insecure_alias(dns);
       tlsa(dns, "mx.lab", 1);
       dns.failures = {{"CNAME mx.lab", kBogus}};
     },
     "failed signature expired", ADDRESSES ", CNAME mx.lab"},
    {"a TLSA alias whose target fails",
     [](auto& dns) {
       addresses(dns);
       dns.cnames["_25._tcp.mx.lab"] = "tlsa.lab";
       dns.failures = {{"TLSA tlsa.lab", kServfail}};
     },
     "failed SERVFAIL", ADDRESSES AT_MX},

    // Nothing to look for. tests D-003, D-050, D-051
    {"NXDOMAIN", [](auto&) {}, NOWHERE, ADDRESSES},
    {"NODATA",
     [](auto& dns) {
       dns.mx_records["mx.lab"] = {};
       tlsa(dns, "mx.lab", 1);
     },
     NOWHERE, ADDRESSES},
    {"NXDOMAIN in an unsigned zone", [](auto& dns) { dns.insecure = {"mx.lab"}; }, "none",
     ADDRESSES},
    {"insecure addresses: no TLSA query",
     [](auto& dns) {
       addresses(dns);
       dns.insecure = {"mx.lab"};
       dns.failures = {{"TLSA _25._tcp.mx.lab", kServfail}};
     },
     "none", ADDRESSES},
    {"insecure A, AAAA SERVFAIL: no TLSA query",
     [](auto& dns) {
       addresses(dns);
       dns.insecure = {"mx.lab"};
       dns.failures = {{"AAAA mx.lab", kServfail}};
     },
     "none", ADDRESSES},

    // tests D-052
    {"secure",
     [](auto& dns) {
       addresses(dns);
       tlsa(dns, "mx.lab", 1);
     },
     "usable mx.lab 01", ADDRESSES AT_MX},
    {"secure, TLSA NXDOMAIN", [](auto& dns) { addresses(dns); }, "none", ADDRESSES AT_MX},
    {"secure, TLSA NODATA",
     [](auto& dns) {
       addresses(dns);
       dns.tlsa_records["_25._tcp.mx.lab"] = {};
     },
     "none", ADDRESSES AT_MX},
    {"secure, TLSA insecure",  // tests D-064
     [](auto& dns) {
       addresses(dns);
       tlsa(dns, "mx.lab", 1);
       dns.insecure = {"_25._tcp.mx.lab"};
     },
     "none", ADDRESSES AT_MX},
    {"TLSA at another port only",  // tests D-061
     [](auto& dns) {
       addresses(dns);
       dns.tlsa_records["_2525._tcp.mx.lab"] = {good_tlsa(1)};
     },
     "none", ADDRESSES AT_MX},

    // tests D-053
    // tests D-040
    {"alias, TLSA at the target",
     [](auto& dns) {
       alias(dns);
       tlsa(dns, "host.lab", 1);
     },
     "usable host.lab 01", ADDRESSES AT_HOST},
    {"alias, TLSA at the original",
     [](auto& dns) {
       alias(dns);
       tlsa(dns, "mx.lab", 1);
     },
     "usable mx.lab 01", ADDRESSES AT_HOST AT_MX},
    {"alias, TLSA at both",
     [](auto& dns) {
       alias(dns);
       tlsa(dns, "host.lab", 1);
       tlsa(dns, "mx.lab", 2);
     },
     "usable host.lab 01", ADDRESSES AT_HOST},
    {"alias, TLSA at neither", alias, "none", ADDRESSES AT_HOST AT_MX},
    {"alias, insecure TLSA at the target, secure at the original",
     [](auto& dns) {
       alias(dns);
       tlsa(dns, "host.lab", 1);
       tlsa(dns, "mx.lab", 2);
       dns.insecure = {"_25._tcp.host.lab"};
     },
     "usable mx.lab 02", ADDRESSES AT_HOST AT_MX},
    {"alias, unusable TLSA at the target binds",  // tests D-065
     [](auto& dns) {
       alias(dns);
       dns.tlsa_records["_25._tcp.host.lab"] = {{1, 0, 1, 5}};
       tlsa(dns, "mx.lab", 2);
     },
     "unusable host.lab 1", ADDRESSES AT_HOST},
    {"two links, TLSA at the middle name only",  // tests D-055
     [](auto& dns) {
       two_aliases(dns);
       tlsa(dns, "middle.lab", 1);
     },
     "none", ADDRESSES AT_HOST AT_MX},

    // tests D-054, D-009, D-010
    {"insecure target, secure first link, TLSA at the original",
     [](auto& dns) {
       insecure_alias(dns);
       tlsa(dns, "mx.lab", 1);
     },
     "usable mx.lab 01", ADDRESSES ", CNAME mx.lab" AT_MX},
    {"insecure target, secure first link, TLSA at the target only",
     [](auto& dns) {
       insecure_alias(dns);
       tlsa(dns, "host.lab", 1);
     },
     "none", ADDRESSES ", CNAME mx.lab" AT_MX},
    {"insecure first link",
     [](auto& dns) {
       alias(dns);
       tlsa(dns, "mx.lab", 1);
       tlsa(dns, "host.lab", 1);
       dns.insecure = {"mx.lab"};
     },
     "none", ADDRESSES ", CNAME mx.lab"},
    {"insecure second link",
     [](auto& dns) {
       two_aliases(dns);
       tlsa(dns, "mx.lab", 1);
       dns.insecure = {"middle.lab"};
     },
     "usable mx.lab 01", ADDRESSES ", CNAME mx.lab" AT_MX},

    // tests D-059, D-060
    {"A secure, AAAA bogus",
     [](auto& dns) {
       addresses(dns);
       tlsa(dns, "mx.lab", 1);
       dns.failures = {{"AAAA mx.lab", kBogus}};
     },
     "usable mx.lab 01", ADDRESSES AT_MX},
    {"A SERVFAIL, AAAA secure",
     [](auto& dns) {
       dns.aaaa_records["mx.lab"] = {"2001:db8::1"};
       tlsa(dns, "mx.lab", 1);
       dns.failures = {{"A mx.lab", kServfail}};
     },
     "usable mx.lab 01", ADDRESSES AT_MX},
    {"A bogus, AAAA secure through an alias",
     [](auto& dns) {
       alias(dns);
       dns.aaaa_records["host.lab"] = {"2001:db8::1"};
       tlsa(dns, "host.lab", 1);
       dns.failures = {{"A host.lab", kBogus}};
     },
     "usable host.lab 01", ADDRESSES AT_HOST},
    {"both families secure",
     [](auto& dns) {
       addresses(dns);
       dns.aaaa_records["mx.lab"] = {"2001:db8::1"};
       tlsa(dns, "mx.lab", 1);
     },
     "usable mx.lab 01", ADDRESSES AT_MX},

    // tests D-062, D-063
    {"a TLSA alias keeps the base domain",
     [](auto& dns) {
       addresses(dns);
       dns.cnames["_25._tcp.mx.lab"] = "tlsa.lab";
       dns.tlsa_records["tlsa.lab"] = {good_tlsa(1)};
     },
     "usable mx.lab 01", ADDRESSES AT_MX},
    {"a TLSA alias with an insecure link",
     [](auto& dns) {
       addresses(dns);
       dns.cnames["_25._tcp.mx.lab"] = "tlsa.lab";
       dns.tlsa_records["tlsa.lab"] = {good_tlsa(1)};
       dns.insecure = {"tlsa.lab"};
     },
     "none", ADDRESSES AT_MX},

    // tests D-021, D-066, D-076
    {"records too short to be any",
     [](auto& dns) {
       addresses(dns);
       dns.tlsa_records["_25._tcp.mx.lab"] = {{3, 1}, {3, 1, 1}};
     },
     "unusable mx.lab 2", ADDRESSES AT_MX},
    {"an empty rdata is a record",  // tests D-066
     [](auto& dns) {
       addresses(dns);
       dns.tlsa_records["_25._tcp.mx.lab"] = {{}};
     },
     "unusable mx.lab 1", ADDRESSES AT_MX},
    {"unusable ones beside a usable one",
     [](auto& dns) {
       addresses(dns);
       dns.tlsa_records["_25._tcp.mx.lab"] = {{3, 1}, {1, 0, 1, 5}, good_tlsa(7)};
     },
     "usable mx.lab 07", ADDRESSES AT_MX},
};

DnsName name(const char* text) {
  return assert_ok(DnsName::parse(text));
}

}  // namespace

START_TEST(decides) {
  const Case& row = kCases[_i];
  FakeResolver dns;
  row.zone(dns);
  auto found = look_up_host(dns, name("mx.lab"), 25);
  auto seen = decision_text(found.tlsa);
  ck_assert_msg(seen == row.decision, "%s: %s, not %s", row.name, seen.c_str(), row.decision);
  ck_assert_msg(dns.asked == row.asked, "%s: asked %s", row.name, dns.asked.c_str());
}
END_TEST

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
  tcase_add_loop_test(tc, decides, 0, static_cast<int>(std::size(kCases)));
  tcase_add_test(tc, the_real_port_is_asked);
  tcase_add_test(tc, families_are_kept_apart);
  tcase_add_test(tc, whose_address_it_may_be);
  tcase_add_test(tc, an_odd_alias_of_the_records);
  tcase_add_test(tc, a_name_too_long_for_tlsa_has_none);
  tcase_add_test(tc, the_fake_notes_every_question);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

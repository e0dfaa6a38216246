// SPDX-License-Identifier: GPL-2.0-or-later
#include "lookup/traced_resolver.h"

#include "fakes/fake_resolver.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

struct Scene {
  FakeResolver dns;
  std::string told;
  TracedResolver traced{dns, [this](const LookUp& look_up) { told += to_text(look_up) + "\n"; }};
};

DnsName name(const char* text) {
  return assert_ok(DnsName::parse(text));
}

}  // namespace

// tests D-161
START_TEST(each_answer_is_one_line) {
  Scene scene;
  scene.dns.mx_records["dom.lab"] = {{10, "mx.lab"}, {20, ""}};
  scene.dns.cnames["mx.lab"] = "host.lab";
  scene.dns.a_records["host.lab"] = {"192.0.2.1", "192.0.2.2"};
  scene.dns.insecure = {"host.lab"};
  scene.dns.tlsa_records["_25._tcp.host.lab"] = {{3, 1, 1, 0xab}, {3, 1}};
  (void)scene.traced.mx(name("dom.lab"));
  (void)scene.traced.addresses(name("mx.lab"), AddressFamily::Inet);
  (void)scene.traced.addresses(name("mx.lab"), AddressFamily::Inet6);
  (void)scene.traced.tlsa(name("_25._tcp.host.lab"));
  (void)scene.traced.tlsa(name("_25._tcp.mx.lab"));
  (void)scene.traced.cname(name("mx.lab"));
  scene.dns.txt_records["dom.lab"] = {"v=1", "a\nb"};
  (void)scene.traced.txt(name("dom.lab"));
  assert_text(scene.told,
              "MX of dom.lab: secure: 10 mx.lab; 20 .\n"
              "A of mx.lab: insecure, an alias of host.lab: 192.0.2.1; 192.0.2.2\n"
              "AAAA of mx.lab: insecure, an alias of host.lab: none (NODATA)\n"
              "TLSA of _25._tcp.host.lab: secure: 3 1 1 ab; \\# 2 0301\n"
              "TLSA of _25._tcp.mx.lab: secure: none (NXDOMAIN)\n"
              "CNAME of mx.lab: secure: host.lab\n"
              "TXT of dom.lab: secure: v=1; a\\nb\n");
}
END_TEST

// tests D-002: a failure is passed on as it is, and told as what it is
START_TEST(failures_stay_failures) {
  Scene scene;
  scene.dns.failures["MX dom.lab"] = {ErrorKind::DnsBogus, "MX of dom.lab: bad signature"};
  scene.dns.failures["TLSA _25._tcp.mx.lab"] = {ErrorKind::DnsFailure, "SERVFAIL"};
  assert_error(scene.traced.mx(name("dom.lab")), ErrorKind::DnsBogus);
  assert_error(scene.traced.tlsa(name("_25._tcp.mx.lab")), ErrorKind::DnsFailure);
  assert_text(scene.told,
              "MX of dom.lab: bogus: bad signature\n"
              "TLSA of _25._tcp.mx.lab: failed: SERVFAIL\n");
}
END_TEST

START_TEST(the_answer_is_not_changed) {
  Scene scene;
  scene.dns.a_records["mx.lab"] = {"192.0.2.1"};
  auto answer = assert_ok(scene.traced.addresses(name("mx.lab"), AddressFamily::Inet));
  ck_assert(answer.secure() && answer.records == std::vector<std::string>{"192.0.2.1"});
  assert_text(scene.dns.asked, "A mx.lab");
}
END_TEST

int main() {
  TCase* tests = tcase_create("traced resolver");
  tcase_add_test(tests, each_answer_is_one_line);
  tcase_add_test(tests, failures_stay_failures);
  tcase_add_test(tests, the_answer_is_not_changed);
  Suite* suite = suite_create("traced_resolver");
  suite_add_tcase(suite, tests);
  return run_suite(suite);
}

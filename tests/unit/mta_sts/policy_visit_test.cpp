// SPDX-License-Identifier: GPL-2.0-or-later
// From a domain's record to its policy, and each way in which there is none.
#include "policy_visit.h"

#include <iterator>

#include "core/format.h"
#include "fakes/fake_resolver.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::tool;
using namespace danesmtp::test;

namespace {

const std::string kText = "version: STSv1\nmode: enforce\nmx: a.lab\nmax_age: 60\n";
const Error kBogus{ErrorKind::DnsBogus, "bogus"};

struct Scene {
  FakeResolver resolver;
  std::string fetched;  // "host address,address"
  Fetched answer = kText;

  Scene() {
    resolver.txt_records["_mta-sts.dom.lab"] = {"v=STSv1; id=7;"};
    resolver.a_records["mta-sts.dom.lab"] = {"192.0.2.1"};
    resolver.insecure = {"_mta-sts.dom.lab", "mta-sts.dom.lab"};
  }

  Finding visit(const std::optional<std::string>& known_id = std::nullopt) {
    const auto domain = assert_ok(DnsName::parse("dom.lab"));
    return visit_domain(domain, known_id, resolver,
                        [this](const auto& host, const auto& addresses) {
                          fetched += host.text() + " " + join(addresses, ",");
                          return answer;
                        });
  }
};

}  // namespace

START_TEST(published) {
  Scene scene;
  scene.resolver.aaaa_records["mta-sts.dom.lab"] = {"2001:db8::1"};
  assert_text(to_text(scene.visit("6")), "policy 7: enforce, mx: a.lab, max_age: 60");
  assert_text(scene.fetched, "mta-sts.dom.lab 2001:db8::1,192.0.2.1");
}
END_TEST

START_TEST(the_same_id) {
  Scene scene;
  ck_assert(std::holds_alternative<Unchanged>(scene.visit("7")));
  assert_text(scene.fetched, "");
  assert_text(scene.resolver.asked, "TXT _mta-sts.dom.lab");
}
END_TEST

START_TEST(no_record) {
  for (const char* text : {"v=spf1 -all", "v=STSv1; id=;"}) {
    Scene scene;
    scene.resolver.txt_records["_mta-sts.dom.lab"] = {text};
    ck_assert(std::holds_alternative<NoRecord>(scene.visit()));
    assert_text(scene.fetched, "");
  }
  Scene none;
  none.resolver.txt_records.clear();
  ck_assert(std::holds_alternative<NoRecord>(none.visit("7")));
}
END_TEST

START_TEST(a_bogus_record) {
  Scene scene;
  scene.resolver.failures["TXT _mta-sts.dom.lab"] = kBogus;
  assert_text(to_text(scene.visit("7")), "bogus");
  assert_text(scene.fetched, "");
}
END_TEST

START_TEST(no_address) {
  Scene none;
  none.resolver.a_records.clear();
  assert_text(to_text(none.visit()), "sts-policy-fetch-error: the policy's host has no address");
  Scene bogus;
  bogus.resolver.failures["A mta-sts.dom.lab"] = kBogus;
  assert_text(to_text(bogus.visit()),
              "sts-policy-fetch-error: a look-up of the policy's host failed");
  assert_text(none.fetched + bogus.fetched, "");
  Scene one;  // of two families
  one.resolver.failures["AAAA mta-sts.dom.lab"] = kBogus;
  ck_assert(std::holds_alternative<Published>(one.visit()));
}
END_TEST

START_TEST(faults) {
  Scene scene;
  scene.answer = tl::unexpected<StsFault>(StsFault{StsFaultType::WebPki, "x"});
  assert_text(to_text(scene.visit()), "sts-webpki-invalid: x");
  scene.answer = "<html>";
  assert_text(to_text(scene.visit()), "sts-policy-invalid: a line of the policy has no colon");
}
END_TEST

int main() {
  Suite* suite = suite_create("policy_visit");
  TCase* tc = tcase_create("visits");
  tcase_add_test(tc, published);
  tcase_add_test(tc, the_same_id);
  tcase_add_test(tc, no_record);
  tcase_add_test(tc, a_bogus_record);
  tcase_add_test(tc, no_address);
  tcase_add_test(tc, faults);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

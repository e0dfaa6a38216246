// SPDX-License-Identifier: GPL-2.0-or-later
// dane_except_domains and dane_audit_domains: what a list of domains may decide, and what it costs.
#include "route/domain_plan.h"

#include <iterator>

#include "unit/route/domain_plan_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

struct Row {
  const char* name;
  void (*spoil)(Scene&);
  const char* note;  // null: nothing to note at this stage
  bool ours;         // the first host keeps a policy to be judged by
};
const Row kAudited[] = {
    {"bogus MX", [](Scene& s) { s.resolver.failures["MX dom.lab"] = kBogus; },
     "mx1.lab would not be used for dom.lab: DANE error: MX look-up of dom.lab: bad signature",
     false},
    {"bogus TLSA", [](Scene& s) { s.resolver.failures["TLSA _25._tcp.mx1.lab"] = kBogus; },
     "mx1.lab would not be used for dom.lab: ", false},
    {"required and absent",
     [](Scene& s) {
       s.resolver.tlsa_records.clear();
       s.server.lists["hosts_require_dane"] = {0, 1};
     },
     "DANE is required", false},
    {"records to judge by", [](Scene&) {}, nullptr, true},
};

}  // namespace

// tests D-111: under audit nothing keeps a host from being used, and the log says what would have
START_TEST(audit_notes_what_would_have_failed) {
  const Row& row = kAudited[_i];
  Scene scene;
  scene.server.domain_lists["dane_audit_domains"] = {"dom.lab"};
  row.spoil(scene);
  auto plan = scene.plan();
  ck_assert_msg(!plan.failure && plan.needs_us(scene.batch) == row.ours, "%s", row.name);
  ck_assert_msg(scene.host(plan, 0).enforcement == Enforcement::Audit, "%s", row.name);
  if (row.note) assert_contains(scene.server.trace(), row.note);
  if (!row.note) assert_text(scene.server.trace(), "");
}
END_TEST

// tests D-041: the lists name the domain that Exim was led to, not the recipient's
START_TEST(no_list_of_domains_speaks_of_a_forged_one) {
  for (const char* option : {"dane_except_domains", "dane_audit_domains"}) {
    Scene scene;
    scene.batch.recipients[0].renames = {{"was.lab", "dom.lab"}};
    scene.resolver.mx_records["was.lab"] = {{10, "mx.was.lab"}};
    scene.server.domain_lists[option] = {"dom.lab"};
    ck_assert(scene.plan().failure.has_value());
    scene.server.domain_lists[option] = {"dom.lab", "was.lab"};
    ck_assert(!scene.plan().needs_us(scene.batch) || std::string(option) == "dane_audit_domains");
  }
}
END_TEST

START_TEST(a_failed_domain_is_noted_once) {
  Scene scene;
  scene.server.domain_lists["dane_audit_domains"] = {"dom.lab"};
  scene.resolver.failures["MX dom.lab"] = kBogus;
  scene.plan();
  ck_assert_uint_eq(scene.server.calls.size(), 1);
}
END_TEST

// tests D-015: and costs no look-up
START_TEST(an_excepted_domain_has_no_policy) {
  Scene scene;
  scene.server.domain_lists["dane_except_domains"] = {"dom.lab"};
  scene.resolver.failures["MX dom.lab"] = kBogus;
  auto plan = scene.plan();
  ck_assert(!plan.failure && !plan.needs_us(scene.batch));
  assert_text(scene.resolver.asked, "");
  scene.server.domain_lists["dane_except_domains"] = {"other.lab"};
  ck_assert(scene.plan().failure.has_value());
}
END_TEST

// A list that cannot be matched must not decide for "no DANE".
START_TEST(a_domain_list_that_fails_makes_the_domain_wait) {
  for (const char* option : {"dane_except_domains", "dane_audit_domains"}) {
    Scene scene;
    scene.server.broken_options = {option};
    auto plan = scene.plan();
    ck_assert(plan.failure.has_value() && plan.needs_us(scene.batch));
    assert_contains(plan.failure->text, option);
  }
}
END_TEST

int main() {
  Suite* suite = suite_create("domain_lists");
  TCase* tc = tcase_create("plan");
  tcase_add_test(tc, no_list_of_domains_speaks_of_a_forged_one);
  tcase_add_loop_test(tc, audit_notes_what_would_have_failed, 0,
                      static_cast<int>(std::size(kAudited)));
  tcase_add_test(tc, a_failed_domain_is_noted_once);
  tcase_add_test(tc, an_excepted_domain_has_no_policy);
  tcase_add_test(tc, a_domain_list_that_fails_makes_the_domain_wait);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

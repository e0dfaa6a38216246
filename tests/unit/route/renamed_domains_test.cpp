// SPDX-License-Identifier: GPL-2.0-or-later
// A router that took another name for the domain, from an answer that nobody validated.
#include "route/domain_plan.h"

#include <iterator>

#include "unit/route/domain_plan_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

struct Row {
  const char* name;
  const char* from;
  void (*world)(Scene&);
  int policy;  // index in HostPolicy of mx1.lab, which has records
  MxTrust mx;
};

constexpr int kSkip = 0, kAuthenticate = 3;

const Row kRenamed[] = {
    {"a signed domain with hosts of its own", "victim.lab",
     [](Scene& s) {
       s.resolver.mx_records["victim.lab"] = {{10, "mx.victim.lab"}};
     },
     kSkip, MxTrust::Secure},
    {"one without records", "victim.lab",
     [](Scene& s) { s.resolver.a_records["victim.lab"] = {"192.0.2.9"}; }, kSkip, MxTrust::Secure},
    {"one that does not exist", "dom", [](Scene&) {}, kSkip, MxTrust::Secure},
    {"completed", "dom", [](Scene& s) { s.batch.suffixes = "elsewhere.lab lab "; }, kAuthenticate,
     MxTrust::Secure},
    {"completed, though it exists", "dom",
     [](Scene& s) {
       s.batch.suffixes = "lab";
       s.resolver.mx_records["dom"] = {};
     },
     kSkip, MxTrust::Secure},
    {"not that suffix", "dom", [](Scene& s) { s.batch.suffixes = "lab.evil"; }, kSkip,
     MxTrust::Secure},
    {"unsigned", "victim.lab", [](Scene& s) { s.resolver.insecure = {"victim.lab"}; },
     kAuthenticate, MxTrust::Insecure},
    {"a failed look-up", "victim.lab",
     [](Scene& s) { s.resolver.failures["MX victim.lab"] = kBogus; }, kSkip, MxTrust::Secure},
    {"an alias", "www.lab",
     [](Scene& s) {
       s.resolver.cnames = {{"www.lab", "dom.lab"}, {"dom.lab", "end.lab"}};
       s.resolver.mx_records["end.lab"] = s.resolver.mx_records["dom.lab"];
     },
     kAuthenticate, MxTrust::Secure},
    {"another alias", "www.lab",
     [](Scene& s) {
       s.resolver.cnames = {{"www.lab", "end.lab"}};
       s.resolver.mx_records["end.lab"] = s.resolver.mx_records["dom.lab"];
     },
     kSkip, MxTrust::Secure},
    {"an alias, its link bogus", "www.lab",
     [](Scene& s) {
       s.resolver.cnames = {{"www.lab", "dom.lab"}};
       s.resolver.failures["CNAME www.lab"] = kBogus;
     },
     kSkip, MxTrust::Secure},
    {"another case of letters", "DOM.lab", [](Scene&) {}, kAuthenticate, MxTrust::Secure},
};

}  // namespace

// tests D-041: the answer's name is not the one that was asked for
START_TEST(a_renamed_domain) {
  const Row& row = kRenamed[_i];
  Scene scene;
  row.world(scene);
  scene.batch.recipients[0].renames = {{row.from, "dom.lab"}};
  auto plan = scene.plan();
  const auto& host = scene.host(plan, 0);
  ck_assert_msg(plan.needs_us(scene.batch), "%s", row.name);
  if (row.policy == kSkip)
    ck_assert_msg(plan.failure.has_value(), "%s", row.name);
  else
    ck_assert_msg(!plan.failure && host.policy.index() == kAuthenticate && host.mx == row.mx,
                  "%s: %zu", row.name, host.policy.index());
}
END_TEST

START_TEST(every_rename_counts) {
  Scene scene;
  scene.batch.suffixes = "lab";
  scene.resolver.mx_records["victim.lab"] = {{10, "mx.victim.lab"}};
  scene.batch.recipients[0].renames = {{"dom", "dom.lab"}, {"victim.lab", "dom"}};
  ck_assert(scene.plan().failure.has_value());
  scene.batch.recipients[0].renames.pop_back();
  ck_assert(!scene.plan().failure);

  scene.batch.recipients[0].route = RouteKind::Fixed;  // the name chose the route
  for (auto& host : scene.batch.hosts) host.mx.reset();
  scene.batch.recipients[0].renames = {{"victim.lab", "dom.lab"}};
  ck_assert(scene.plan().failure.has_value());
  scene.resolver.insecure = {"victim.lab"};
  auto plan = scene.plan();
  assert_policy<Authenticate>(scene.host(plan, 0));
  ck_assert(scene.host(plan, 0).mx == MxTrust::Insecure);
}
END_TEST

// tests D-041: an alias of a name that does not exist and was completed. The validated DNS has no
// MX records for the alias; those of the completed name count.
START_TEST(an_alias_of_what_was_completed) {
  Scene scene;
  scene.batch.suffixes = "lab";
  scene.resolver.cnames = {{"www.lab", "dom"}};
  scene.batch.recipients[0].renames = {{"dom", "dom.lab"}, {"www.lab", "dom"}};
  auto plan = scene.plan();
  ck_assert(!plan.failure);
  assert_policy<Authenticate>(scene.host(plan, 0));

  Scene alias;  // the other way round: the alias is the completed name's
  alias.batch.suffixes = "lab";
  alias.resolver.cnames = {{"www.lab", "dom.lab"}};
  alias.batch.recipients[0].renames = {{"www.lab", "dom.lab"}, {"www", "www.lab"}};
  plan = alias.plan();
  ck_assert(!plan.failure);
  assert_policy<Authenticate>(alias.host(plan, 0));
  assert_contains(alias.resolver.asked, "MX www.lab");
}
END_TEST

START_TEST(recipients_of_another_route_are_planned_apart) {
  AddressBatch batch = make_batch(1, 2);
  batch.recipients[1].renames = {{"victim.lab", "dom.lab"}};
  ck_assert_uint_eq(recipients_by_domain(batch).size(), 2);
  batch.recipients[1].renames.clear();
  ck_assert_uint_eq(recipients_by_domain(batch).size(), 1);
  batch.recipients[1].mx_names = "smart.lab";
  ck_assert_uint_eq(recipients_by_domain(batch).size(), 2);
}
END_TEST

int main() {
  Suite* suite = suite_create("renamed_domains");
  TCase* tc = tcase_create("plan");
  tcase_add_loop_test(tc, a_renamed_domain, 0, static_cast<int>(std::size(kRenamed)));
  tcase_add_test(tc, every_rename_counts);
  tcase_add_test(tc, an_alias_of_what_was_completed);
  tcase_add_test(tc, recipients_of_another_route_are_planned_apart);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

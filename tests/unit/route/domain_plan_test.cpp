// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/domain_plan.h"

#include "fakes/fake_mail_server.h"
#include "fakes/fake_resolver.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

// mx1.lab and mx2.lab are the signed MX hosts of dom.lab; mx1 has a 3 1 1 record, mx2 has none.
struct Scene {
  FakeMailServer server;
  FakeResolver resolver;
  AddressBatch batch = make_batch(2, 1);

  Scene() {
    server.lists["hosts_try_dane"] = {0, 1};
    resolver.mx_records["dom.lab"] = {{10, "mx1.lab"}, {20, "mx2.lab"}};
    resolver.a_records = {{"mx1.lab", {"192.0.2.1"}}, {"mx2.lab", {"192.0.2.2"}}};
    Bytes record(35, 7);
    record[0] = 3;
    record[1] = record[2] = 1;
    resolver.tlsa_records["_25._tcp.mx1.lab"] = {record};
  }
  DomainPlan plan() {
    auto groups = recipients_by_domain(batch);
    return plan_domain(server, resolver, batch, groups.at(0),
                       Deadline::in(std::chrono::minutes(1)));
  }
  const HostPlan& host(const DomainPlan& plan, std::size_t index) {
    return plan.host(batch.hosts[index]);
  }
};

template <class Policy>
void assert_policy(const HostPlan& plan) {
  ck_assert_msg(std::holds_alternative<Policy>(plan.policy), "policy %zu", plan.policy.index());
}

const Error kBogus{ErrorKind::DnsBogus, "bad signature"};

}  // namespace

// tests D-005
START_TEST(bogus_mx_stops_the_domain) {
  Scene scene;
  scene.resolver.failures["MX dom.lab"] = kBogus;
  auto plan = scene.plan();
  ck_assert(plan.failure.has_value() && plan.needs_us(scene.batch));
  assert_contains(plan.failure->text, "MX look-up of dom.lab: bad signature");
}
END_TEST

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

// tests D-061
START_TEST(the_real_port_is_asked_for) {
  Scene scene;
  scene.batch.hosts[0].port = 2525;
  auto plan = scene.plan();
  assert_policy<NoDane>(scene.host(plan, 0));
  assert_contains(scene.resolver.asked, "TLSA _2525._tcp.mx1.lab");
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

// tests D-031: nobody has proved that the record is not signed
START_TEST(insecure_mx_may_needs_the_proof) {
  Scene scene;
  scene.batch.recipients[0].route = RouteKind::Fixed;
  scene.server.options["dane_insecure_mx"] = "may";
  auto plan = scene.plan();
  assert_policy<Authenticate>(scene.host(plan, 0));
}
END_TEST

START_TEST(lists_are_asked_about_the_groups_recipients) {
  Scene scene;
  scene.plan();
  ck_assert(scene.server.spoken_of == (std::vector<std::vector<std::size_t>>{{0}}));
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

// tests D-041: the answer's name is not the one that was asked for
START_TEST(a_renamed_domain) {
  struct Row {
    const char* name;
    const char* from;
    void (*world)(Scene&);
    int policy;  // index in HostPolicy of mx1.lab, which has records
    MxTrust mx;
  };
  constexpr int skip = 0, authenticate = 3;
  const Row rows[] = {
      {"a signed domain with hosts of its own", "victim.lab",
       [](Scene& s) {
         s.resolver.mx_records["victim.lab"] = {{10, "mx.victim.lab"}};
       },
       skip, MxTrust::Secure},
      {"one without records", "victim.lab",
       [](Scene& s) { s.resolver.a_records["victim.lab"] = {"192.0.2.9"}; }, skip, MxTrust::Secure},
      {"one that does not exist", "dom", [](Scene&) {}, skip, MxTrust::Secure},
      {"completed", "dom", [](Scene& s) { s.batch.suffixes = "elsewhere.lab lab "; }, authenticate,
       MxTrust::Secure},
      {"completed, though it exists", "dom",
       [](Scene& s) {
         s.batch.suffixes = "lab";
         s.resolver.mx_records["dom"] = {};
       },
       skip, MxTrust::Secure},
      {"not that suffix", "dom", [](Scene& s) { s.batch.suffixes = "lab.evil"; }, skip,
       MxTrust::Secure},
      {"unsigned", "victim.lab", [](Scene& s) { s.resolver.insecure = {"victim.lab"}; },
       authenticate, MxTrust::Insecure},
      {"a failed look-up", "victim.lab",
       [](Scene& s) { s.resolver.failures["MX victim.lab"] = kBogus; }, skip, MxTrust::Secure},
      {"an alias", "www.lab",
       [](Scene& s) {
         s.resolver.cnames = {{"www.lab", "dom.lab"}, {"dom.lab", "end.lab"}};
         s.resolver.mx_records["end.lab"] = s.resolver.mx_records["dom.lab"];
       },
       authenticate, MxTrust::Secure},
      {"another alias", "www.lab",
       [](Scene& s) {
         s.resolver.cnames = {{"www.lab", "end.lab"}};
         s.resolver.mx_records["end.lab"] = s.resolver.mx_records["dom.lab"];
       },
       skip, MxTrust::Secure},
      {"an alias, its link bogus", "www.lab",
       [](Scene& s) {
         s.resolver.cnames = {{"www.lab", "dom.lab"}};
         s.resolver.failures["CNAME www.lab"] = kBogus;
       },
       skip, MxTrust::Secure},
      {"another case of letters", "DOM.lab", [](Scene&) {}, authenticate, MxTrust::Secure},
  };
  for (const auto& row : rows) {
    Scene scene;
    row.world(scene);
    scene.batch.recipients[0].renames = {{row.from, "dom.lab"}};
    auto plan = scene.plan();
    const auto& host = scene.host(plan, 0);
    ck_assert_msg(plan.needs_us(scene.batch), "%s", row.name);
    if (row.policy == skip)
      ck_assert_msg(plan.failure.has_value(), "%s", row.name);
    else
      ck_assert_msg(!plan.failure && host.policy.index() == authenticate && host.mx == row.mx,
                    "%s: %zu", row.name, host.policy.index());
  }
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

START_TEST(recipients_with_another_first_name_are_planned_apart) {
  AddressBatch batch = make_batch(1, 2);
  batch.recipients[1].renames = {{"victim.lab", "dom.lab"}};
  ck_assert_uint_eq(recipients_by_domain(batch).size(), 2);
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
}
END_TEST

START_TEST(domains_are_planned_apart) {
  AddressBatch batch = make_batch(1, 3);
  batch.recipients[1].domain = "other.lab";
  auto groups = recipients_by_domain(batch);
  ck_assert_uint_eq(groups.size(), 2);
  ck_assert(groups[0].recipients == (std::vector<std::size_t>{0, 2}));
  ck_assert(groups[1].recipients == (std::vector<std::size_t>{1}));
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

// tests D-111: under audit nothing keeps a host from being used, and the log says what would have
START_TEST(audit_notes_what_would_have_failed) {
  struct Row {
    const char* name;
    void (*spoil)(Scene&);
    const char* note;  // null: nothing to note at this stage
    bool ours;         // the first host keeps a policy to be judged by
  };
  const Row rows[] = {
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
  for (const auto& row : rows) {
    Scene scene;
    scene.server.domain_lists["dane_audit_domains"] = {"dom.lab"};
    row.spoil(scene);
    auto plan = scene.plan();
    ck_assert_msg(!plan.failure && plan.needs_us(scene.batch) == row.ours, "%s", row.name);
    ck_assert_msg(scene.host(plan, 0).enforcement == Enforcement::Audit, "%s", row.name);
    if (row.note) assert_contains(scene.server.trace(), row.note);
    if (!row.note) assert_text(scene.server.trace(), "");
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
  tcase_add_test(tc, a_host_that_the_signed_mx_does_not_name_is_not_used);
  tcase_add_test(tc, an_implicit_mx_is_checked_too);
  tcase_add_test(tc, a_failed_tlsa_look_up_skips_that_host_alone);
  tcase_add_test(tc, one_host_with_records_takes_the_domain);
  tcase_add_test(tc, no_records_at_all_is_delegated);
  tcase_add_test(tc, hosts_outside_hosts_try_dane_are_not_asked_for_records);
  tcase_add_test(tc, a_list_says_no_of_hosts_of_the_validated_records_alone);
  tcase_add_test(tc, an_unlisted_alias_is_judged_unless_the_lists_saw_its_end);
  tcase_add_test(tc, no_list_of_domains_speaks_of_a_forged_one);
  tcase_add_test(tc, required_and_absent_is_skipped);
  tcase_add_test(tc, a_host_list_that_cannot_be_matched_is_no_permission);
  tcase_add_test(tc, insecure_mx);
  tcase_add_test(tc, configured_hosts_have_no_mx_look_up);
  tcase_add_test(tc, a_configured_name_expanded_by_mx_proves_nothing);
  tcase_add_test(tc, the_real_port_is_asked_for);
  tcase_add_test(tc, an_address_has_no_records);
  tcase_add_test(tc, a_forged_odd_name_is_no_way_around_the_mx_records);
  tcase_add_test(tc, an_odd_name_of_the_signed_mx_has_its_records);
  tcase_add_test(tc, an_address_as_mx);
  tcase_add_test(tc, a_host_without_address_is_nowhere);
  tcase_add_test(tc, an_address_that_is_not_the_hosts_is_not_used);
  tcase_add_test(tc, configured_hosts_may_be_in_the_hosts_file);
  tcase_add_test(tc, hosts_that_nobody_can_use_decide_nothing);
  tcase_add_test(tc, insecure_mx_may_needs_the_proof);
  tcase_add_test(tc, lists_are_asked_about_the_groups_recipients);
  tcase_add_test(tc, a_renamed_domain);
  tcase_add_test(tc, every_rename_counts);
  tcase_add_test(tc, an_alias_of_what_was_completed);
  tcase_add_test(tc, recipients_with_another_first_name_are_planned_apart);
  tcase_add_test(tc, a_completed_host_has_its_own_records);
  tcase_add_test(tc, a_configured_name_is_validated);
  tcase_add_test(tc, srv_records_are_told_as_such);
  tcase_add_test(tc, domains_are_planned_apart);
  tcase_add_test(tc, a_host_without_a_plan_is_not_used);
  tcase_add_test(tc, each_decision_is_explained);
  tcase_add_test(tc, audit_notes_what_would_have_failed);
  tcase_add_test(tc, a_failed_domain_is_noted_once);
  tcase_add_test(tc, an_excepted_domain_has_no_policy);
  tcase_add_test(tc, a_domain_list_that_fails_makes_the_domain_wait);
  tcase_add_test(tc, look_ups_of_a_host_have_their_own_time);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

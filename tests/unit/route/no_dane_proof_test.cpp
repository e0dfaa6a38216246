// SPDX-License-Identifier: GPL-2.0-or-later
// "No DANE" is never the end of an error branch: worlds of every kind, and in each of them every
// look-up, list and option that a plan asks for fails once, in three ways. What may follow is that
// the host is not used, or what would have followed without that look-up (D-059).
// tests D-001, D-002, D-003, D-005, D-006, D-007
#include <array>
#include <cstdio>
#include <sstream>

#include "core/format.h"
#include "fakes/fake_mail_server.h"
#include "fakes/fake_resolver.h"
#include "route/domain_plan.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

// Each field counts up to the number of its kinds.
enum Field { Route, Mx, Signed, Alias, Tlsa, Families, Wish, InsecureMx, Rename, FieldCount };
const int kKinds[FieldCount] = {3, 6, 4, 4, 4, 4, 3, 2, 3};
using World = std::array<int, FieldCount>;

struct Scene {
  FakeMailServer server;
  FakeResolver resolver;
  NoStsPolicies sts;
  AddressBatch batch = make_batch(1, 1);

  explicit Scene(const World& world);
  void name_host(int mx);
  HostPolicy policy();
  std::string failure;  // of the whole domain
};

const Error kErrors[] = {{ErrorKind::DnsBogus, "bogus"},
                         {ErrorKind::DnsFailure, "SERVFAIL"},
                         {ErrorKind::Timeout, "no answer in time"}};

// A record, none, an unsigned alias's name, a name that is none of a host, ...
void Scene::name_host(int mx) {
  auto& host = batch.hosts.front();
  std::string asked = "mx1.lab", record = "mx1.lab";
  if (mx == 1) asked = "dom.lab";  // implicit MX
  if (mx == 2) asked = "a/b.lab", record = "a\\047b.lab";
  if (mx == 3) asked = record = "192.0.2.1";
  if (mx == 4) record = "other.lab";  // Exim was told another host
  host.asked_name = host.name = asked;
  if (mx == 1) host.mx.reset();
  if (mx == 5)
    resolver.mx_records["dom.lab"] = {{0, ""}};
  else if (mx != 1)
    resolver.mx_records["dom.lab"] = {{10, record}};
}

Scene::Scene(const World& world) {
  auto& host = batch.hosts.front();
  name_host(world[Mx]);
  batch.recipients.front().route = world[Route] == 0 ? RouteKind::Mx : RouteKind::Fixed;
  if (world[Route] == 1) host.mx.reset();
  const auto name = DnsName::of_any_kind(host.asked_name);
  const std::string text = name ? name->text() : "";
  if (world[Signed] & 1) resolver.insecure.insert("dom.lab");
  if (world[Signed] & 2) resolver.insecure.insert(text);
  std::string end = text;
  if (world[Alias] == 1 || world[Alias] == 2) resolver.cnames[text] = end = "target.lab";
  if (world[Alias] == 2) resolver.insecure.insert("target.lab");
  if (world[Alias] == 3) resolver.cnames["dom.lab"] = "elsewhere.lab";
  if (world[Alias] == 3) resolver.mx_records["elsewhere.lab"] = resolver.mx_records["dom.lab"];
  if (world[Rename] > 0) batch.recipients.front().renames = {{"was.lab", "dom.lab"}};
  if (world[Rename] == 1) resolver.cnames["was.lab"] = "dom.lab";
  if (world[Rename] == 2) resolver.insecure.insert("was.lab");
  Bytes good(35, 7);
  good[0] = 3;
  good[1] = good[2] = 1;
  if (world[Tlsa] == 1) resolver.tlsa_records["_25._tcp." + text] = {good};
  if (world[Tlsa] == 2) resolver.tlsa_records["_25._tcp." + end] = {{0, 0, 0}};
  if (world[Tlsa] == 3) resolver.cnames["_25._tcp." + end] = "a\\047b.elsewhere.lab";
  if (world[Families] & 1) resolver.a_records[end] = {"192.0.2.1"};
  if (world[Families] & 2) resolver.aaaa_records[end] = {"2001:db8::1"};
  if (world[Families] == 2) host.address = "2001:db8::1";
  if (world[Wish] == 0) server.lists["hosts_try_dane"] = {0};
  if (world[Wish] == 1) server.lists["hosts_require_dane"] = {0};
  if (world[InsecureMx] == 1) server.options["dane_insecure_mx"] = "may";
}

HostPolicy Scene::policy() {
  auto plan = plan_domain(server, {resolver, sts}, batch, recipients_by_domain(batch).front(),
                          Deadline::in(std::chrono::minutes(1)));
  if (plan.failure) failure = plan.failure->text;
  if (plan.failure) return SkipHost{*plan.failure};
  return plan.host(batch.hosts.front()).policy;
}

bool next(World& world) {
  for (int field = 0; field < FieldCount; ++field) {
    if (++world[static_cast<std::size_t>(field)] < kKinds[field]) return true;
    world[static_cast<std::size_t>(field)] = 0;
  }
  return false;
}

std::vector<std::string> questions(const std::string& asked) {
  std::vector<std::string> all;
  std::istringstream stream(asked);
  for (std::string one; std::getline(stream, one, ',');)
    all.push_back(one.substr(one.front() == ' ' ? 1 : 0));
  return all;
}

// The other family had addresses, so it told how secure the host is for both (D-059); the failed
// one's are not used, unless nobody signs the host.
bool told_by_the_other_family(const World& world, const std::string& question) {
  if (question.compare(0, 2, "A ") == 0) return (world[Families] & 2) != 0;
  if (question.compare(0, 5, "AAAA ") == 0) return (world[Families] & 1) != 0;
  return false;
}

bool host_unsigned(const World& world) {
  const bool implicit = world[Mx] == 1;
  return (world[Signed] & 2) != 0 || (implicit && (world[Signed] & 1) != 0) || world[Alias] == 2;
}

std::string world_text(const World& world) {
  std::string text;
  for (int kind : world) text += format("{} ", kind);
  return text;
}

struct Counts {
  int worlds = 0, errors = 0, no_dane = 0;
};

void fail_each_look_up(const World& world, Counts& counts) {
  Scene calm(world);
  if (std::holds_alternative<NoDane>(calm.policy())) ++counts.no_dane;
  for (const auto& question : questions(calm.resolver.asked))
    for (const auto& error : kErrors) {
      Scene scene(world);
      scene.resolver.failures[question] = error;
      const auto policy = scene.policy();
      ++counts.errors;
      if (!std::holds_alternative<NoDane>(policy)) continue;
      ck_assert_msg(told_by_the_other_family(world, question), "world %s: %s fails: %s",
                    world_text(world).c_str(), question.c_str(), policy_text(policy).c_str());
      // Nor at an address of the family that failed, where the host is signed.
      const bool v6 = question.compare(0, 4, "AAAA") == 0;
      scene.batch.hosts.front().address = v6 ? "2001:db8::1" : "192.0.2.1";
      ck_assert_msg(host_unsigned(world) || !std::holds_alternative<NoDane>(scene.policy()),
                    "world %s: %s fails, and the address is used", world_text(world).c_str(),
                    question.c_str());
    }
}

void fail_each_list(const World& world, Counts& counts) {
  for (const char* option : {"hosts_require_dane", "hosts_try_dane", "dane_except_domains",
                             "dane_audit_domains", "port"}) {
    Scene scene(world);
    scene.server.broken_options = {option};
    ++counts.errors;
    const auto policy = scene.policy();
    ck_assert_msg(!std::holds_alternative<NoDane>(policy), "world %s: %s fails: %s",
                  world_text(world).c_str(), option, policy_text(policy).c_str());
  }
}

}  // namespace

START_TEST(no_error_ends_in_no_dane) {
  World world{};
  Counts counts;
  do {
    // A rename is of the domain: not with every kind of host.
    if (world[Rename] > 0 && (world[Families] != 1 || world[InsecureMx] > 0)) continue;
    ++counts.worlds;
    fail_each_look_up(world, counts);
    fail_each_list(world, counts);
  } while (next(world));
  std::printf("%d worlds, %d of them without DANE, %d errors\n", counts.worlds, counts.no_dane,
              counts.errors);
  ck_assert_int_gt(counts.no_dane, 100);
}
END_TEST

int main() {
  Suite* suite = suite_create("no_dane_proof");
  TCase* tc = tcase_create("property");
  tcase_set_timeout(tc, 0);  // the limit is CTest's
  tcase_add_test(tc, no_error_ends_in_no_dane);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// The flow as a whole: who delivers which recipients, and what a failed look-up does.
#include "deliver.h"

#include "fakes/fake_mail_server.h"
#include "fakes/fake_resolver.h"
#include "fakes/fake_sts_policies.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

struct Scene {
  FakeMailServer server;
  std::unique_ptr<FakeResolver> own = std::make_unique<FakeResolver>();
  FakeResolver& resolver = *own;  // until deliver() has given it up
  AddressBatch batch = make_batch(1, 2);
  NoStore store;
  FakeStsPolicies sts;

  Scene() {
    server.lists["hosts_try_dane"] = {0};
    resolver.mx_records["dom.lab"] = {{10, "mx1.lab"}};
    resolver.a_records["mx1.lab"] = {"192.0.2.1"};
  }
  void publish_tlsa() {
    Bytes record(35, 7);
    record[0] = 3;
    record[1] = record[2] = 1;
    resolver.tlsa_records["_25._tcp.mx1.lab"] = {record};
  }
};

}  // namespace

// tests D-005
START_TEST(bogus_mx_defers_without_a_connection) {
  Scene scene;
  scene.resolver.failures["MX dom.lab"] = {ErrorKind::DnsBogus, "bad signature"};
  deliver(scene.server, std::move(scene.own), scene.batch, scene.store, scene.sts);
  for (RecipientIndex i; i < 2; ++i) {
    ck_assert(scene.server.outcomes.at(i).verdict.status == Status::Deferred);
    ck_assert(scene.server.outcomes.at(i).verdict.cause == Cause::Dns);
    assert_contains(scene.server.outcomes.at(i).verdict.text, ": 4.7.5 ");
    ck_assert(scene.server.outcomes.at(i).verdict.text_is_for_sender);
  }
  assert_text(scene.server.trace(),
              "take_over; retry_routing 0 dom.lab; event dane:fail dnssec-invalid");
  ck_assert(scene.server.delegated.empty());
}
END_TEST

// tests D-022
START_TEST(without_records_all_of_it_is_delegated) {
  Scene scene;
  deliver(scene.server, std::move(scene.own), scene.batch, scene.store, scene.sts);
  ck_assert(scene.server.delegated == (std::vector<RecipientIndex>{0, 1}));
  assert_text(scene.server.trace(), "");
}
END_TEST

START_TEST(with_records_it_is_ours) {
  Scene scene;
  scene.publish_tlsa();
  deliver(scene.server, std::move(scene.own), scene.batch, scene.store, scene.sts);
  ck_assert(scene.server.delegated.empty());
  assert_contains(scene.server.trace(), "take_over; connect 0:25");
  ck_assert(scene.server.outcomes.at(1).verdict.status == Status::Deferred);
}
END_TEST

// A policy of MTA-STS is kept by us, one that is only tested is judged by us.
START_TEST(with_a_policy_of_mta_sts_it_is_ours) {
  for (const auto mode : {StsMode::Enforce, StsMode::Testing}) {
    Scene scene;
    scene.sts.policies["dom.lab"] = {"dom.lab", mode, {"mx1.lab"}};
    deliver(scene.server, std::move(scene.own), scene.batch, scene.store, scene.sts);
    ck_assert(scene.server.delegated.empty());
    assert_contains(scene.server.trace(), "take_over; connect 0:25");
  }
}
END_TEST

// Never by Exim's own driver, whatever the lists say; and a look-up that fails holds nobody else
// up. tests D-192, D-194
START_TEST(what_requires_tls_is_ours) {
  Scene plain;
  plain.batch.require_tls = RequireTls::Always;
  plain.server.domain_lists["dane_except_domains"] = {"dom.lab"};
  deliver(plain.server, std::move(plain.own), plain.batch, plain.store, plain.sts);
  ck_assert(plain.server.delegated.empty());
  assert_contains(plain.server.trace(), "take_over; connect 0:25");

  Scene bogus;
  bogus.batch.require_tls = RequireTls::Always;
  bogus.resolver.failures["MX dom.lab"] = {ErrorKind::DnsBogus, "bad signature"};
  deliver(bogus.server, std::move(bogus.own), bogus.batch, bogus.store, bogus.sts);
  ck_assert(bogus.server.outcomes.at(1).verdict.status == Status::Deferred);
  assert_contains(bogus.server.trace(), "retry_recipient 0");
  assert_contains(bogus.server.trace(), "retry_recipient 1");
  ck_assert_msg(bogus.server.trace().find("retry_routing") == std::string::npos, "the domain");

  Scene back;
  back.batch.require_tls = RequireTls::WherePossible;
  deliver(back.server, std::move(back.own), back.batch, back.store, back.sts);
  ck_assert(back.server.delegated == (std::vector<RecipientIndex>{0, 1}));
}
END_TEST

// One batch, two domains on the same host: each has the policy of its own MX records.
START_TEST(a_mixed_batch_is_split_by_domain) {
  Scene scene;
  scene.publish_tlsa();
  scene.batch.recipients[0].domain = "insecure.lab";
  scene.resolver.mx_records["insecure.lab"] = {{10, "mx1.lab"}};
  scene.resolver.insecure = {"insecure.lab"};
  scene.server.options["dane_insecure_mx"] = "may";
  deliver(scene.server, std::move(scene.own), scene.batch, scene.store, scene.sts);
  ck_assert(scene.server.delegated == (std::vector<RecipientIndex>{0}));
  ck_assert_uint_eq(scene.server.outcomes.count(0), 0);
  ck_assert_uint_eq(scene.server.outcomes.count(1), 1);
}
END_TEST

// A failed domain, and what was delegated; each only where somebody wants to know.
START_TEST(reports) {
  for (const bool wanted : {true, false}) {
    Scene bogus;
    bogus.batch.reports_wanted = wanted;
    bogus.resolver.failures["MX dom.lab"] = {ErrorKind::DnsBogus, "MX of dom.lab: bogus"};
    deliver(bogus.server, std::move(bogus.own), bogus.batch, bogus.store, bogus.sts);
    assert_text(bogus.server.reported(), wanted ? "tlsa dnssec-invalid" : "");
    Scene plain;
    plain.batch.reports_wanted = wanted;
    plain.server.deliveries = {{0, {0, true, false}}, {1, {0, true, false}}};
    deliver(plain.server, std::move(plain.own), plain.batch, plain.store, plain.sts);
    assert_text(plain.server.reported(), wanted ? "no-policy-found success" : "");
  }
}
END_TEST

int main() {
  Suite* suite = suite_create("deliver");
  TCase* tc = tcase_create("flow");
  tcase_add_test(tc, bogus_mx_defers_without_a_connection);
  tcase_add_test(tc, without_records_all_of_it_is_delegated);
  tcase_add_test(tc, with_records_it_is_ours);
  tcase_add_test(tc, with_a_policy_of_mta_sts_it_is_ours);
  tcase_add_test(tc, what_requires_tls_is_ours);
  tcase_add_test(tc, a_mixed_batch_is_split_by_domain);
  tcase_add_test(tc, reports);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

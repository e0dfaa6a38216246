// SPDX-License-Identifier: GPL-2.0-or-later
// What is reported of a delivery that the mail server's own driver has made.
#include "route/delegated_report.h"

#include "fakes/fake_mail_server.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

struct Scene {
  FakeMailServer server;
  AddressBatch batch = make_batch(2, 3);

  std::string told(const UnavailablePolicies& unavailable = {}) {
    report_delegated(server, batch, {0, 1, 2}, unavailable);
    std::string text;
    for (const auto& report : server.reports)
      text += format("{} {} {}; ", report.domain, report.ends.mx_ip, to_text(report));
    return text;
  }
};

}  // namespace

START_TEST(encrypted) {
  Scene scene;
  scene.batch.recipients[2].domain = "Other.lab";
  for (RecipientIndex i; i < 3; ++i) scene.server.deliveries[i] = {0, true, false};
  assert_text(scene.told(),
              "dom.lab 192.0.2.1 no-policy-found success; "
              "other.lab 192.0.2.1 no-policy-found success; ");
}
END_TEST

START_TEST(in_clear) {
  Scene scene;
  scene.server.deliveries[1] = {1, false, false};
  assert_text(scene.told(), "dom.lab 192.0.2.2 no-policy-found starttls-not-supported; ");
  const auto& report = scene.server.reports.at(0);
  assert_text(report.policy.domain + " " + report.ends.mx_name, "dom.lab mx2.lab");
}
END_TEST

// It is not known, or not the server's doing.
START_TEST(in_clear_for_another_reason) {
  Scene offered;
  offered.server.deliveries[0] = {0, false, true};
  assert_text(offered.told(), "");
  for (const char* list : {"hosts_avoid_tls", "hosts_avoid_esmtp"}) {
    Scene avoided;
    avoided.server.deliveries[0] = {0, false, false};
    avoided.server.lists[list] = {0};
    assert_text(avoided.told(), "");
    Scene unknown;
    unknown.server.deliveries[0] = {0, false, false};
    unknown.server.broken_options = {list};
    assert_text(unknown.told(), "");
  }
  Scene two;
  two.server.deliveries = {{0, {0, false, false}}, {1, {1, true, false}}};
  assert_text(two.told(), "dom.lab 192.0.2.2 no-policy-found success; ");
}
END_TEST

// tests D-172: whether there was TLS or not
START_TEST(a_policy_that_nobody_could_get) {
  StsPolicy policy{"from.lab", StsMode::Testing};
  for (const auto& [type, name] : {std::pair(StsFaultType::Fetch, "sts-policy-fetch-error"),
                                   std::pair(StsFaultType::Invalid, "sts-policy-invalid"),
                                   std::pair(StsFaultType::WebPki, "sts-webpki-invalid")}) {
    policy.fault = StsFault{type, "why"};
    Scene scene;
    scene.batch.recipients[1].domain = "Other.lab";
    scene.server.deliveries = {{0, {0, true, false}}, {1, {0, true, false}}};
    assert_text(
        scene.told({{"Other.lab", policy}}),
        format("dom.lab 192.0.2.1 no-policy-found success; other.lab 192.0.2.1 sts {}; ", name));
    const auto& report = scene.server.reports.at(1);
    assert_text(report.policy.domain + " " + report.failure->text, "from.lab why");
    Scene clear;
    clear.server.deliveries[0] = {0, false, false};
    assert_text(clear.told({{"dom.lab", policy}}), format("dom.lab 192.0.2.1 sts {}; ", name));
  }
}
END_TEST

START_TEST(not_delivered) {
  Scene scene;
  assert_text(scene.told(), "");
}
END_TEST

int main() {
  Suite* suite = suite_create("delegated_report");
  TCase* all = tcase_create("all");
  tcase_add_test(all, encrypted);
  tcase_add_test(all, in_clear);
  tcase_add_test(all, in_clear_for_another_reason);
  tcase_add_test(all, a_policy_that_nobody_could_get);
  tcase_add_test(all, not_delivered);
  suite_add_tcase(suite, all);
  return run_suite(suite);
}

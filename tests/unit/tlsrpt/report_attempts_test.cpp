// SPDX-License-Identifier: GPL-2.0-or-later
// Who is told of what: a domain with one record, and nobody else.
#include "tlsrpt/report_attempts.h"

#include <nlohmann/json.hpp>

#include "fakes/fake_host_log.h"
#include "fakes/fake_resolver.h"
#include "lookup/traced_resolver.h"
#include "unit/own_directory.h"
#include "unit/tlsrpt/collector_socket.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

const std::string kRecord = "v=TLSRPTv1;rua=mailto:a@ee.lab";

TlsAttempt attempt_on(const std::string& domain) {
  TlsAttempt attempt;
  attempt.domain = domain;
  attempt.policy.domain = domain;
  return attempt;
}

struct Scene {
  OwnDirectory directory;
  CollectorSocket socket{directory.file()};
  FakeResolver dns;
  FakeHostLog log;
  int resolvers = 0;
  std::vector<std::string> troubles;

  void report(const std::vector<TlsAttempt>& attempts, const std::string& path) {
    Reporting reporting{path,
                        [this]() -> std::unique_ptr<Resolver> {
                          ++resolvers;
                          return std::make_unique<TracedResolver>(dns, [](const LookUp&) {});
                        },
                        [this](const std::string& why) { troubles.push_back(why); }};
    report_attempts(attempts, reporting, log);
  }
  // The domains that the collector was told of, each with its record.
  std::string told(const std::vector<TlsAttempt>& attempts) {
    report(attempts, directory.file());
    std::string text;
    for (const auto& octets : socket.received()) {
      const auto object = nlohmann::json::parse(octets);
      text += object["d"].get<std::string>() + " " + object["pr"].get<std::string>() + "|";
    }
    return text;
  }
};

}  // namespace

START_TEST(of_a_domain_that_asks) {
  Scene scene;
  scene.dns.txt_records["_smtp._tls.ee.lab"] = {kRecord};
  assert_text(scene.told({attempt_on("ee.lab")}), "ee.lab " + kRecord + "|");
  ck_assert(scene.troubles.empty());
}
END_TEST

// The record need not be signed.
START_TEST(of_an_unsigned_domain) {
  Scene scene;
  scene.dns.txt_records["_smtp._tls.ee.lab"] = {kRecord};
  scene.dns.insecure = {"_smtp._tls.ee.lab"};
  assert_text(scene.told({attempt_on("ee.lab")}), "ee.lab " + kRecord + "|");
}
END_TEST

START_TEST(of_no_other) {
  Scene scene;
  scene.dns.txt_records["_smtp._tls.two.lab"] = {kRecord, kRecord};
  scene.dns.txt_records["_smtp._tls.bogus.lab"] = {kRecord};
  scene.dns.failures = {{"TXT _smtp._tls.bogus.lab", {ErrorKind::DnsBogus, "bogus"}}};
  assert_text(scene.told({attempt_on("none.lab"), attempt_on("two.lab"), attempt_on("bogus.lab"),
                          attempt_on("[192.0.2.1]"), attempt_on("")}),
              "");
  ck_assert(scene.troubles.empty());
}
END_TEST

START_TEST(asked_once_a_domain) {
  Scene scene;
  scene.dns.txt_records["_smtp._tls.ee.lab"] = {kRecord};
  assert_text(scene.told({attempt_on("ee.lab"), attempt_on("none.lab"), attempt_on("ee.lab")}),
              "ee.lab " + kRecord + "|ee.lab " + kRecord + "|");
  ck_assert_int_eq(scene.resolvers, 1);
  assert_text(scene.dns.asked, "TXT _smtp._tls.ee.lab, TXT _smtp._tls.none.lab");
  ck_assert_uint_eq(scene.dns.limits.size(), 1);
}
END_TEST

START_TEST(nothing_to_report) {
  Scene scene;
  assert_text(scene.told({}), "");
  ck_assert_int_eq(scene.resolvers, 0);
}
END_TEST

// tests D-173: nobody is asked for the sake of reports that nobody takes.
START_TEST(no_look_up_without_a_collector) {
  Scene scene;
  scene.report({attempt_on("ee.lab"), attempt_on("none.lab")}, scene.directory.file("missing"));
  ck_assert_int_eq(scene.resolvers, 0);
  assert_text(scene.dns.asked, "");
  ck_assert_uint_eq(scene.troubles.size(), 1);
}
END_TEST

// tests D-173: each report that is not taken is told of, and the others go their way.
START_TEST(some_are_not_taken) {
  Scene scene;
  scene.dns.txt_records["_smtp._tls.ee.lab"] = {kRecord};
  auto too_long = attempt_on("ee.lab");
  too_long.policy.strings = {std::string(70000, 'x')};
  assert_text(scene.told({too_long, attempt_on("ee.lab")}), "ee.lab " + kRecord + "|");
  ck_assert_uint_eq(scene.troubles.size(), 1);
  assert_contains(scene.troubles[0], "is too long");
}
END_TEST

START_TEST(collector_is_missing) {
  Scene scene;
  scene.dns.txt_records["_smtp._tls.ee.lab"] = {kRecord};
  scene.report({attempt_on("none.lab"), attempt_on("ee.lab")}, scene.directory.file("missing"));
  ck_assert_uint_eq(scene.troubles.size(), 1);
  assert_contains(scene.troubles[0], "/missing: No such file or directory");
}
END_TEST

int main() {
  Suite* suite = suite_create("report_attempts");
  TCase* all = tcase_create("all");
  tcase_add_test(all, of_a_domain_that_asks);
  tcase_add_test(all, of_an_unsigned_domain);
  tcase_add_test(all, of_no_other);
  tcase_add_test(all, asked_once_a_domain);
  tcase_add_test(all, nothing_to_report);
  tcase_add_test(all, no_look_up_without_a_collector);
  tcase_add_test(all, some_are_not_taken);
  tcase_add_test(all, collector_is_missing);
  suite_add_tcase(suite, all);
  return run_suite(suite);
}

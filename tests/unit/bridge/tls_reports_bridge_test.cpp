// SPDX-License-Identifier: GPL-2.0-or-later
// Reports as an event, and what became of what Exim's own driver delivered.
#include "bridge/tls_reports_bridge.h"

#include "core/format.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

struct Exim {
  std::string calls{};
  int known = 0;
  danesmtp_delegated delivery{};
};

danesmtp_services table() {
  danesmtp_services s{};
  s.event = [](void* e, std::size_t host, std::size_t recipient, const char* name,
               const char* data) -> const char* {
    static_cast<Exim*>(e)->calls += format("{} {} {} {}; ", host, recipient, name, data);
    return "no";
  };
  s.delegated_delivery = [](void* e, std::size_t recipient, danesmtp_delegated* delivery) {
    static_cast<Exim*>(e)->calls += format("{}; ", recipient);
    *delivery = static_cast<Exim*>(e)->delivery;
    return static_cast<Exim*>(e)->known;
  };
  return s;
}

const danesmtp_services kServices = table();

}  // namespace

START_TEST(told_and_kept) {
  Exim exim;
  TlsReportsBridge bridge({kServices, &exim});
  TlsAttempt attempt;
  attempt.domain = "ee.lab";
  attempt.policy.type = ReportedPolicy::Tlsa;
  bridge.tls_attempted(1, 2, attempt);
  attempt.failure = TlsFailure{FailureType::CertificateExpired, "x"};
  bridge.tls_attempted(0, 0, attempt);
  assert_text(exim.calls,
              "1 2 dane:report tlsa success; 0 0 dane:report tlsa certificate-expired; ");
  ck_assert_uint_eq(bridge.tls_attempts().size(), 2);
  assert_text(bridge.tls_attempts()[0].domain, "ee.lab");
}
END_TEST

START_TEST(delegated) {
  Exim exim;
  TlsReportsBridge bridge({kServices, &exim});
  ck_assert(!bridge.delegated_delivery(3));
  exim.known = 1;
  exim.delivery = {2, 1, 0};
  const auto encrypted = bridge.delegated_delivery(0);
  ck_assert(encrypted && encrypted->host == HostIndex(2) && encrypted->encrypted &&
            !encrypted->starttls_offered);
  exim.delivery = {0, 0, 1};
  const auto clear = bridge.delegated_delivery(0);
  ck_assert(clear && !clear->encrypted && clear->starttls_offered);
  assert_text(exim.calls, "3; 0; 0; ");
}
END_TEST

int main() {
  Suite* suite = suite_create("tls_reports_bridge");
  TCase* all = tcase_create("all");
  tcase_add_test(all, told_and_kept);
  tcase_add_test(all, delegated);
  suite_add_tcase(suite, all);
  return run_suite(suite);
}

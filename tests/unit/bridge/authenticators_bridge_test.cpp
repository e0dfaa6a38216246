// SPDX-License-Identifier: GPL-2.0-or-later
// What Exim's authenticators report, through a table of services.
#include "bridge/authenticators_bridge.h"

#include <fcntl.h>

#include "core/format.h"
#include "net/unique_fd.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

struct Exim {
  danesmtp_authenticated report{DANESMTP_AUTH_DONE, 0, 0, "text", "command"};
  const char* mail_auth = nullptr;
  bool failed = false;
  int watched = -1;  // a descriptor; its flags while an authenticator runs
  int flags = 0;
  std::string call{};
};

Exim& exim_of(void* handle) {
  return *static_cast<Exim*>(handle);
}

danesmtp_services table() {
  danesmtp_services s{};
  s.authenticate = [](void* e, std::size_t host, int fd, const char* mechanisms) {
    exim_of(e).call = format("{} {} {}", host, fd, mechanisms);
    exim_of(e).flags = ::fcntl(exim_of(e).watched, F_GETFD);
    return exim_of(e).report;
  };
  s.mail_auth = [](void* e, int* failed) {
    *failed = exim_of(e).failed;
    return exim_of(e).mail_auth;
  };
  s.expansion_error = [](void*) { return "unknown variable"; };
  return s;
}

const danesmtp_services kServices = table();

AuthReport report_of(const danesmtp_authenticated& report) {
  Exim exim{.report = report};
  return AuthenticatorsBridge({kServices, &exim}).authenticate(0, -1, "");
}

}  // namespace

START_TEST(every_end) {
  constexpr std::pair<int, AuthEnd> kEnds[] = {
      {DANESMTP_AUTH_DONE, AuthEnd::Authenticated}, {DANESMTP_AUTH_NOT, AuthEnd::NotAuthenticated},
      {DANESMTP_AUTH_FAILED, AuthEnd::Failed},      {DANESMTP_AUTH_PROBLEM, AuthEnd::Problem},
      {DANESMTP_AUTH_PROBLEM + 1, AuthEnd::Failed},
  };
  for (const auto& [given, end] : kEnds) {
    const auto report = report_of({given, 0, 0, "text", "command"});
    ck_assert(report.end == end);
    ck_assert(report.fault == AuthFault::Closed);
    assert_text(report.text, "text");
    assert_text(report.command, "command");
  }
}
END_TEST

START_TEST(every_fault) {
  ck_assert(report_of({DANESMTP_AUTH_FAILED, 1, 0, "", ""}).fault == AuthFault::Timeout);
  ck_assert(report_of({DANESMTP_AUTH_FAILED, 0, 1, "", ""}).fault == AuthFault::Garbled);
  const auto report = report_of({DANESMTP_AUTH_FAILED, 0, 0, nullptr, nullptr});
  ck_assert(report.fault == AuthFault::Closed);
  assert_text(report.text + report.command, "");
}
END_TEST

// An authenticator may run another program: no descriptor of ours is for it.
START_TEST(what_is_asked) {
  const UniqueFd ours(::open("/dev/null", O_RDONLY));
  Exim exim{.watched = ours.get()};
  AuthenticatorsBridge({kServices, &exim}).authenticate(2, 7, "PLAIN LOGIN");
  assert_text(exim.call, "2 7 PLAIN LOGIN");
  ck_assert_int_eq(exim.flags & FD_CLOEXEC, FD_CLOEXEC);
}
END_TEST

START_TEST(auth_of_mail) {
  Exim exim;
  AuthenticatorsBridge bridge({kServices, &exim});
  ck_assert(!assert_ok(bridge.mail_auth()).has_value());
  exim.mail_auth = "";
  ck_assert(assert_ok(bridge.mail_auth()) == std::optional<std::string>(""));
  exim.mail_auth = "a+40b";
  ck_assert(assert_ok(bridge.mail_auth()) == std::optional<std::string>("a+40b"));
  exim.failed = true;
  assert_text(assert_error(bridge.mail_auth(), ErrorKind::BadInput).text,
              "failed to expand option authenticated_sender: unknown variable");
}
END_TEST

int main() {
  Suite* suite = suite_create("authenticators_bridge");
  TCase* tc = tcase_create("conversions");
  tcase_add_test(tc, every_end);
  tcase_add_test(tc, every_fault);
  tcase_add_test(tc, what_is_asked);
  tcase_add_test(tc, auth_of_mail);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

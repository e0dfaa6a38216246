// SPDX-License-Identifier: GPL-2.0-or-later
// The message and addresses as A-labels, through a table of services.
#include "bridge/message_bridge.h"

#include <fcntl.h>

#include <cerrno>

#include "core/format.h"
#include "net/unique_fd.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

struct Exim {
  int written = DANESMTP_WRITTEN;
  std::int32_t system_errno = 0;
  const char* text = nullptr;
  const char* why = nullptr;
  int watched = -1;  // a descriptor; its flags while the message is written
  int flags = 0;
  std::string call{};
  int stored = 0;
  int crlf = 0;
};

Exim& exim_of(void* handle) {
  return *static_cast<Exim*>(handle);
}

danesmtp_services table() {
  danesmtp_services s{};
  s.write_message = [](void* e, int fd, int form, std::int32_t* system_errno, const char** why) {
    auto& exim = exim_of(e);
    exim.call = format("{} {}", fd, form);
    exim.flags = ::fcntl(exim.watched, F_GETFD);
    *system_errno = exim.system_errno;
    if (exim.why) *why = exim.why;
    return exim.written;
  };
  s.stored_body = [](void* e, danesmtp_stored_body* body) {
    *body = {7, 20, exim_of(e).crlf};
    return exim_of(e).stored;
  };
  s.ascii_address = [](void* e, const char* address, const char** why) {
    exim_of(e).call = address;
    if (exim_of(e).why) *why = exim_of(e).why;
    return exim_of(e).text;
  };
  return s;
}

const danesmtp_services kServices = table();

}  // namespace

START_TEST(both_forms) {
  Exim exim;
  MessageBridge bridge({kServices, &exim});
  ck_assert(bridge.write_message(7, MessageForm::Dotted).has_value());
  assert_text(exim.call, format("7 {}", static_cast<int>(DANESMTP_FORM_DOTTED)));
  ck_assert(bridge.write_message(7, MessageForm::Plain).has_value());
  assert_text(exim.call, format("7 {}", static_cast<int>(DANESMTP_FORM_PLAIN)));
}
END_TEST

START_TEST(headers_and_a_stored_body) {
  Exim exim;
  MessageBridge bridge({kServices, &exim});
  ck_assert(!bridge.stored_body().has_value());
  exim.stored = 1;
  const auto body = bridge.stored_body();
  ck_assert(body && body->fd == 7 && body->begin == 20 && body->line_ends == LineEnds::Lf);
  exim.crlf = 1;
  ck_assert(bridge.stored_body()->line_ends == LineEnds::CrLf);
  ck_assert(bridge.write_headers(8).has_value());
  assert_text(exim.call, format("8 {}", static_cast<int>(DANESMTP_FORM_HEADERS)));
  exim.written = DANESMTP_WRITE_HEADERS;
  ck_assert(bridge.write_headers(8).error().kind == WriteFailureKind::Headers);
}
END_TEST

START_TEST(every_failure) {
  constexpr std::pair<int, WriteFailureKind> kFailures[] = {
      {DANESMTP_WRITE_IO, WriteFailureKind::Io},
      {DANESMTP_WRITE_FILTER, WriteFailureKind::Filter},
      {DANESMTP_WRITE_HEADERS, WriteFailureKind::Headers},
      {DANESMTP_WRITE_SIGNING, WriteFailureKind::Signing},
      {DANESMTP_WRITE_SIGNING + 1, WriteFailureKind::Io},
  };
  for (const auto& [given, kind] : kFailures) {
    Exim exim{.written = given, .system_errno = ENOSPC, .why = "why"};
    const auto failed = MessageBridge({kServices, &exim}).write_message(7, MessageForm::Plain);
    ck_assert(!failed.has_value());
    ck_assert(failed.error().kind == kind);
    ck_assert_int_eq(failed.error().system_errno, ENOSPC);
    assert_text(failed.error().text, "why");
  }
}
END_TEST

START_TEST(a_failure_without_words) {
  Exim exim{.written = DANESMTP_WRITE_IO};
  const auto failed = MessageBridge({kServices, &exim}).write_message(7, MessageForm::Plain);
  ck_assert(!failed.has_value());
  ck_assert_int_eq(failed.error().system_errno, 0);
  assert_text(failed.error().text, "");
}
END_TEST

// A transport filter is another program: no descriptor of ours is for it.
START_TEST(descriptors_are_kept_from_a_filter) {
  const UniqueFd ours(::open("/dev/null", O_RDONLY));
  Exim exim{.watched = ours.get()};
  ck_assert(MessageBridge({kServices, &exim}).write_message(7, MessageForm::Plain).has_value());
  ck_assert_int_eq(exim.flags & FD_CLOEXEC, FD_CLOEXEC);
}
END_TEST

START_TEST(an_address) {
  Exim exim{.text = "u@xn--4ca.lab"};
  assert_text(assert_ok(MessageBridge({kServices, &exim}).ascii_address("u@\xc3\xa4.lab")),
              "u@xn--4ca.lab");
  assert_text(exim.call, "u@\xc3\xa4.lab");
}
END_TEST

START_TEST(an_address_without_such_a_form) {
  Exim exim{.why = "no such form"};
  MessageBridge bridge({kServices, &exim});
  assert_text(assert_error(bridge.ascii_address("u@x"), ErrorKind::BadInput).text,
              "u@x cannot be sent without SMTPUTF8: no such form");
  exim.why = nullptr;
  assert_text(assert_error(bridge.ascii_address("u@x"), ErrorKind::BadInput).text,
              "u@x cannot be sent without SMTPUTF8: ");
}
END_TEST

int main() {
  Suite* suite = suite_create("message_bridge");
  TCase* tc = tcase_create("conversions");
  tcase_add_test(tc, both_forms);
  tcase_add_test(tc, headers_and_a_stored_body);
  tcase_add_test(tc, every_failure);
  tcase_add_test(tc, a_failure_without_words);
  tcase_add_test(tc, descriptors_are_kept_from_a_filter);
  tcase_add_test(tc, an_address);
  tcase_add_test(tc, an_address_without_such_a_form);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

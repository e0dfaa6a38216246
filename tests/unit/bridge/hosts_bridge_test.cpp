// SPDX-License-Identifier: GPL-2.0-or-later
// States of hosts, questions of the retry database and connections, through a table of services.
#include "bridge/hosts_bridge.h"

#include <fcntl.h>

#include <cerrno>

#include "core/format.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

struct Exim {
  std::string calls{};
  int answer = 0;
  const char* text = nullptr;
  danesmtp_connected connected{-1, 0, 0};

  int called(const char* name, std::size_t host, int more = -1) {
    calls += format("{} {} {}; ", name, host, more);
    return answer;
  }
};

Exim& exim_of(void* handle) {
  return *static_cast<Exim*>(handle);
}

danesmtp_services table() {
  danesmtp_services s{};
  s.take_over = [](void* e) { exim_of(e).called("take_over", 0); };
  s.host_state = [](void* e, std::size_t host, int port) {
    return exim_of(e).called("state", host, port);
  };
  s.expansion_error = [](void* e) { return exim_of(e).text; };
  s.leave_host = [](void* e, std::size_t host) { exim_of(e).called("leave", host); };
  s.host_tried_since_arrival = [](void* e, std::size_t host) {
    return exim_of(e).called("tried", host);
  };
  s.host_last_failure = [](void* e, std::size_t host) {
    exim_of(e).called("failure", host);
    return exim_of(e).text;
  };
  s.host_retry_over = [](void* e, std::size_t host) { return exim_of(e).called("over", host); };
  s.connect = [](void* e, std::size_t host, int port) {
    exim_of(e).called("connect", host, port);
    return exim_of(e).connected;
  };
  return s;
}

const danesmtp_services kServices = table();

}  // namespace

START_TEST(every_state) {
  constexpr std::pair<int, HostState> kStates[] = {
      {DANESMTP_HOST_USABLE, HostState::Usable},
      {DANESMTP_HOST_USABLE_EXPIRED, HostState::UsableExpired},
      {DANESMTP_HOST_WAITING, HostState::Waiting},
      {DANESMTP_HOST_EXPIRED, HostState::Expired},
      {DANESMTP_HOST_NO_ADDRESS, HostState::NoAddress},
      {DANESMTP_HOST_ADDRESS_LATER, HostState::AddressLater},
      {DANESMTP_HOST_LOCAL, HostState::Local},
      {DANESMTP_HOST_BUSY, HostState::Busy},
      {DANESMTP_HOST_NO_INTERFACE + 1, HostState::AddressLater},  // of a newer shim: it is not used
  };
  for (const auto& [answer, state] : kStates) {
    Exim exim{.answer = answer};
    ck_assert(assert_ok(HostsBridge({kServices, &exim}).host_state(3, 2525)) == state);
    assert_text(exim.calls, "state 3 2525; ");
  }
}
END_TEST

START_TEST(an_interface_that_cannot_be_used) {
  Exim exim{.answer = DANESMTP_HOST_NO_INTERFACE, .text = "two words"};
  const auto state = HostsBridge({kServices, &exim}).host_state(3, 2525);
  assert_error(state, ErrorKind::BadInput);
  assert_text(state.error().text, "option interface cannot be used: two words");
}
END_TEST

START_TEST(questions_of_the_retry_database) {
  for (const int answer : {0, 1}) {
    Exim exim{.answer = answer};
    HostsBridge hosts({kServices, &exim});
    ck_assert_int_eq(hosts.tried_since_arrival(1), answer);
    ck_assert_int_eq(hosts.retries_over(2), answer);
    assert_text(exim.calls, "tried 1 -1; over 2 -1; ");
  }
}
END_TEST

START_TEST(the_last_failure) {
  Exim exim;
  HostsBridge hosts({kServices, &exim});
  assert_text(hosts.last_failure(4), "");
  exim.text = "refused";
  assert_text(hosts.last_failure(4), "refused");
}
END_TEST

START_TEST(a_host_is_taken_and_left) {
  Exim exim;
  HostsBridge hosts({kServices, &exim});
  AddressBatch batch;
  hosts.take_over(batch);
  hosts.leave_host(5);
  assert_text(exim.calls, "take_over 0 -1; leave 5 -1; ");
}
END_TEST

START_TEST(a_connection) {
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ck_assert_int_ge(fd, 0);
  Exim exim{.connected = {fd, 0, 0}};
  {
    auto socket = HostsBridge({kServices, &exim}).connect(6, 25);
    ck_assert(socket.has_value());
    ck_assert_int_eq(socket->get(), fd);
  }
  ck_assert_int_eq(::fcntl(fd, F_GETFD), -1);  // it was ours to close
  assert_text(exim.calls, "connect 6 25; ");
}
END_TEST

START_TEST(no_connection) {
  Exim exim{.connected = {-1, ECONNREFUSED, 0}};
  auto refused = HostsBridge({kServices, &exim}).connect(0, 25);
  ck_assert(!refused);
  ck_assert_int_eq(refused.error().system_errno, ECONNREFUSED);
  ck_assert(!refused.error().timed_out);
  exim.connected = {-1, ETIMEDOUT, 1};
  auto late = HostsBridge({kServices, &exim}).connect(0, 25);
  ck_assert(!late);
  ck_assert_int_eq(late.error().system_errno, ETIMEDOUT);
  ck_assert(late.error().timed_out);
}
END_TEST

int main() {
  Suite* suite = suite_create("hosts_bridge");
  TCase* tc = tcase_create("conversions");
  tcase_add_test(tc, every_state);
  tcase_add_test(tc, an_interface_that_cannot_be_used);
  tcase_add_test(tc, questions_of_the_retry_database);
  tcase_add_test(tc, the_last_failure);
  tcase_add_test(tc, a_host_is_taken_and_left);
  tcase_add_test(tc, a_connection);
  tcase_add_test(tc, no_connection);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

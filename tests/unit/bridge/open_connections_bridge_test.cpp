// SPDX-License-Identifier: GPL-2.0-or-later
// A connection between two messages, both ways through a table of services.
#include "bridge/open_connections_bridge.h"

#include <fcntl.h>

#include "core/format.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

struct Exim {
  std::string calls{};
  int answer = 0;
  danesmtp_open_connection open{};
  int fd = -1;
};

Exim& exim_of(void* handle) {
  return *static_cast<Exim*>(handle);
}

danesmtp_services table() {
  danesmtp_services s{};
  s.open_connection = [](void* e, danesmtp_open_connection* open) {
    *open = exim_of(e).open;
    return exim_of(e).answer;
  };
  s.use_open_connection = [](void* e) { return exim_of(e).fd; };
  s.end_open_connection = [](void* e) { exim_of(e).calls += "end; "; };
  s.further_message = [](void* e, std::size_t host, std::size_t transactions, std::size_t most) {
    exim_of(e).calls += format("further {} {} {}; ", host, transactions, most);
    return exim_of(e).answer;
  };
  s.leave_open = [](void* e, int fd, const danesmtp_open_connection* open) {
    exim_of(e).fd = fd;
    exim_of(e).calls +=
        format("leave {} {} {} {}; ", open->host, open->transactions, open->mark, open->cipher);
  };
  return s;
}

const danesmtp_services kServices = table();

}  // namespace

START_TEST(none_is_open) {
  Exim exim{.open = {1, 2, "mark", "cipher"}};
  ck_assert(!OpenConnectionsBridge({kServices, &exim}).open_connection());
}
END_TEST

START_TEST(one_is_open) {
  Exim exim{.answer = 1, .open = {1, 2, "mark", "cipher"}};
  const auto open = OpenConnectionsBridge({kServices, &exim}).open_connection();
  ck_assert(open.has_value());
  ck_assert_uint_eq(open->host.value(), 1);
  ck_assert_uint_eq(open->transactions, 2);
  assert_text(open->mark, "mark");
  assert_text(open->cipher, "cipher");
}
END_TEST

START_TEST(one_without_texts) {
  Exim exim{.answer = 1, .open = {}};
  const auto open = OpenConnectionsBridge({kServices, &exim}).open_connection();
  ck_assert(open.has_value());
  assert_text(open->mark + open->cipher, "");
}
END_TEST

START_TEST(it_is_used_or_ended) {
  Exim exim{.fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  OpenConnectionsBridge bridge({kServices, &exim});
  ck_assert_int_eq(bridge.use_open_connection().get(), exim.fd);
  ck_assert_int_eq(::fcntl(exim.fd, F_GETFD), -1);  // it was ours to close
  exim.fd = -1;
  ck_assert(!bridge.use_open_connection());
  bridge.end_open_connection();
  assert_text(exim.calls, "end; ");
}
END_TEST

START_TEST(a_further_message) {
  for (const int answer : {0, 1}) {
    Exim exim{.answer = answer};
    ck_assert_int_eq(OpenConnectionsBridge({kServices, &exim}).further_message(1, 2, 3), answer);
    assert_text(exim.calls, "further 1 2 3; ");
  }
}
END_TEST

START_TEST(one_is_left) {
  UniqueFd socket(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int fd = socket.get();
  Exim exim;
  OpenConnectionsBridge({kServices, &exim}).leave_open(std::move(socket), {4, "mark", "cipher", 5});
  assert_text(exim.calls, "leave 4 5 mark cipher; ");
  ck_assert_int_eq(exim.fd, fd);
  ck_assert_int_ge(::fcntl(fd, F_GETFD), 0);  // open, and no longer ours
  ::close(fd);
}
END_TEST

int main() {
  Suite* suite = suite_create("open_connections_bridge");
  TCase* tc = tcase_create("conversions");
  tcase_add_test(tc, none_is_open);
  tcase_add_test(tc, one_is_open);
  tcase_add_test(tc, one_without_texts);
  tcase_add_test(tc, it_is_used_or_ended);
  tcase_add_test(tc, a_further_message);
  tcase_add_test(tc, one_is_left);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/own_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "net/unique_fd.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

START_TEST(connected) {
  UniqueFd socket(::socket(AF_INET, SOCK_DGRAM, 0));
  sockaddr_in loopback{};
  loopback.sin_family = AF_INET;
  loopback.sin_port = htons(9);
  loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const void* address = &loopback;
  assert_text(own_address_towards(socket.get(), "127.0.0.1"), "");
  ck_assert_int_eq(::connect(socket.get(), static_cast<const sockaddr*>(address), sizeof(loopback)),
                   0);
  assert_text(own_address_towards(socket.get(), "127.0.0.1"), "127.0.0.1");
  for (const char* other : {"127.0.0.2", "192.0.2.1", "::1", "", "mx.lab"})
    assert_text(own_address_towards(socket.get(), other), "");
}
END_TEST

START_TEST(of_another_family) {
  int pair[2];
  ck_assert_int_eq(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  const UniqueFd one(pair[0]);
  const UniqueFd two(pair[1]);
  assert_text(own_address_towards(one.get(), "127.0.0.1"), "");
  assert_text(own_address_towards(-1, "127.0.0.1"), "");
}
END_TEST

int main() {
  Suite* suite = suite_create("own_address");
  TCase* all = tcase_create("all");
  tcase_add_test(all, connected);
  tcase_add_test(all, of_another_family);
  suite_add_tcase(suite, all);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/hosts_file.h"

#include <unistd.h>

#include <cstdio>

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

START_TEST(names_and_addresses) {
  char path[] = "/tmp/hosts-XXXXXX";
  const int fd = mkstemp(path);
  ck_assert_int_ge(fd, 0);
  const std::string text =
      "# 192.0.2.9 commented\n192.0.2.1\tmx.lab Relay # 192.0.2.2 later\n2001:db8::1 "
      "mx.lab\n\n192.0.2.3\n";
  ck_assert_int_eq(write(fd, text.data(), text.size()), static_cast<int>(text.size()));
  close(fd);
  ck_assert(hosts_file_has(path, "mx.lab", "192.0.2.1"));
  ck_assert(hosts_file_has(path, "relay", "192.0.2.1"));
  ck_assert(hosts_file_has(path, "MX.lab", "2001:DB8::1"));
  ck_assert(!hosts_file_has(path, "mx.lab", "192.0.2.2"));
  ck_assert(!hosts_file_has(path, "later", "192.0.2.1"));
  ck_assert(!hosts_file_has(path, "commented", "192.0.2.9"));
  ck_assert(!hosts_file_has(path, "192.0.2.3", "192.0.2.3"));
  unlink(path);
  ck_assert(!hosts_file_has(path, "mx.lab", "192.0.2.1"));
}
END_TEST

int main() {
  Suite* suite = suite_create("hosts_file");
  TCase* tc = tcase_create("file");
  tcase_add_test(tc, names_and_addresses);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

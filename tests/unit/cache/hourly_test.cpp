// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/hourly.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ctime>

#include "unit/own_directory.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

void age(const std::string& path, std::time_t seconds) {
  const timespec then{::time(nullptr) - seconds, 0};
  const timespec times[] = {then, then};
  ck_assert_int_eq(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
}

}  // namespace

START_TEST(once) {
  OwnDirectory directory;
  const auto stamp = directory.file();
  ck_assert(first_this_hour(stamp));
  ck_assert(!first_this_hour(stamp));
  age(stamp, 3590);
  ck_assert(!first_this_hour(stamp));
  age(stamp, 3600);
  ck_assert(first_this_hour(stamp));
  ck_assert(!first_this_hour(stamp));
  age(stamp, -10);  // the clock went back
  ck_assert(first_this_hour(stamp));
}
END_TEST

START_TEST(never_without_a_stamp) {
  OwnDirectory directory;
  ck_assert(!first_this_hour(directory.path + "/missing/stamp"));
  ck_assert_int_eq(symlink("/dev/null", directory.file("link").c_str()), 0);
  ck_assert(!first_this_hour(directory.file("link")));
  ck_assert_int_eq(mkfifo(directory.file("pipe").c_str(), 0600), 0);
  ck_assert(!first_this_hour(directory.file("pipe")));
}
END_TEST

START_TEST(one_of_many) {
  OwnDirectory directory;
  const auto stamp = directory.file();
  constexpr int processes = 30;
  for (int i = 0; i < processes; ++i)
    if (fork() == 0) _exit(first_this_hour(stamp) ? 1 : 0);
  int first = 0;
  for (int i = 0; i < processes; ++i) {
    int status = 0;
    wait(&status);
    first += WEXITSTATUS(status);
  }
  ck_assert_int_eq(first, 1);
}
END_TEST

int main() {
  Suite* suite = suite_create("hourly");
  TCase* all = tcase_create("all");
  tcase_add_test(all, once);
  tcase_add_test(all, never_without_a_stamp);
  tcase_add_test(all, one_of_many);
  suite_add_tcase(suite, all);
  return run_suite(suite);
}

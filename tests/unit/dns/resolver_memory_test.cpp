// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/resolver_memory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "unit/own_directory.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

constexpr std::chrono::seconds kMinute{60};

struct File {
  OwnDirectory directory;
  std::string path = directory.file("memory");
};

}  // namespace

START_TEST(one_choice_for_one_question) {
  File file;
  ResolverMemory memory(file.path, "192.0.2.1@53, 192.0.2.2@53");
  ck_assert(!memory.recall());
  assert_ok(memory.remember("192.0.2.2@53", kMinute));
  assert_text(memory.recall().value_or(""), "192.0.2.2@53");
  ck_assert(!ResolverMemory(file.path, "192.0.2.1@53").recall());
  assert_ok(memory.remember("recursive", kMinute));  // over the first
  assert_text(memory.recall().value_or(""), "recursive");
  memory.forget();
  ck_assert(!memory.recall());
}
END_TEST

START_TEST(only_its_user_reads_it) {
  File file;
  assert_ok(ResolverMemory(file.path, "q").remember("c", kMinute));
  struct stat status {};
  ck_assert_int_eq(stat(file.path.c_str(), &status), 0);
  ck_assert_uint_eq(status.st_mode & 0777, 0600);
}
END_TEST

START_TEST(an_end_that_has_passed) {
  File file;
  ResolverMemory memory(file.path, "q");
  assert_ok(memory.remember("c", std::chrono::seconds(0)));
  ck_assert(!memory.recall());
  assert_ok(memory.remember("c", std::chrono::hours(2)));  // longer than anything is remembered
  ck_assert(!memory.recall());
}
END_TEST

START_TEST(nowhere_to_keep_it) {
  ck_assert(!ResolverMemory("", "q").recall());
  assert_ok(ResolverMemory("", "q").remember("c", kMinute));
  ResolverMemory lost("/nonexistent/memory", "q");
  assert_contains(assert_error(lost.remember("c", kMinute), ErrorKind::Io).text,
                  "/nonexistent/memory");
  ck_assert(!lost.recall());
}
END_TEST

int main() {
  Suite* suite = suite_create("resolver_memory");
  TCase* tc = tcase_create("file");
  tcase_add_test(tc, one_choice_for_one_question);
  tcase_add_test(tc, only_its_user_reads_it);
  tcase_add_test(tc, an_end_that_has_passed);
  tcase_add_test(tc, nowhere_to_keep_it);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

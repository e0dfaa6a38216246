// SPDX-License-Identifier: GPL-2.0-or-later
#include "smtp/message_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

START_TEST(no_directory_for_a_large_message) {
  auto error = assert_error(make_message_file("/nonexistent", kMessageInMemory), ErrorKind::Io);
  assert_contains(error.text, "/nonexistent");
}
END_TEST

START_TEST(a_closed_file_has_no_size) {
  assert_error(whole_file(UniqueFd()), ErrorKind::Io);
}
END_TEST

START_TEST(small_messages_need_no_directory) {
  auto file = assert_ok(make_message_file("/nonexistent", 10));
  ck_assert_int_eq(::write(file.get(), "abc", 3), 3);
  ck_assert_uint_eq(assert_ok(whole_file(file)).size, 3);
}
END_TEST

START_TEST(large_messages_leave_no_name_behind) {
  char directory[] = "/tmp/message_file_test.XXXXXX";
  ck_assert(mkdtemp(directory) != nullptr);
  auto file = assert_ok(make_message_file(directory, kMessageInMemory));
  ck_assert_int_eq(::write(file.get(), "abc", 3), 3);
  ck_assert(std::filesystem::is_empty(directory));
  file.reset();
  ck_assert_int_eq(::rmdir(directory), 0);
}
END_TEST

// What a file system without O_TMPFILE answers.
template <int code>
int refuses(const char*, int, unsigned) {
  errno = code;
  return -1;
}

START_TEST(file_systems_without_nameless_files) {
  char directory[] = "/tmp/message_file_test.XXXXXX";
  ck_assert(mkdtemp(directory) != nullptr);
  for (OpenFile open : {refuses<EOPNOTSUPP>, refuses<EISDIR>, refuses<EINVAL>}) {
    auto file = assert_ok(make_message_file(directory, kMessageInMemory, open));
    ck_assert_int_eq(::write(file.get(), "abc", 3), 3);
    ck_assert_uint_eq(assert_ok(whole_file(file)).size, 3);
    ck_assert_int_eq(::fcntl(file.get(), F_GETFD), FD_CLOEXEC);
    ck_assert(std::filesystem::is_empty(directory));
  }
  assert_error(make_message_file(directory, kMessageInMemory, refuses<ENOSPC>), ErrorKind::Io);
  assert_error(make_message_file("/nonexistent", kMessageInMemory, refuses<EISDIR>), ErrorKind::Io);
  ck_assert_int_eq(::rmdir(directory), 0);
}
END_TEST

int main() {
  Suite* suite = suite_create("message_file");
  TCase* tc = tcase_create("file");
  tcase_add_test(tc, no_directory_for_a_large_message);
  tcase_add_test(tc, a_closed_file_has_no_size);
  tcase_add_test(tc, small_messages_need_no_directory);
  tcase_add_test(tc, large_messages_leave_no_name_behind);
  tcase_add_test(tc, file_systems_without_nameless_files);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

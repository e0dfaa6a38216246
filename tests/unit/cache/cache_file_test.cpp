// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/cache_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include "unit/own_directory.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

constexpr const char* kHead = "danesmtp cache 1\n";

struct stat status_of(const std::string& path) {
  struct stat status {};
  ck_assert_int_eq(stat(path.c_str(), &status), 0);
  return status;
}

// What lies at the path before it is opened, and why it is refused.
struct Row {
  const char* why;
  void (*make)(const std::string& path);
};

const Row kRefused[] = {
    {"not a cache of danesmtp", [](const std::string& path) { write_file(path, "root:x:0:0\n"); }},
    {"not a cache of danesmtp", [](const std::string& path) { write_file(path, "danesmtp-x"); }},
    {"Too many levels",
     [](const std::string& path) {
       write_file(path + "2", kHead);
       ck_assert_int_eq(symlink((path + "2").c_str(), path.c_str()), 0);
     }},
    {"it has another name",
     [](const std::string& path) {
       write_file(path + "2", kHead);
       ck_assert_int_eq(link((path + "2").c_str(), path.c_str()), 0);
     }},
    {"not a plain file",
     [](const std::string& path) { ck_assert_int_eq(mkfifo(path.c_str(), 0600), 0); }},
    {"Is a directory",
     [](const std::string& path) { ck_assert_int_eq(mkdir(path.c_str(), 0700), 0); }},
    {"others than its owner",
     [](const std::string& path) {
       write_file(path, kHead);
       ck_assert_int_eq(chmod(path.c_str(), 0660), 0);
     }},
    {"others than its owner",
     [](const std::string& path) {
       write_file(path, kHead);
       ck_assert_int_eq(chmod(path.c_str(), 0644), 0);
     }},
};

using namespace std::string_literals;
const std::string kBegun[] = {"", "danes", "danesmtp cache 1"};
// Cut short while it is in use, it grows again by what is written next.
const std::string kHoles[] = {"danes\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"s, "danesmtp cache \0\0\0"s,
                              "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"s};

}  // namespace

START_TEST(a_new_one) {
  OwnDirectory directory;
  const auto path = directory.path + "/db/cache";
  umask(0);
  assert_ok(CacheFile::open(path));
  ck_assert_int_eq(status_of(path).st_mode & 07777, 0600);
  ck_assert_int_eq(status_of(directory.path + "/db").st_mode & 07777, 0750);
  assert_text(content_of(path), kHead);
  assert_ok(CacheFile::open(path));
  assert_ok(CacheFile::open_existing(path));
}
END_TEST

// A transport's `group` may be one that many users are in, and there are TLS sessions in it.
START_TEST(its_group_reads_it_no_more) {
  OwnDirectory directory;
  umask(077);
  write_file(directory.file(), kHead);
  ck_assert_int_eq(chmod(directory.file().c_str(), 0640), 0);
  assert_ok(CacheFile::open_existing(directory.file()));  // to be looked at: left as it is
  ck_assert_int_eq(status_of(directory.file()).st_mode & 07777, 0640);
  assert_ok(CacheFile::open(directory.file()));
  ck_assert_int_eq(status_of(directory.file()).st_mode & 07777, 0600);
}
END_TEST

START_TEST(what_is_not_ours_is_left_alone) {
  const Row& row = kRefused[_i];
  OwnDirectory directory;
  umask(077);
  row.make(directory.file());
  const auto opened = CacheFile::open(directory.file());
  ck_assert_msg(!opened, "%s", row.why);
  assert_contains(opened.error().text, directory.file());
  assert_contains(opened.error().text, row.why);
  ck_assert(opened.error().for_operator);
  ck_assert(!CacheFile::open_existing(directory.file()));
}
END_TEST

START_TEST(a_foreign_file_keeps_what_it_has) {
  OwnDirectory directory;
  umask(077);
  write_file(directory.file(), "root:x:0:0\n");
  ck_assert(!CacheFile::open(directory.file()));
  assert_text(content_of(directory.file()), "root:x:0:0\n");
}
END_TEST

START_TEST(of_another_user) {
  if (geteuid() != 0) return;  // nobody can make such a file
  OwnDirectory directory;
  umask(077);
  write_file(directory.file(), kHead);
  ck_assert_int_eq(chown(directory.file().c_str(), 65534, 65534), 0);
  assert_contains(assert_error(CacheFile::open(directory.file()), ErrorKind::BadInput).text,
                  "another user");
  assert_ok(CacheFile::open_existing(directory.file()));  // to be looked at
}
END_TEST

START_TEST(one_that_was_cut_short_begins_anew) {
  OwnDirectory directory;
  umask(077);
  write_file(directory.file(), kBegun[_i]);
  assert_ok(CacheFile::open(directory.file()));
  assert_text(content_of(directory.file()), kHead);
}
END_TEST

START_TEST(one_with_a_hole_begins_anew) {
  OwnDirectory directory;
  umask(077);
  write_file(directory.file(), kHoles[_i]);
  assert_ok(CacheFile::open(directory.file()));
  ck_assert(content_of(directory.file()).starts_with(kHead));
}
END_TEST

START_TEST(another_version_gets_a_new_one) {
  OwnDirectory directory;
  umask(077);
  write_file(directory.file(), "danesmtp cache 77\nslots");
  ck_assert(!CacheFile::open_existing(directory.file()));
  assert_ok(CacheFile::open(directory.file()));
  assert_text(content_of(directory.file()), kHead);
}
END_TEST

START_TEST(nowhere) {
  OwnDirectory directory;
  assert_error(CacheFile::open(directory.path + "/no/such/cache"), ErrorKind::Io);
  assert_error(CacheFile::open_existing(directory.file()), ErrorKind::Io);
  assert_error(CacheFile::open("cache-without-a-directory/"), ErrorKind::Io);
}
END_TEST

START_TEST(beyond_the_end) {
  OwnDirectory directory;
  const auto cache = assert_ok(CacheFile::open(directory.file()));
  ck_assert_uint_eq(cache.read(1 << 20, 100).size(), 0);
  ck_assert(cache.write(1 << 20, Bytes(10, 7)));
  ck_assert(cache.read(1 << 20, 100) == Bytes(10, 7));
  ck_assert_int_eq(truncate(directory.file().c_str(), 17), 0);
  ck_assert_uint_eq(cache.read(1 << 20, 100).size(), 0);
}
END_TEST

int main() {
  Suite* suite = suite_create("cache_file");
  TCase* all = tcase_create("all");
  tcase_add_test(all, a_new_one);
  tcase_add_test(all, its_group_reads_it_no_more);
  tcase_add_loop_test(all, what_is_not_ours_is_left_alone, 0,
                      static_cast<int>(std::size(kRefused)));
  tcase_add_test(all, a_foreign_file_keeps_what_it_has);
  tcase_add_test(all, of_another_user);
  tcase_add_loop_test(all, one_that_was_cut_short_begins_anew, 0,
                      static_cast<int>(std::size(kBegun)));
  tcase_add_loop_test(all, one_with_a_hole_begins_anew, 0, static_cast<int>(std::size(kHoles)));
  tcase_add_test(all, another_version_gets_a_new_one);
  tcase_add_test(all, nowhere);
  tcase_add_test(all, beyond_the_end);
  suite_add_tcase(suite, all);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// Policies on disk: what is read again, what is not, and who may look.
#include "policy_files.h"

#include <sys/stat.h>

#include <iterator>

#include "core/format.h"
#include "unit/own_directory.h"

using namespace danesmtp;
using namespace danesmtp::tool;
using namespace danesmtp::test;

namespace {

const std::string kText = "version: STSv1\r\nmode: testing\r\nmx: a.lab\r\nmax_age: 60\r\n";

KeptPolicy kept(const std::string& id = "1") {
  return {id, kText, assert_ok(parse_policy(kText)), WallTime(std::chrono::seconds(1000))};
}

const std::string kHead = "danesmtp-mta-sts 1\ndomain: dom.lab\nid: 1\nfetched: 1000\n\n";

const std::string kSpoilt[] = {
    "",
    "\n",
    "danesmtp-mta-sts 2\ndomain: dom.lab\nid: 1\nfetched: 1000\n\n" + kText,
    "danesmtp-mta-sts 1\ndomain: other.lab\nid: 1\nfetched: 1000\n\n" + kText,
    "danesmtp-mta-sts 1\ndomain: dom.lab\nfetched: 1000\n\n" + kText,
    "danesmtp-mta-sts 1\ndomain: dom.lab\nid: 1\nfetched: 1000x\n\n" + kText,
    "danesmtp-mta-sts 1\ndomain: dom.lab\nid: 1\nfetched: \n\n" + kText,
    "danesmtp-mta-sts 1\ndomain: dom.lab\nid: 1\nfetched: 99999999999999999999\n\n" + kText,
    kHead.substr(0, kHead.size() - 1) + kText,
    kHead,
    kHead + "mode: none\n",
    kHead + kText.substr(0, 40),
};

PolicyFiles opened(const OwnDirectory& directory) {
  return assert_ok(PolicyFiles::open(directory.path));
}

}  // namespace

START_TEST(kept_and_read_again) {
  const OwnDirectory directory;
  {
    const auto files = opened(directory);
    assert_ok(files.keep("dom.lab", kept("0")));
    assert_ok(files.keep("dom.lab", kept()));
  }
  const auto files = opened(directory);
  const auto all = files.all(10);
  ck_assert_uint_eq(all.size(), 1);
  const auto& seen = all.at("dom.lab");
  assert_text(seen.id + seen.text, "1" + kText);
  ck_assert(seen.fetched == kept().fetched && seen.policy.mode == PublishedMode::Testing);
  struct stat facts {};
  ck_assert_int_eq(::stat(directory.file("dom.lab").c_str(), &facts), 0);
  ck_assert_uint_eq(facts.st_mode & 0777U, 0600);
  files.drop("dom.lab");
  ck_assert(files.all(10).empty());
}
END_TEST

START_TEST(spoilt) {
  const OwnDirectory directory;
  write_file(directory.file("dom.lab"), kHead + kText);
  ck_assert(PolicyFiles::look_at(directory.path).one("dom.lab").has_value());
  write_file(directory.file("dom.lab"), kSpoilt[_i]);
  ck_assert_msg(!PolicyFiles::look_at(directory.path).one("dom.lab"), "%d", _i);
  ck_assert(PolicyFiles::look_at(directory.path).all(10).empty());
}
END_TEST

// A daemon that was killed in the middle of a write has left a part beside the whole.
START_TEST(a_part_is_left) {
  const OwnDirectory directory;
  write_file(directory.file("dom.lab"), kHead + kText);
  write_file(directory.file(".new"), (kHead + kText).substr(0, 90));
  const auto files = opened(directory);
  ck_assert_uint_eq(files.all(10).size(), 1);
  assert_ok(files.keep("other.lab", kept()));
  ck_assert_uint_eq(files.all(10).size(), 2);
}
END_TEST

START_TEST(no_file_of_ours) {
  const OwnDirectory directory;
  const auto files = opened(directory);
  write_file(directory.file("Dom.LAB"), kHead + kText);
  std::filesystem::create_directory(directory.file("dir.lab"));
  std::filesystem::create_symlink("Dom.LAB", directory.file("dom.lab"));
  ck_assert_int_eq(::mkfifo(directory.file("fifo.lab").c_str(), 0600), 0);
  write_file(directory.file("big.lab"), std::string(100000, 'x'));
  ck_assert(files.all(10).empty());
  for (const char* name : {"..", ".", "", "a/b",
                           "../"
                           "dom.lab",
                           "Dom.LAB"})
    ck_assert_msg(!files.one(name), "%s", name);
}
END_TEST

START_TEST(bounded) {
  const OwnDirectory directory;
  const auto files = opened(directory);
  for (int i = 0; i < 5; ++i) assert_ok(files.keep(format("d{}.lab", i), kept()));
  ck_assert_uint_eq(files.all(3).size(), 3);
}
END_TEST

START_TEST(nowhere_and_no_directory) {
  const PolicyFiles nowhere;
  assert_ok(nowhere.keep("dom.lab", kept()));
  nowhere.drop("dom.lab");
  ck_assert(nowhere.all(10).empty() && !nowhere.one("dom.lab"));
  const OwnDirectory directory;
  assert_error(PolicyFiles::open(directory.file("none")), ErrorKind::Io);
  const auto files = opened(directory);
  std::filesystem::remove_all(directory.path);
  assert_error(files.keep("dom.lab", kept()), ErrorKind::Io);
}
END_TEST

START_TEST(a_second_daemon) {
  const OwnDirectory directory;
  const auto first = opened(directory);
  const auto error = assert_error(PolicyFiles::open(directory.path), ErrorKind::Io);
  assert_contains(error.text, "another daemon uses it");
}
END_TEST

START_TEST(the_longest_name) {
  const OwnDirectory directory;
  const auto files = opened(directory);
  const std::string label(63, 'a');
  const auto domain = label + "." + label + "." + label + "." + std::string(57, 'b') + ".lab";
  assert_ok(files.keep(domain, kept()));
  ck_assert(files.one(domain).has_value());
}
END_TEST

int main() {
  Suite* suite = suite_create("policy_files");
  TCase* tc = tcase_create("files");
  tcase_add_test(tc, kept_and_read_again);
  tcase_add_loop_test(tc, spoilt, 0, std::size(kSpoilt));
  tcase_add_test(tc, a_part_is_left);
  tcase_add_test(tc, no_file_of_ours);
  tcase_add_test(tc, bounded);
  tcase_add_test(tc, nowhere_and_no_directory);
  tcase_add_test(tc, a_second_daemon);
  tcase_add_test(tc, the_longest_name);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

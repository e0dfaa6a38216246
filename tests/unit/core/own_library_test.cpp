// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/own_library.h"

#include <cstring>
#include <filesystem>
#include <fstream>

#include "unit/own_directory.h"

using namespace danesmtp::test;
namespace fs = std::filesystem;

namespace {

constexpr danesmtp_own_library kWanted{"sample", "own_library_sample", {7, 12}};

// A copy of the sample.
class Copy {
 public:
  Copy() { fs::copy_file(SAMPLE, path()); }

  fs::path path() const { return directory_.file("sample.so"); }

 private:
  OwnDirectory directory_;
};

struct Opened {
  const void* table;
  std::string problem;
};

Opened open_it(const fs::path& path, const danesmtp_own_library& wanted = kWanted) {
  char problem[512] = "";
  const void* table = danesmtp_open_library(path.c_str(), &wanted, problem, sizeof(problem));
  return {table, problem};
}

void assert_refused(const fs::path& path, const std::string& why,
                    const danesmtp_own_library& wanted = kWanted) {
  auto opened = open_it(path, wanted);
  ck_assert(opened.table == nullptr);
  assert_contains(opened.problem, why);
  ck_assert(opened.problem.find('\n') == std::string::npos);
}

}  // namespace

START_TEST(gives_the_table) {
  Copy copy;
  auto opened = open_it(copy.path());
  ck_assert_msg(opened.table != nullptr, "%s", opened.problem.c_str());
  std::uint32_t words[3];
  std::memcpy(words, opened.table, sizeof(words));
  ck_assert_uint_eq(words[2], 4711);
}
END_TEST

START_TEST(missing) {
  assert_refused("/nonexistent/sample.so", "cannot open its sample: ");
  assert_refused("/nonexistent/sample.so", "/nonexistent/sample.so");
}
END_TEST

// Whatever length is left: refused, and the process lives.
START_TEST(cut_short) {
  Copy copy;
  const auto size = fs::file_size(copy.path());
  for (auto length = size - 1; length > 0; length -= std::min<std::uintmax_t>(length, 97)) {
    fs::resize_file(copy.path(), length);
    assert_refused(copy.path(), "is not whole; install it again");
  }
  fs::resize_file(copy.path(), 0);
  assert_refused(copy.path(), "is not whole");
}
END_TEST

START_TEST(zeros_at_the_end) {
  Copy copy;
  const auto size = fs::file_size(copy.path());
  fs::resize_file(copy.path(), size / 2);
  fs::resize_file(copy.path(), size);
  assert_refused(copy.path(), "is not whole");
}
END_TEST

START_TEST(no_library) {
  Copy copy;
  std::ofstream(copy.path()) << std::string(5000, 'x');
  assert_refused(copy.path(), "is not whole");
}
END_TEST

START_TEST(of_another_build) {
  Copy copy;
  const danesmtp_own_library others[] = {{"sample", "own_library_sample", {8, 12}},
                                         {"sample", "own_library_sample", {7, 16}},
                                         {"sample", "another_symbol", {7, 12}}};
  for (const auto& other : others)
    assert_refused(copy.path(), "sample.so does not belong to this module", other);
}
END_TEST

START_TEST(path_beside) {
  char path[4096];
  ck_assert(danesmtp_path_beside(&kWanted, "beside.so", path, sizeof(path)));
  assert_text(path, (fs::read_symlink("/proc/self/exe").parent_path() / "beside.so").string());
  ck_assert(!danesmtp_path_beside(&kWanted, "beside.so", path, std::strlen(path)));
  ck_assert(!danesmtp_path_beside(nullptr, "beside.so", path, sizeof(path)));
}
END_TEST

// As where Exim's LOOKUP_MODULE_DIR ends with slashes; Exim adds one of its own.
START_TEST(path_beside_without_the_slashes_of_a_folder) {
  Copy copy;
  const auto folder = copy.path().parent_path().string();
  auto opened = open_it(folder + "///sample.so");
  ck_assert_msg(opened.table != nullptr, "%s", opened.problem.c_str());
  char path[4096];
  ck_assert(danesmtp_path_beside(opened.table, "beside.so", path, sizeof(path)));
  assert_text(path, folder + "/beside.so");
}
END_TEST

int main() {
  Suite* suite = suite_create("own_library");
  TCase* tc = tcase_create("own_library");
  tcase_add_test(tc, gives_the_table);
  tcase_add_test(tc, missing);
  tcase_add_test(tc, cut_short);
  tcase_add_test(tc, zeros_at_the_end);
  tcase_add_test(tc, no_library);
  tcase_add_test(tc, of_another_build);
  tcase_add_test(tc, path_beside);
  tcase_add_test(tc, path_beside_without_the_slashes_of_a_folder);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

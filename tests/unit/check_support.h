// SPDX-License-Identifier: GPL-2.0-or-later
// What the unit tests share on top of Check: results, C++ values, and the main function.
#pragma once

#include "core/result.h"  // before check.h, which has a macro fail()

#include <check.h>

#include <cstdlib>
#include <string>

namespace danesmtp::test {

// The value of a result that must be one; the error's text is shown when it is not.
template <class T>
T assert_ok(Result<T> result) {
  if (!result) ck_abort_msg("unexpected error: %s", result.error().text.c_str());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// The error of a result that must be one of this kind.
template <class T>
Error assert_error(const Result<T>& result, ErrorKind kind) {
  if (result) ck_abort_msg("unexpected success");
  ck_assert_msg(result.error().kind == kind, "another kind of error: %s",
                result.error().text.c_str());
  ck_assert_msg(!result.error().text.empty(), "an error without a text");
  return result.error();
}

inline void assert_text(const std::string& seen, const std::string& expected) {
  ck_assert_str_eq(seen.c_str(), expected.c_str());
}

inline void assert_contains(const std::string& seen, const std::string& part) {
  ck_assert_msg(seen.find(part) != std::string::npos, "\"%s\" is not in \"%s\"", part.c_str(),
                seen.c_str());
}

// Runs a suite as the whole program; the exit code says whether every test passed.
inline int run_suite(Suite* suite) {
  SRunner* runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace danesmtp::test

// SPDX-License-Identifier: GPL-2.0-or-later
// tests D-186: what a hostile daemon may send as the frame of an answer.
#include "sts/netstring.h"

#include <iterator>

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

struct Broken {
  const char* octets;
  const char* why;
};

const Broken kBroken[] = {
    {":x,", "does not begin with a length"},
    {"x", "does not begin with a length"},
    {"-1:x,", "does not begin with a length"},
    {" 1:x,", "does not begin with a length"},
    {"3 OK ,", "does not begin with a length"},
    {"1;x,", "does not begin with a length"},
    {"01:x,", "begins with 0"},
    {"00:,", "begins with 0"},
    {"65537:", "out of bounds"},
    {"99999:", "out of bounds"},
    {"123456", "out of bounds"},
    {"4294967297:x,", "out of bounds"},
    {"3:OK x", "no comma"},
    {"3:OK ;", "no comma"},
    {"3:OK ,3:OK ,", "behind it"},
    {"3:OK ,\n", "behind it"},
    {"0:,,", "behind it"},
};

}  // namespace

START_TEST(broken) {
  const Broken& row = kBroken[_i];
  const auto error = assert_error(netstring_in(row.octets), ErrorKind::Protocol);
  assert_contains(error.text, row.why);
}
END_TEST

START_TEST(not_whole_yet) {
  for (const char* octets : {"", "1", "65536", "3:", "3:OK", "3:OK ", "0:"})
    ck_assert_msg(!assert_ok(netstring_in(octets)), "%s", octets);
}
END_TEST

START_TEST(whole) {
  assert_text(*assert_ok(netstring_in("3:OK ,")), "OK ");
  assert_text(*assert_ok(netstring_in("0:,")), "");
  assert_text(*assert_ok(netstring_in("4:a,b:,")), "a,b:");
  const std::string longest(kLongestAnswer, 'x');
  assert_text(*assert_ok(netstring_in(netstring_of(longest))), longest);
  const std::string with_nul("a\0b", 3);
  ck_assert(*assert_ok(netstring_in(netstring_of(with_nul))) == with_nul);
}
END_TEST

START_TEST(as_it_is_asked) {
  assert_text(netstring_of("QUERYwithTLSRPT ee.test"), "23:QUERYwithTLSRPT ee.test,");
  assert_text(netstring_of(""), "0:,");
}
END_TEST

int main() {
  Suite* suite = suite_create("netstring");
  TCase* tc = tcase_create("netstring");
  tcase_add_loop_test(tc, broken, 0, std::size(kBroken));
  tcase_add_test(tc, not_whole_yet);
  tcase_add_test(tc, whole);
  tcase_add_test(tc, as_it_is_asked);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

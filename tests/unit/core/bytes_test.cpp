// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/bytes.h"

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

START_TEST(hex_refuses) {
  for (const char* text : {"a", "abc", "zz", "a ", "0x"})
    assert_error(from_hex(text), ErrorKind::BadInput);
}
END_TEST

START_TEST(hex_round_trip) {
  assert_text(to_hex(assert_ok(from_hex("00fFaB"))), "00ffab");
  assert_text(to_hex(assert_ok(from_hex(""))), "");
}
END_TEST

START_TEST(remote_text_stays_on_one_line) {
  assert_text(printable("a\r\n\tb\\\x80\x7f\x1b"), "a\\r\\n\\tb\\\\\\200\\177\\033");
}
END_TEST

int main() {
  Suite* suite = suite_create("bytes");
  TCase* tc = tcase_create("bytes");
  tcase_add_test(tc, hex_refuses);
  tcase_add_test(tc, hex_round_trip);
  tcase_add_test(tc, remote_text_stays_on_one_line);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

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

START_TEST(numbers_in_network_order) {
  Bytes octets = {7};
  append_number(octets, 0x010203, 2);
  append_number(octets, 0x8000000000000001, 8);
  append_number(octets, 5, 0);
  assert_text(to_hex(octets), "0702038000000000000001");
  ck_assert(number_in(ByteView(octets).subspan(1, 2)) == 0x0203);
  ck_assert(number_in(ByteView(octets).last(8)) == 0x8000000000000001);
  ck_assert(number_in({}) == 0);
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
  tcase_add_test(tc, numbers_in_network_order);
  tcase_add_test(tc, remote_text_stays_on_one_line);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

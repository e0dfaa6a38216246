// SPDX-License-Identifier: GPL-2.0-or-later
// Questions in any number of parts, and everything that is none.
#include "map_question.h"

#include <iterator>

#include "core/format.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::tool;
using namespace danesmtp::test;

namespace {

const std::string kRefused[] = {
    "x",
    ":",
    "GET / HTTP/1.1\r\n",
    "-1:",
    " 15:postfix dom.lab,",
    "15;postfix dom.lab,",
    "15:postfix dom.lab;",
    "7:dom.lab,",  // no map
    "0:,",
    "1001:",
    "99999",
    "00015:postfix dom.lab,",
    std::string("\0\0\0\0", 4),
};

std::string question(const std::string& text) {
  return format("{}:{},", text.size(), text);
}

}  // namespace

START_TEST(refused) {
  std::string octets = kRefused[_i];
  assert_error(take_question(octets), ErrorKind::Protocol);
}
END_TEST

START_TEST(in_parts) {
  const std::string whole = question("postfix dom.lab");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    std::string octets = whole.substr(0, size);
    ck_assert_msg(!assert_ok(take_question(octets)), "%s", octets.c_str());
    octets += whole.substr(size);
    assert_text(assert_ok(take_question(octets)).value_or("?"), "dom.lab");
    assert_text(octets, "");
  }
}
END_TEST

START_TEST(one_after_the_other) {
  std::string octets = question("a 1") + question("b 2 3") + question("c ") + "4";
  assert_text(assert_ok(take_question(octets)).value_or("?"), "1");
  assert_text(assert_ok(take_question(octets)).value_or("?"), "2 3");
  assert_text(assert_ok(take_question(octets)).value_or("?"), "");
  ck_assert(!assert_ok(take_question(octets)));
  assert_text(octets, "4");
}
END_TEST

START_TEST(the_longest) {
  const std::string key(kLongestQuestion - 2, 'k');
  std::string octets = question("m " + key);
  assert_text(assert_ok(take_question(octets)).value_or("?"), key);
}
END_TEST

int main() {
  Suite* suite = suite_create("map_question");
  TCase* tc = tcase_create("questions");
  tcase_add_loop_test(tc, refused, 0, std::size(kRefused));
  tcase_add_test(tc, in_parts);
  tcase_add_test(tc, one_after_the_other);
  tcase_add_test(tc, the_longest);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

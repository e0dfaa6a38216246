// SPDX-License-Identifier: GPL-2.0-or-later
// Which records say that there is a policy, and which policy.
#include "sts_record.h"

#include <iterator>

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::tool;
using namespace danesmtp::test;

namespace {

struct Row {
  std::vector<std::string> texts;
  const char* id;  // NULL: no policy
};

const std::string kLong(32, 'a');

// tests D-230
const Row kRows[] = {
    {{"v=STSv1; id=20160831085700Z;"}, "20160831085700Z"},
    {{"v=STSv1; id=1"}, "1"},
    {{"v=STSv1;id=1;"}, "1"},
    {{"v=STSv1; \t id=1 ; "}, "1"},
    {{"v=STSv1; id=" + kLong}, kLong.c_str()},
    {{"v=STSv1; new-key.1=a/b:c; id=1;"}, "1"},
    {{"v=STSv1; id=1; id=2;"}, "1"},
    {{"v=spf1 -all", "v=STSv1; id=1;", ""}, "1"},
    {{"v=STSv2; id=2;", "v=STSv1; id=1;"}, "1"},
    {{}, nullptr},
    {{""}, nullptr},
    {{"v=STSv1"}, nullptr},
    {{"v=STSv1;"}, nullptr},
    {{"v=STSv1 ; id=1;"}, nullptr},  // does not begin with "v=STSv1;"
    {{" v=STSv1; id=1;"}, nullptr},
    {{"V=STSv1; id=1;"}, nullptr},
    {{"v=STSv10; id=1;"}, nullptr},
    {{"id=1; v=STSv1;"}, nullptr},
    {{"v=STSv1; id=1;", "v=STSv1; id=1;"}, nullptr},
    {{"v=STSv1; id=1;", "v=STSv1; broken"}, nullptr},
    {{"v=STSv1; id="}, nullptr},
    {{"v=STSv1; id= 1"}, nullptr},
    {{"v=STSv1; id =1"}, nullptr},
    {{"v=STSv1; ID=1"}, nullptr},
    {{"v=STSv1; id=1-2"}, nullptr},
    {{"v=STSv1; id=a" + kLong}, nullptr},
    {{"v=STSv1; id=1; note"}, nullptr},
    {{"v=STSv1; id=1; note="}, nullptr},
    {{"v=STSv1; id=1; note=a=b"}, nullptr},
    {{"v=STSv1; id=1; note=a b"}, nullptr},
    {{"v=STSv1; id=1; -note=a"}, nullptr},
    {{"v=STSv1; id=1; n" + kLong + "=a"}, nullptr},
    {{"v=STSv1; id=1;; x=1"}, nullptr},
    {{"v=STSv1; id=1; note=\xc3\xa9"}, nullptr},
    {{"v=STSv1; id=1; note=" + std::string(5000, 'x')}, nullptr},
};

}  // namespace

START_TEST(records) {
  const Row& row = kRows[_i];
  const auto id = sts_record_id(row.texts);
  const std::string shown = row.texts.empty() ? "(none)" : row.texts.front();
  ck_assert_msg(id.has_value() == (row.id != nullptr), "%d: %s", _i, shown.c_str());
  if (id) assert_text(*id, row.id);
}
END_TEST

START_TEST(names) {
  const auto domain = assert_ok(DnsName::parse("dom.lab"));
  assert_text(assert_ok(sts_record_owner(domain)).text(), "_mta-sts.dom.lab");
  assert_text(assert_ok(policy_host(domain)).text(), "mta-sts.dom.lab");
  std::string longest = std::string(63, 'a');
  longest = longest + "." + longest + "." + longest + "." + std::string(58, 'b');
  const auto long_domain = assert_ok(DnsName::parse(longest));
  assert_error(sts_record_owner(long_domain), ErrorKind::BadInput);
  assert_error(policy_host(long_domain), ErrorKind::BadInput);
}
END_TEST

int main() {
  Suite* suite = suite_create("sts_record");
  TCase* tc = tcase_create("records");
  tcase_add_loop_test(tc, records, 0, std::size(kRows));
  tcase_add_test(tc, names);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

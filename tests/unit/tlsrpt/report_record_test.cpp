// SPDX-License-Identifier: GPL-2.0-or-later
// tests D-170, D-171: RFC 8460 3: exactly one record that asks for reports, or none at all.
#include "tlsrpt/report_record.h"

#include <iterator>

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

const std::string kGood = "v=TLSRPTv1; rua=mailto:a@ee.lab";

struct Row {
  std::vector<std::string> texts;
  std::string record;  // empty: none
};

const Row kRows[] = {
    {{kGood}, kGood},
    {{"v=TLSRPTv1;rua=https://ee.lab/v1"}, "v=TLSRPTv1;rua=https://ee.lab/v1"},
    {{"v=TLSRPTv1 ;\trua = mailto:a@ee.lab"}, ""},  // no white space in a field's name
    {{"v=TLSRPTv1 ;\trua=mailto:a@ee.lab ; "}, "v=TLSRPTv1 ;\trua=mailto:a@ee.lab ; "},
    {{"v=TLSRPTv1;rua=mailto:a@ee.lab,https://ee.lab/"},
     "v=TLSRPTv1;rua=mailto:a@ee.lab,https://ee.lab/"},
    {{"v=TLSRPTv1;rua=ftp://ee.lab, mailto:a@ee.lab"},
     "v=TLSRPTv1;rua=ftp://ee.lab, mailto:a@ee.lab"},
    {{"v=TLSRPTv1;ext=1;rua=mailto:a@ee.lab;x=y"}, "v=TLSRPTv1;ext=1;rua=mailto:a@ee.lab;x=y"},
    // Several records: those of something else are discarded, two of ours are none.
    {{"v=spf1 -all", kGood, "hello"}, kGood},
    {{kGood, "v=TLSRPTv1;rua=mailto:b@ee.lab"}, ""},
    {{kGood, kGood}, ""},
    {{kGood, "v=TLSRPTv1;broken"}, ""},
    {{kGood, "v=TLSRPTv1"}, kGood},
    {{kGood, "v=TLSRPTv2;rua=mailto:b@ee.lab"}, kGood},
    {{kGood, "v=TLSRPTv11;rua=mailto:b@ee.lab"}, kGood},
    // None of ours, or a broken one.
    {{}, ""},
    {{""}, ""},
    {{"v=TLSRPTv1"}, ""},
    {{"v=TLSRPTv1;"}, ""},
    {{"V=TLSRPTV1;rua=mailto:a@ee.lab"}, ""},
    {{" v=TLSRPTv1;rua=mailto:a@ee.lab"}, ""},
    {{"rua=mailto:a@ee.lab;v=TLSRPTv1;"}, ""},
    {{"v=TLSRPTv1;rua="}, ""},
    {{"v=TLSRPTv1;rua=mailto:"}, ""},
    {{"v=TLSRPTv1;rua=ftp://ee.lab/"}, ""},
    {{"v=TLSRPTv1;rua=a@ee.lab"}, ""},
    {{"v=TLSRPTv1;rua=mailto:a@ee.lab;rua=mailto:b@ee.lab"}, ""},
    {{"v=TLSRPTv1;;rua=mailto:a@ee.lab"}, ""},
    {{"v=TLSRPTv1;=x;rua=mailto:a@ee.lab"}, ""},
    {{"v=TLSRPTv1;rua=mailto:\xff@ee.lab"}, ""},
    {{std::string("v=TLSRPTv1;rua=mailto:a\0@ee.lab", 31)}, ""},
    {{"v=TLSRPTv1;rua=mailto:" + std::string(5000, 'a')}, ""},
};

}  // namespace

START_TEST(rows) {
  const auto& row = kRows[_i];
  assert_text(report_record(row.texts).value_or(""), row.record);
}
END_TEST

START_TEST(owner) {
  assert_text(assert_ok(report_record_owner(*DnsName::parse("EE.lab."))).text(),
              "_smtp._tls.ee.lab");
  const std::string label(60, 'a');
  const auto longest = label + "." + label + "." + label + "." + label;  // 243 octets
  assert_error(report_record_owner(*DnsName::parse(longest)), ErrorKind::BadInput);
}
END_TEST

int main() {
  Suite* suite = suite_create("report_record");
  TCase* all = tcase_create("all");
  tcase_add_loop_test(all, rows, 0, static_cast<int>(std::size(kRows)));
  tcase_add_test(all, owner);
  suite_add_tcase(suite, all);
  return run_suite(suite);
}

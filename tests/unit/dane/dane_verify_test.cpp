// SPDX-License-Identifier: GPL-2.0-or-later
// What a verdict says of itself. Which it is: dane_usages_test, dane_names_test,
// dane_dates_and_keys_test, dane_path_test.
#include "dane/dane_verify.h"

#include "unit/dane/short_chain_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

START_TEST(a_match_says_what_matched) {
  Asked ee = short_chain("3 1 1");
  auto match = verdict_on(ee).match;
  ck_assert(match->record == ee.records[0]);
  assert_text(match->name, "");  // D-081
  Asked ta = short_chain("2 0 2", nullptr, {"other.lab", "mx.lab"});
  match = verdict_on(ta).match;
  ck_assert(match->record == ta.records[0]);
  assert_text(match->name, "mx.lab");
}
END_TEST

START_TEST(a_failure_says_why_and_what_was_presented) {
  Asked asked = wrong_digest("3 1 1");
  asked.records.push_back(assert_ok(parse_tlsa_text("1 1 1 00")));
  asked.records.push_back(record_for("2 0 1", asked.chain[0]));
  asked.chain.push_back({1, 2, 3});
  auto verdict = verdict_on(asked);
  ck_assert_uint_eq(verdict.details.size(), 6);
  assert_text(verdict.details[0], to_text(asked.records[0]) + ": not the server's certificate");
  assert_text(verdict.details[1], "1 1 1 00: unusable: usage 1 is not for SMTP");
  assert_contains(verdict.details[2], ": the server's own certificate, of which usage 3 speaks");
  asked.records[2].data[0] ^= 1;
  assert_contains(verdict_on(asked).details[2], ": no trust anchor for what the server presented");
  assert_text(verdict.details[3], "presented: " + to_text(record_for("3 1 1", asked.chain[0])));
  assert_text(verdict.presented, verdict.details[3]);
  assert_text(verdict.details[4], "presented: " + to_text(record_for("2 1 1", asked.chain[1])));
  assert_text(verdict.details[5], "presented: octets that are not a certificate");
}
END_TEST

START_TEST(a_digest_set_aside_is_called_so) {
  Asked asked = short_chain("3 1 1");
  asked.records.push_back(record_for("3 1 2", asked.chain[1]));
  assert_contains(verdict_on(asked).details[0], "set aside for a stronger digest");
}
END_TEST

START_TEST(full_data_is_shown_in_part) {
  Asked asked = short_chain("3 0 0");
  asked.records[0] = record_for("3 0 0", asked.chain[1]);
  std::string detail = verdict_on(asked).details[0];
  assert_contains(detail, "...: not the server's certificate");
  ck_assert_uint_lt(detail.size(), 200);
}
END_TEST

START_TEST(a_mismatch_names_the_expected_names) {
  assert_contains(verdict_on(short_chain("2 1 1", nullptr, {"a.lab", "b.lab"})).reason,
                  "a.lab, b.lab");
}
END_TEST

int main() {
  Suite* suite = suite_create("dane_verify");
  TCase* tc = tcase_create("verdict");
  tcase_set_timeout(tc, 20);
  tcase_add_test(tc, a_match_says_what_matched);
  tcase_add_test(tc, a_failure_says_why_and_what_was_presented);
  tcase_add_test(tc, a_digest_set_aside_is_called_so);
  tcase_add_test(tc, full_data_is_shown_in_part);
  tcase_add_test(tc, a_mismatch_names_the_expected_names);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

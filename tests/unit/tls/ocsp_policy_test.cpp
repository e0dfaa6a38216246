// SPDX-License-Identifier: GPL-2.0-or-later
// The whole table: both options, every kind of host, every answer.
#include "tls/ocsp_policy.h"

#include <iterator>

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

using enum OcspAnswer;
using enum OcspWish;

struct Asking {
  const char* name;
  PeerPolicy policy;
  bool asks;  // when requested or required; never when neither
};

const Asking kAsking[] = {
    {"no DANE", PeerPolicy::NoDane, true},
    {"unusable records", PeerPolicy::EncryptOnly, false},
    {"usage 2", PeerPolicy::UsageTa, true},
    {"usage 3", PeerPolicy::UsageEe, false},
    {"usages 2 and 3", PeerPolicy::BothUsages, true},
};

// What a judged certificate leads to, for PKIX and for DANE-TA alike.
struct Judged {
  const char* name;
  OcspAnswer answer;
  OcspResult result;
  bool refused_if_requested;
  bool refused_if_must_staple;  // and requested
};

const Judged kJudged[] = {
    {"good", Good, OcspResult::Verified, false, false},
    {"absent", Absent, OcspResult::NoResponse, false, true},
    {"revoked", Revoked, OcspResult::Failed, true, true},
    {"unknown", Unknown, OcspResult::Failed, false, true},
    {"invalid", Invalid, OcspResult::Failed, false, true},
};

OcspFinding finding(OcspAnswer answer, bool must_staple = false) {
  OcspFinding made;
  made.verdict.answer = answer;
  made.verdict.reason = answer == Good || answer == Absent ? "" : "because";
  made.must_staple = must_staple;
  return made;
}

void assert_ruling(const char* name, const OcspRuling& seen, OcspResult result, bool refused) {
  ck_assert_msg(seen.result == result, "%s: another result", name);
  ck_assert_msg(seen.refusal.empty() != refused, "%s: \"%s\"", name, seen.refusal.c_str());
  ck_assert_msg(!refused || seen.remark.empty(), "%s: refused, with a remark", name);
  if (refused) assert_contains(seen.refusal, "(certificate status check failed): ");
}

}  // namespace

// tests D-120
START_TEST(when_a_proof_is_asked_for) {
  const Asking& row = kAsking[_i];
  ck_assert_msg(asks_for_staple(Requested, row.policy) == row.asks, "%s", row.name);
  ck_assert_msg(asks_for_staple(Required, row.policy) == row.asks, "%s", row.name);
  ck_assert_msg(!asks_for_staple(None, row.policy), "%s: not wanted", row.name);
}
END_TEST

// tests D-121, D-123, D-124, D-125, D-127
START_TEST(where_the_certificate_is_judged) {
  const Judged& row = kJudged[_i];
  for (auto judge : {AuthenticatedBy::Pkix, AuthenticatedBy::DaneTa}) {
    const bool good = row.answer == Good;
    assert_ruling(row.name, rule_on_leaf(Required, judge, finding(row.answer)), row.result, !good);
    assert_ruling(row.name, rule_on_leaf(Requested, judge, finding(row.answer)), row.result,
                  row.refused_if_requested);
    assert_ruling(row.name, rule_on_leaf(Requested, judge, finding(row.answer, true)), row.result,
                  row.refused_if_must_staple);
    // Nobody asked, so nothing could come (RFC 7633 4.2.2).
    assert_ruling(row.name, rule_on_leaf(None, judge, finding(row.answer, true)),
                  OcspResult::NotRequested, false);
  }
}
END_TEST

// tests D-125: the contents of the certificate do not matter, not even to be revoked
START_TEST(usage_3_matched) {
  for (auto wish : {None, Requested, Required})
    for (const auto& row : kJudged) {
      auto ruling = rule_on_leaf(wish, AuthenticatedBy::DaneEe, finding(row.answer, true));
      assert_ruling(row.name, ruling, OcspResult::NotRequested, false);
      ck_assert_msg(ruling.remark.empty() == (wish == None), "%s: the remark", row.name);
    }
}
END_TEST

// As Exim's own driver: what is required must have been verified.
START_TEST(nobody_judged) {
  for (const auto& row : kJudged) {
    const auto result = row.answer == Absent ? OcspResult::NoResponse : OcspResult::NotVerified;
    assert_ruling(row.name,
                  rule_on_leaf(Requested, AuthenticatedBy::Nobody, finding(row.answer, true)),
                  result, false);
    assert_ruling(row.name,
                  rule_on_leaf(Required, AuthenticatedBy::Nobody, finding(row.answer, true)),
                  result, true);
  }
}
END_TEST

// tests D-126
START_TEST(of_an_issuer_only_revoked_counts) {
  for (const auto& row : kJudged)
    ck_assert_msg(refusal_by_issuer(finding(row.answer).verdict).empty() == (row.answer != Revoked),
                  "%s", row.name);
}
END_TEST

int main() {
  Suite* suite = suite_create("ocsp_policy");
  TCase* cases = tcase_create("table");
  tcase_add_loop_test(cases, when_a_proof_is_asked_for, 0, std::size(kAsking));
  tcase_add_loop_test(cases, where_the_certificate_is_judged, 0, std::size(kJudged));
  tcase_add_test(cases, usage_3_matched);
  tcase_add_test(cases, nobody_judged);
  tcase_add_test(cases, of_an_issuer_only_revoked_counts);
  suite_add_tcase(suite, cases);
  return run_suite(suite);
}

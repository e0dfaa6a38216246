// SPDX-License-Identifier: GPL-2.0-or-later
#include "dane/tlsa_policy.h"

#include <iterator>
#include <type_traits>

#include "fakes/proofs.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

DnsName base() {
  return *DnsName::parse("mx.lab");
}

TlsaDecision none() {
  return no_tlsa();
}
TlsaDecision unusable() {
  return TlsaUnusable{base(), {"usage 1"}};
}
TlsaDecision usable() {
  return TlsaUsable{base(), usable_records({{TlsaUsage::DaneEe, TlsaSelector::PublicKey,
                                             TlsaMatching::Sha256, Bytes(32, 1)}})};
}
TlsaDecision failed() {
  return TlsaLookupFailed{{ErrorKind::DnsBogus, "bogus"}};
}

// Index in HostPolicy.
enum Expected { kSkip = 0, kNoDane = 1, kEncrypt = 2, kAuthenticate = 3 };

struct Row {
  const char* name;
  DaneWish wish;
  MxTrust mx;
  TlsaDecision (*decision)();
  Expected expected;
};

const Row kRows[] = {
    // failures first
    {"failed look-up, try", DaneWish::Try, MxTrust::Secure, failed, kSkip},  // D-007
    {"failed look-up, require", DaneWish::Require, MxTrust::Secure, failed, kSkip},
    {"failed look-up, insecure MX", DaneWish::Try, MxTrust::Insecure, failed, kSkip},
    {"no TLSA, require", DaneWish::Require, MxTrust::Secure, none, kSkip},                  // D-110
    {"unusable, require", DaneWish::Require, MxTrust::Secure, unusable, kSkip},             // D-110
    {"insecure MX, require, usable", DaneWish::Require, MxTrust::Insecure, usable, kSkip},  // D-034
    {"unusable, try", DaneWish::Try, MxTrust::Secure, unusable, kEncrypt},                  // D-021
    {"unusable, insecure MX", DaneWish::Try, MxTrust::Insecure, unusable, kEncrypt},
    {"no TLSA, try", DaneWish::Try, MxTrust::Secure, none, kNoDane},         // D-022
    {"usable, try", DaneWish::Try, MxTrust::Secure, usable, kAuthenticate},  // D-020
    {"usable, require", DaneWish::Require, MxTrust::Secure, usable, kAuthenticate},
    {"usable, insecure MX", DaneWish::Try, MxTrust::Insecure, usable, kAuthenticate},  // D-031
};

}  // namespace

// tests D-007, D-020, D-021, D-022, D-031, D-034, D-110
START_TEST(policy_row) {
  const Row& row = kRows[_i];
  auto policy = host_policy(row.wish, row.mx, row.decision());
  ck_assert_msg(policy.index() == static_cast<std::size_t>(row.expected), "%s: policy %zu",
                row.name, policy.index());
}
END_TEST

START_TEST(skipped_hosts_say_which_event) {
  auto required = host_policy(DaneWish::Require, MxTrust::Secure, none());
  ck_assert(std::get<SkipHost>(required).reason == SkipReason::DaneRequired);
  assert_contains(std::get<SkipHost>(required).error.text, "hosts_require_dane");
  auto bogus = host_policy(DaneWish::Try, MxTrust::Secure, failed());
  ck_assert(std::get<SkipHost>(bogus).reason == SkipReason::DnssecInvalid);
}
END_TEST

// What nobody has decided is not used; "no DANE" cannot be said without a proof.
static_assert(!std::is_default_constructible_v<NoDane>);
static_assert(!std::is_default_constructible_v<NoTlsa>);
static_assert(!std::is_constructible_v<NoDane, std::string>);
static_assert(!std::is_constructible_v<NoTlsa, std::string>);

START_TEST(undecided_is_skipped) {
  ck_assert(std::holds_alternative<SkipHost>(HostPolicy{}));
}
END_TEST

START_TEST(only_answers_are_proofs) {
  Answer<Bytes> answer{DnsSecurity::Secure, {{1}}, base()};
  ck_assert(!ProvedUnsigned::by(answer) && !ProvedAbsent::by(answer));
  answer.records.clear();
  ck_assert(!ProvedUnsigned::by(answer) && ProvedAbsent::by(answer));
  answer.security = DnsSecurity::Insecure;
  ck_assert(ProvedUnsigned::by(answer).has_value());

  const Result<bool> yes = true, no = false;
  const Result<bool> unknown = tl::unexpected(Error{ErrorKind::DnsFailure, "look-up"});
  ck_assert(NotListed::by(no, no) && !NotListed::by(no, yes) && !NotListed::by(yes, no));
  ck_assert(!NotListed::by(unknown, no) && !NotListed::by(no, unknown));
  ck_assert(Listed::by(yes) && !Listed::by(no) && !Listed::by(unknown));
}
END_TEST

int main() {
  Suite* suite = suite_create("tlsa_policy");
  TCase* tc = tcase_create("rows");
  tcase_add_loop_test(tc, policy_row, 0, static_cast<int>(std::size(kRows)));
  tcase_add_test(tc, skipped_hosts_say_which_event);
  tcase_add_test(tc, undecided_is_skipped);
  tcase_add_test(tc, only_answers_are_proofs);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "dane/tlsa_policy.h"

#include <iterator>

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

DnsName base() {
  return *DnsName::parse("mx.lab");
}

TlsaDecision none() {
  return NoTlsa{"no TLSA records"};
}
TlsaDecision unusable() {
  return TlsaUnusable{base(), {"usage 1"}};
}
TlsaDecision usable() {
  return TlsaUsable{base(),
                    {{TlsaUsage::DaneEe, TlsaSelector::PublicKey, TlsaMatching::Sha256, {}}}};
}
TlsaDecision failed() {
  return TlsaLookupFailed{{ErrorKind::DnsBogus, "bogus"}};
}

// Index in HostPolicy.
enum Expected { kNoDane = 0, kEncrypt = 1, kAuthenticate = 2, kSkip = 3 };

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
    {"no TLSA, try", DaneWish::Try, MxTrust::Secure, none, kNoDane},  // D-022
    {"off, usable", DaneWish::Off, MxTrust::Secure, usable, kNoDane},
    {"off, failed", DaneWish::Off, MxTrust::Secure, failed, kNoDane},
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
  assert_text(std::get<SkipHost>(required).event_data, "dane-required");
  assert_contains(std::get<SkipHost>(required).error.text, "hosts_require_dane");
  auto bogus = host_policy(DaneWish::Try, MxTrust::Secure, failed());
  assert_text(std::get<SkipHost>(bogus).event_data, "dnssec-invalid");
}
END_TEST

int main() {
  Suite* suite = suite_create("tlsa_policy");
  TCase* tc = tcase_create("rows");
  tcase_add_loop_test(tc, policy_row, 0, static_cast<int>(std::size(kRows)));
  tcase_add_test(tc, skipped_hosts_say_which_event);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

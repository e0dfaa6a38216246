// SPDX-License-Identifier: GPL-2.0-or-later
// A damaged response, the times of a proof, and must-staple (RFC 7633). Which responses are
// believed: ocsp_answers_test, ocsp_signers_test.
#include "tls/ocsp_staple.h"

#include <algorithm>
#include <iterator>

#include "unit/tls/ocsp_staple_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

using enum OcspAnswer;

struct Staple {
  const char* name;
  bool expected;
  std::vector<std::uint8_t> features;
};

const Staple kStaples[] = {
    {"no extension", false, {}},        {"feature 5", true, {5}},
    {"feature 17", true, {17}},         {"both, after another", true, {1, 17, 5}},
    {"neither of the two", false, {6}},
};

}  // namespace

// tests D-123: cut off anywhere, or with any one octet changed, it is never Good
START_TEST(a_damaged_response_is_never_good) {
  const Bytes whole = make_response(world().delegated(world().delegate));
  for (std::size_t size = 1; size < whole.size(); ++size) {
    auto verdict = world().ask(ByteView(whole).first(size));
    ck_assert_msg(verdict.answer == Invalid, "the first %zu octets", size);
  }
  // GnuTLS encodes the signer's certificate anew, so a wrong length in it may do no harm.
  const auto& signer = world().delegate.der;
  const auto certificate = std::search(whole.begin(), whole.end(), signer.begin(), signer.end());
  const auto before = static_cast<std::size_t>(certificate - whole.begin());
  ck_assert_uint_eq(before + signer.size(), whole.size());
  for (std::size_t at = 0; at < whole.size(); ++at) {
    Bytes damaged = whole;
    damaged[at] ^= 0x55;
    auto answer = world().ask(damaged).answer;
    ck_assert_msg(answer != Revoked && answer != Unknown, "octet %zu", at);
    ck_assert_msg(answer != Good || at >= before, "octet %zu of %zu", at, before);
  }
}
END_TEST

// What the owner of a proof needs to know to renew it in time.
START_TEST(the_times_of_a_proof) {
  auto verdict = world().ask(make_response(world().delegated(world().delegate)));
  ck_assert(verdict.answer == Good);
  ck_assert(verdict.this_update == kNow - std::chrono::hours(1));
  ck_assert(verdict.next_update == kNow + std::chrono::hours(1));
  ck_assert(verdict.signer_until == kNow + 10 * kDay);
}
END_TEST

START_TEST(certificates_that_cannot_be_read) {
  const Bytes response = make_response(world().good());
  const Bytes junk(10, 1);
  const auto& lab = world().lab;
  ck_assert(verify_ocsp({response, junk, lab.issuer.der, kNow}).answer == Invalid);
  ck_assert(verify_ocsp({response, lab.leaf.der, junk, kNow}).answer == Invalid);
}
END_TEST

// tests RFC 7633 4, D-125
START_TEST(must_staple) {
  const Staple& row = kStaples[_i];
  auto certificate = issue({.subject = "leaf", .tls_features = row.features}, &world().lab.issuer);
  ck_assert_msg(is_must_staple(certificate.der) == row.expected, "%s", row.name);
}
END_TEST

START_TEST(must_staple_of_no_certificate) {
  ck_assert(!is_must_staple(Bytes(10, 1)));
}
END_TEST

int main() {
  Suite* suite = suite_create("ocsp_staple");
  TCase* tc = tcase_create("responses");
  tcase_set_timeout(tc, 60);
  tcase_add_test(tc, a_damaged_response_is_never_good);
  tcase_add_test(tc, the_times_of_a_proof);
  tcase_add_test(tc, certificates_that_cannot_be_read);
  tcase_add_loop_test(tc, must_staple, 0, static_cast<int>(std::size(kStaples)));
  tcase_add_test(tc, must_staple_of_no_certificate);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// Every form of a record against the certificate it was made for, and against others.
#include "dane/tlsa_match.h"

#include <iterator>

#include "unit/x509/forged_certificate.h"
#include "x509/x509_der.h"

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

const char* const kForms[] = {"3 0 0", "3 0 1", "3 0 2", "3 1 0", "3 1 1", "3 1 2",
                              "2 0 0", "2 0 1", "2 0 2", "2 1 0", "2 1 1", "2 1 2"};

const KeyKind kKinds[] = {KeyKind::P256, KeyKind::P521, KeyKind::RsaPss, KeyKind::Ed25519,
                          KeyKind::Ed448};

}  // namespace

// tests D-075
START_TEST(matches_its_own_certificate_only) {
  Lab lab;
  TlsaRecord record = record_for(kForms[_i], lab.leaf.der);
  ck_assert(tlsa_matches(record, lab.leaf.der));
  ck_assert(!tlsa_matches(record, lab.issuer.der));
  for (std::size_t at : {std::size_t{0}, record.data.size() - 1}) {
    TlsaRecord other = record;
    other.data[at] ^= 1;
    ck_assert_msg(!tlsa_matches(other, lab.leaf.der), "%s with a changed octet", kForms[_i]);
  }
  TlsaRecord prefix = record;
  prefix.data.pop_back();
  ck_assert(!tlsa_matches(prefix, lab.leaf.der));
}
END_TEST

START_TEST(a_renewed_certificate_keeps_its_key) {
  LabPlans plans;
  Lab old(plans);
  plans.leaf.key = old.leaf.key;
  Lab renewed(plans);
  ck_assert(tlsa_matches(record_for("3 1 1", old.leaf.der), renewed.leaf.der));
  ck_assert(!tlsa_matches(record_for("3 0 1", old.leaf.der), renewed.leaf.der));
}
END_TEST

START_TEST(selector_and_matching_are_both_part_of_the_form) {
  Lab lab;
  TlsaRecord record = record_for("3 1 1", lab.leaf.der);
  record.selector = TlsaSelector::Certificate;
  ck_assert(!tlsa_matches(record, lab.leaf.der));
  record = record_for("3 1 1", lab.leaf.der);
  record.matching = TlsaMatching::Full;
  ck_assert(!tlsa_matches(record, lab.leaf.der));
}
END_TEST

START_TEST(unknown_forms_and_garbage_match_nothing) {
  Lab lab;
  assert_error(association_data({TlsaSelector{2}, TlsaMatching::Full}, lab.leaf.der),
               ErrorKind::BadInput);
  assert_error(association_data({TlsaSelector::PublicKey, TlsaMatching{3}}, lab.leaf.der),
               ErrorKind::BadInput);
  const Bytes garbage = {0x30, 0x03, 0x02, 0x01, 0x00};
  TlsaRecord record{TlsaUsage::DaneEe, TlsaSelector::Certificate, TlsaMatching::Full, garbage};
  ck_assert(!tlsa_matches(record, garbage));
}
END_TEST

// tests D-092: the octets as they stand, whatever the key
START_TEST(the_key_is_cut_and_not_encoded_anew) {
  LabPlans plans;
  plans.leaf.kind = kKinds[_i];
  Lab lab(plans);
  Bytes key =
      assert_ok(association_data({TlsaSelector::PublicKey, TlsaMatching::Full}, lab.leaf.der));
  ck_assert(as_text(lab.leaf.der).find(as_text(key)) != std::string_view::npos);
  Bytes digest =
      assert_ok(association_data({TlsaSelector::PublicKey, TlsaMatching::Sha256}, lab.leaf.der));
  ck_assert(digest == assert_ok(matching_data(TlsaMatching::Sha256, key)));
}
END_TEST

// One key in two encodings, with NULL parameters and with none, which a library would write alike:
// the record speaks of the octets; tests D-092
START_TEST(unusual_parameters_are_compared_as_they_are) {
  LabPlans plans;
  plans.leaf.kind = KeyKind::Rsa1024;
  Lab lab(plans);
  auto parts = elements_of(assert_ok(certificate_fields(lab.leaf.der)).public_key_info);
  auto id = elements_of(parts[0])[0];
  Bytes bare =
      with_field(lab.leaf.der, kKey, der_element(0x30, {der_element(0x30, {id}), parts[1]}));
  ck_assert(tlsa_matches(record_for("3 1 1", bare), bare));
  ck_assert(tlsa_matches(record_for("3 1 1", lab.leaf.der), lab.leaf.der));
  ck_assert(!tlsa_matches(record_for("3 1 1", lab.leaf.der), bare));
}
END_TEST

// A known answer: SHA2-256 and SHA2-512 of "abc" (FIPS 180-2).
START_TEST(digests_are_what_they_should_be) {
  assert_contains(to_hex(assert_ok(matching_data(TlsaMatching::Sha256, as_bytes("abc")))),
                  "ba7816bf8f01cfea414140de5dae2223");
  assert_contains(to_hex(assert_ok(matching_data(TlsaMatching::Sha512, as_bytes("abc")))),
                  "ddaf35a193617abacc417349ae204131");
}
END_TEST

int main() {
  Suite* suite = suite_create("tlsa_match");
  TCase* tc = tcase_create("match");
  tcase_add_loop_test(tc, matches_its_own_certificate_only, 0, static_cast<int>(std::size(kForms)));
  tcase_add_test(tc, a_renewed_certificate_keeps_its_key);
  tcase_add_test(tc, selector_and_matching_are_both_part_of_the_form);
  tcase_add_test(tc, unknown_forms_and_garbage_match_nothing);
  tcase_add_loop_test(tc, the_key_is_cut_and_not_encoded_anew, 0,
                      static_cast<int>(std::size(kKinds)));
  tcase_add_test(tc, unusual_parameters_are_compared_as_they_are);
  tcase_add_test(tc, digests_are_what_they_should_be);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

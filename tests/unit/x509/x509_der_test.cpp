// SPDX-License-Identifier: GPL-2.0-or-later
// The walk through a certificate's DER: every truncation, wrong lengths, and what it cuts out; and
// the element writer. Each field in other forms: x509_form_test.
#include "x509/x509_der.h"

#include <iterator>

#include "unit/x509/forged_certificate.h"

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

struct Bad {
  const char* why;
  Bytes key;
};

// A SubjectPublicKeyInfo with an unknown algorithm is 30 0b | 30 05 06 03 2a 03 04 | 03 02 00 00.
const Bad kBadKeys[] = {
    {"empty", {}},
    {"a tag alone", {0x30}},
    {"an empty sequence", {0x30, 0x00}},
    {"another tag", {0x31, 0x0b, 0x30, 0x05, 6, 3, 0x2a, 3, 4, 3, 2, 0, 0}},
    {"a length beyond the end", {0x30, 0x0c, 0x30, 0x05, 6, 3, 0x2a, 3, 4, 3, 2, 0, 0}},
    {"octets after the end", {0x30, 0x0b, 0x30, 0x05, 6, 3, 0x2a, 3, 4, 3, 2, 0, 0, 0}},
    {"no bit string", {0x30, 0x07, 0x30, 0x05, 6, 3, 0x2a, 3, 4}},
    {"a third element", {0x30, 0x0d, 0x30, 0x05, 6, 3, 0x2a, 3, 4, 3, 2, 0, 0, 5, 0}},
    {"an inner length beyond the end", {0x30, 0x0b, 0x30, 0x05, 6, 3, 0x2a, 3, 4, 3, 3, 0, 0}},
    {"an indefinite length", {0x30, 0x80, 0x30, 0x05, 6, 3, 0x2a, 3, 4, 3, 2, 0, 0, 0, 0}},
    {"a length not in its shortest form",
     {0x30, 0x81, 0x0b, 0x30, 0x05, 6, 3, 0x2a, 3, 4, 3, 2, 0, 0}},
    {"a length with a leading zero",
     {0x30, 0x82, 0x00, 0x0b, 0x30, 0x05, 6, 3, 0x2a, 3, 4, 3, 2, 0, 0}},
    {"a length of five octets", {0x30, 0x85, 1, 0, 0, 0, 0}},
    {"the largest length", {0x30, 0x84, 0xff, 0xff, 0xff, 0xff}},
    {"length octets cut off", {0x30, 0x84, 0xff}},
};

const Bytes kGoodKey = {0x30, 0x0b, 0x30, 0x05, 6, 3, 0x2a, 3, 4, 3, 2, 0, 0};

}  // namespace

START_TEST(refuses_a_bad_key) {
  ck_assert_msg(!is_public_key_info(kBadKeys[_i].key), "%s", kBadKeys[_i].why);
}
END_TEST

// The same zero before a length that needs its octets: nothing else is wrong with it.
START_TEST(refuses_a_zero_before_a_long_length) {
  const Bytes bits = der_element(3, {Bytes(200, 0)});
  const Bytes algorithm{0x30, 0x05, 6, 3, 0x2a, 3, 4};
  Bytes key = der_element(0x30, {algorithm, bits});
  ck_assert(is_public_key_info(key));
  ck_assert_uint_eq(key[1], 0x81);
  key[1] = 0x82;
  key.insert(key.begin() + 2, 0);
  ck_assert(!is_public_key_info(key));
}
END_TEST

START_TEST(accepts_a_key) {
  ck_assert(is_public_key_info(kGoodKey));
}
END_TEST

START_TEST(refuses_every_truncation) {
  Lab lab;
  const Bytes& der = lab.leaf.der;
  for (std::size_t size = 0; size < der.size(); ++size)
    assert_error(certificate_fields(ByteView(der).first(size)), ErrorKind::BadInput);
  Bytes longer = der;
  longer.push_back(0);
  assert_error(certificate_fields(longer), ErrorKind::BadInput);
  assert_ok(certificate_fields(der));
}
END_TEST

START_TEST(refuses_a_key_where_a_certificate_should_be) {
  assert_error(certificate_fields(kGoodKey), ErrorKind::BadInput);
}
END_TEST

// Any octet may be wrong: the walk may accept or refuse, but stays within the octets (ASan
// watches).
START_TEST(survives_every_changed_octet) {
  Lab lab;
  for (std::size_t at = 0; at < lab.leaf.der.size(); ++at) {
    for (std::uint8_t value : Bytes{0x00, 0x7f, 0x80, 0x84, 0xff}) {
      Bytes der = lab.leaf.der;
      der[at] = value;
      auto fields = certificate_fields(der);
      if (fields) ck_assert_uint_lt(fields->public_key_info.size(), der.size());
    }
  }
}
END_TEST

START_TEST(cuts_out_names_and_key) {
  Lab lab;
  auto leaf = assert_ok(certificate_fields(lab.leaf.der));
  auto issuer = assert_ok(certificate_fields(lab.issuer.der));
  ck_assert(Bytes(leaf.issuer.begin(), leaf.issuer.end()) ==
            Bytes(issuer.subject.begin(), issuer.subject.end()));
  ck_assert(is_public_key_info(leaf.public_key_info));
  ck_assert(as_text(leaf.subject).find("leaf") != std::string_view::npos);
  ck_assert(as_text(leaf.issuer).find("Lab issuing CA") != std::string_view::npos);
}
END_TEST

START_TEST(reads_a_certificate_of_version_1) {
  LabPlans plans;
  plans.leaf.version = 1;
  Lab lab(plans);
  auto leaf = assert_ok(certificate_fields(lab.leaf.der));
  ck_assert(is_public_key_info(leaf.public_key_info));
}
END_TEST

START_TEST(cuts_out_the_octets_of_a_key) {
  for (const auto& bad : kBadKeys) ck_assert_msg(!public_key_octets(bad.key), "%s", bad.why);
  auto octets = assert_ok(public_key_octets(kGoodKey));
  ck_assert(Bytes(octets.begin(), octets.end()) == Bytes{0});
  Bytes odd_bits = kGoodKey;
  odd_bits[odd_bits.size() - 2] = 1;
  assert_error(public_key_octets(odd_bits), ErrorKind::BadInput);
  const Bytes no_bits{0x30, 0x09, 0x30, 0x05, 6, 3, 0x2a, 3, 4, 3, 0};
  assert_error(public_key_octets(no_bits), ErrorKind::BadInput);
}
END_TEST

START_TEST(cuts_out_what_is_signed) {
  Lab lab;
  const Bytes& der = lab.leaf.der;
  auto octets = assert_ok(signed_octets(der));
  gnutls_datum_t expected{};
  ck_assert(gnutls_x509_crt_get_raw_dn(lab.leaf.handle.get(), &expected) == 0);
  ck_assert(as_text(octets).find(as_text(to_bytes(expected))) != std::string_view::npos);
  gnutls_free(expected.data);
  for (std::size_t size = 0; size < der.size(); ++size) {
    assert_error(signed_octets(ByteView(der).first(size)), ErrorKind::BadInput);
    assert_error(sequence_contents(ByteView(der).first(size)), ErrorKind::BadInput);
  }
  const Bytes number_first{0x30, 3, 2, 1, 0};
  assert_error(signed_octets(number_first), ErrorKind::BadInput);
  ck_assert_uint_eq(assert_ok(sequence_contents(number_first)).size(), 3);
}
END_TEST

START_TEST(writes_lengths_in_their_shortest_form) {
  struct {
    std::size_t size;
    Bytes header;
  } const rows[] = {{0, {4, 0}},           {127, {4, 127}},        {128, {4, 0x81, 128}},
                    {255, {4, 0x81, 255}}, {256, {4, 0x82, 1, 0}}, {65536, {4, 0x83, 1, 0, 0}}};
  for (const auto& row : rows) {
    Bytes contents(row.size, 'x');
    Bytes element = der_element(4, {contents});
    ck_assert_uint_eq(element.size(), row.header.size() + row.size);
    ck_assert(Bytes(element.begin(), element.begin() + static_cast<long>(row.header.size())) ==
              row.header);
  }
}
END_TEST

int main() {
  Suite* suite = suite_create("x509_der");
  TCase* tc = tcase_create("walk");
  tcase_add_loop_test(tc, refuses_a_bad_key, 0, static_cast<int>(std::size(kBadKeys)));
  tcase_add_test(tc, refuses_a_zero_before_a_long_length);
  tcase_add_test(tc, accepts_a_key);
  tcase_add_test(tc, refuses_every_truncation);
  tcase_add_test(tc, refuses_a_key_where_a_certificate_should_be);
  tcase_add_test(tc, survives_every_changed_octet);
  tcase_add_test(tc, cuts_out_names_and_key);
  tcase_add_test(tc, reads_a_certificate_of_version_1);
  tcase_add_test(tc, cuts_out_the_octets_of_a_key);
  tcase_add_test(tc, cuts_out_what_is_signed);
  tcase_add_test(tc, writes_lengths_in_their_shortest_form);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

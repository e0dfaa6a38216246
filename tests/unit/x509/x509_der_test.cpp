// SPDX-License-Identifier: GPL-2.0-or-later
// The walk through a certificate's DER: every truncation, wrong lengths, and what it cuts out; and
// the element writer.
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

// One certificate, changed in one place. Numbers of the rows' octets: X.690.
struct Bend {
  const char* what;
  Bytes (*bend)(const Bytes& der);
};

Bytes whole(const std::vector<Bytes>& parts) {
  Bytes all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return der_element(0x30, {all});
}

// The certificate with this many octets more behind the last field of its signed part.
Bytes with_more(const Bytes& der, const Bytes& more) {
  auto parts = elements_of(der);
  auto fields = elements_of(parts[0]);
  fields.push_back(more);
  parts[0] = whole(fields);
  return whole(parts);
}

Bytes of_version(const Bytes& der, std::uint8_t number) {
  return with_field(der, kVersion, {0xa0, 3, 2, 1, number});
}

// The same without extensions, and with `field` in their place.
Bytes without_extensions(const Bytes& der, std::uint8_t version, const Bytes& field) {
  return with_field(of_version(der, version), kExtensions, field);
}

Bytes with_algorithm(const Bytes& der, const Bytes& contents) {
  return with_field(der, kAlgorithm, der_element(0x30, {contents}));
}

Bytes with_extension(const Bytes& der, const Bytes& contents) {
  Bytes one = der_element(0x30, {contents});
  return with_field(der, kExtensions, der_element(0xa3, {der_element(0x30, {one})}));
}

Bytes with_attribute(const Bytes& der, const Bytes& contents) {
  Bytes set = der_element(0x31, {der_element(0x30, {contents})});
  return with_field(der, kSubject, der_element(0x30, {set}));
}

const Bytes kUniqueId1 = {0x81, 2, 0, 7};
const Bytes kUniqueId2 = {0x82, 2, 0, 7};

const Bend kRefused[] = {
    {"version 4", [](const Bytes& d) { return of_version(d, 3); }},
    {"a negative version", [](const Bytes& d) { return of_version(d, 0xff); }},
    {"an empty version",
     [](const Bytes& d) {
       return with_field(d, kVersion, {0xa0, 0});
     }},
    {"a version without number",
     [](const Bytes& d) {
       return with_field(d, kVersion, {0xa0, 2, 2, 0});
     }},
    {"a version in two octets",
     [](const Bytes& d) {
       return with_field(d, kVersion, {0xa0, 4, 2, 2, 0, 2});
     }},
    {"a version that is no INTEGER",
     [](const Bytes& d) {
       return with_field(d, kVersion, {0xa0, 3, 10, 1, 2});
     }},
    {"something behind the version",
     [](const Bytes& d) {
       return with_field(d, kVersion, {0xa0, 5, 2, 1, 2, 5, 0});
     }},
    {"a version that is too long for its tag",
     [](const Bytes& d) {
       return with_field(d, kVersion, {0xa0, 2, 2, 1, 2});
     }},
    {"a version that is too short for its tag",
     [](const Bytes& d) {
       return with_field(d, kVersion, {0xa0, 4, 2, 1, 2});
     }},
    {"an IMPLICIT version",
     [](const Bytes& d) {
       return with_field(d, kVersion, {0x80, 1, 2});
     }},
    {"an indefinite length",
     [](const Bytes& d) {
       return with_field(d, kVersion, {0xa0, 0x80, 2, 1, 2, 0, 0});
     }},
    {"two versions",
     [](const Bytes& d) {
       return with_field(d, kVersion, {0xa0, 3, 2, 1, 2, 0xa0, 3, 2, 1, 2});
     }},
    {"an empty serial number",
     [](const Bytes& d) {
       return with_field(d, kSerial, {2, 0});
     }},
    {"a serial number with a zero octet too many",
     [](const Bytes& d) {
       return with_field(d, kSerial, {2, 2, 0, 1});
     }},
    {"a negative one with an octet too many",
     [](const Bytes& d) {
       return with_field(d, kSerial, {2, 2, 0xff, 0x81});
     }},
    {"an empty algorithm", [](const Bytes& d) { return with_algorithm(d, {}); }},
    {"an algorithm without OID",
     [](const Bytes& d) {
       return with_algorithm(d, {5, 0});
     }},
    {"an empty OID",
     [](const Bytes& d) {
       return with_algorithm(d, {6, 0});
     }},
    {"an OID that is cut off",
     [](const Bytes& d) {
       return with_algorithm(d, {6, 2, 42, 0x83});
     }},
    {"an OID component with a leading zero",
     [](const Bytes& d) {
       return with_algorithm(d, {6, 3, 42, 0x80, 3});
     }},
    {"two parameters",
     [](const Bytes& d) {
       return with_algorithm(d, {6, 1, 42, 5, 0, 5, 0});
     }},
    {"parameters that are cut off",
     [](const Bytes& d) {
       return with_algorithm(d, {6, 1, 42, 4, 1});
     }},
    {"a tag of two octets",
     [](const Bytes& d) {
       return with_algorithm(d, {6, 1, 42, 0x1f, 0x21, 0});
     }},
    {"a tag of end of contents",
     [](const Bytes& d) {
       return with_algorithm(d, {6, 1, 42, 0, 0});
     }},
    {"an issuer that is no SEQUENCE",
     [](const Bytes& d) {
       return with_field(d, kIssuer, {5, 0});
     }},
    {"an empty SET in a name",
     [](const Bytes& d) {
       return with_field(d, kSubject, {0x30, 2, 0x31, 0});
     }},
    {"an attribute without value",
     [](const Bytes& d) {
       return with_attribute(d, {6, 3, 85, 4, 3});
     }},
    {"an attribute of three parts",
     [](const Bytes& d) {
       return with_attribute(d, {6, 3, 85, 4, 3, 12, 0, 12, 0});
     }},
    {"a value of indefinite length",
     [](const Bytes& d) {
       return with_attribute(d, {6, 3, 85, 4, 3, 0x2c, 0x80, 0, 0});
     }},
    {"no dates",
     [](const Bytes& d) {
       return with_field(d, kValidity, {0x30, 0});
     }},
    {"one date",
     [](const Bytes& d) {
       return with_field(d, kValidity, {0x30, 2, 0x17, 0});
     }},
    {"three dates",
     [](const Bytes& d) {
       return with_field(d, kValidity, {0x30, 6, 0x17, 0, 0x17, 0, 0x17, 0});
     }},
    {"a date that is no time",
     [](const Bytes& d) {
       return with_field(d, kValidity, {0x30, 4, 0x17, 0, 0x16, 0});
     }},
    {"a key without bits",
     [](const Bytes& d) {
       return with_field(d, kKey, {0x30, 7, 0x30, 3, 6, 1, 42, 3, 0});
     }},
    {"a key with eight unused bits",
     [](const Bytes& d) {
       return with_field(d, kKey, {0x30, 9, 0x30, 3, 6, 1, 42, 3, 2, 8, 0});
     }},
    {"a key with unused bits that are set",
     [](const Bytes& d) {
       return with_field(d, kKey, {0x30, 9, 0x30, 3, 6, 1, 42, 3, 2, 1, 1});
     }},
    {"a constructed BIT STRING",
     [](const Bytes& d) {
       return with_field(d, kKey, {0x30, 11, 0x30, 3, 6, 1, 42, 0x23, 4, 3, 2, 0, 1});
     }},
    {"a unique identifier in version 1",
     [](const Bytes& d) { return without_extensions(d, 0, kUniqueId1); }},
    {"extensions in version 1", [](const Bytes& d) { return of_version(d, 0); }},
    {"extensions in version 2", [](const Bytes& d) { return of_version(d, 1); }},
    {"unique identifiers in the wrong order",
     [](const Bytes& d) { return with_more(without_extensions(d, 2, kUniqueId2), kUniqueId1); }},
    {"one unique identifier twice",
     [](const Bytes& d) { return with_more(without_extensions(d, 2, kUniqueId1), kUniqueId1); }},
    {"a unique identifier behind the extensions",
     [](const Bytes& d) { return with_more(d, kUniqueId2); }},
    {"a constructed unique identifier",
     [](const Bytes& d) {
       return without_extensions(d, 2, {0xa1, 4, 3, 2, 0, 7});
     }},
    {"an empty unique identifier",
     [](const Bytes& d) {
       return without_extensions(d, 2, {0x81, 0});
     }},
    {"extensions twice",
     [](const Bytes& d) { return with_more(d, elements_of(elements_of(d)[0])[kExtensions]); }},
    {"an unknown field",
     [](const Bytes& d) {
       return with_more(d, {0xa4, 0});
     }},
    {"an octet behind the last field", [](const Bytes& d) { return with_more(d, {0}); }},
    {"an empty tag of extensions",
     [](const Bytes& d) {
       return with_field(d, kExtensions, {0xa3, 0});
     }},
    {"something behind the extensions",
     [](const Bytes& d) {
       return with_field(d, kExtensions, {0xa3, 4, 0x30, 0, 5, 0});
     }},
    {"extensions too short for their tag",
     [](const Bytes& d) {
       return with_field(d, kExtensions, {0xa3, 3, 0x30, 0});
     }},
    {"an empty extension", [](const Bytes& d) { return with_extension(d, {}); }},
    {"an extension without value",
     [](const Bytes& d) {
       return with_extension(d, {6, 1, 42, 1, 1, 0xff});
     }},
    {"an extension whose value is no OCTET STRING",
     [](const Bytes& d) {
       return with_extension(d, {6, 1, 42, 3, 1, 0});
     }},
    {"a constructed OCTET STRING",
     [](const Bytes& d) {
       return with_extension(d, {6, 1, 42, 0x24, 2, 4, 0});
     }},
    {"an extension of four parts",
     [](const Bytes& d) {
       return with_extension(d, {6, 1, 42, 4, 0, 4, 0});
     }},
    {"a BOOLEAN of two octets",
     [](const Bytes& d) {
       return with_extension(d, {6, 1, 42, 1, 2, 0xff, 0xff, 4, 0});
     }},
    {"a signature with unused bits that are set",
     [](const Bytes& d) {
       auto parts = elements_of(d);
       parts[2] = {3, 2, 1, 1};
       return whole(parts);
     }},
    {"an outer algorithm that is none",
     [](const Bytes& d) {
       auto parts = elements_of(d);
       parts[1] = {0x30, 0};
       return whole(parts);
     }},
    {"four parts",
     [](const Bytes& d) {
       auto parts = elements_of(d);
       parts.push_back({5, 0});
       return whole(parts);
     }},
};

// Odd, and met with in real certificates or read alike by everybody.
const Bend kAccepted[] = {
    {"version 1 written out", [](const Bytes& d) { return without_extensions(d, 0, {}); }},
    {"version 1 as the default",
     [](const Bytes& d) { return with_field(without_extensions(d, 0, {}), kVersion, {}); }},
    {"version 2 with both identifiers",
     [](const Bytes& d) { return with_more(without_extensions(d, 1, kUniqueId1), kUniqueId2); }},
    {"version 3 without extensions", [](const Bytes& d) { return without_extensions(d, 2, {}); }},
    {"an empty list of extensions",
     [](const Bytes& d) {
       return with_field(d, kExtensions, {0xa3, 2, 0x30, 0});
     }},
    {"not critical, written out",
     [](const Bytes& d) {
       return with_extension(d, {6, 1, 42, 1, 1, 0, 4, 0});
     }},
    {"the serial number 0",
     [](const Bytes& d) {
       return with_field(d, kSerial, {2, 1, 0});
     }},
    {"a negative serial number",
     [](const Bytes& d) {
       return with_field(d, kSerial, {2, 1, 0x80});
     }},
    {"a serial number of 30 octets",
     [](const Bytes& d) { return with_field(d, kSerial, der_element(2, {Bytes(30, 0x5a)})); }},
    {"an empty subject",
     [](const Bytes& d) {
       return with_field(d, kSubject, {0x30, 0});
     }},
    {"a name in an odd string type",
     [](const Bytes& d) {
       return with_attribute(d, {6, 3, 85, 4, 3, 0x1e, 2, 0, 0x61});
     }},
    {"two attributes in one SET, in no order",
     [](const Bytes& d) {
       const Bytes set = {0x31, 18,   0x30, 7, 6, 3,  85, 4, 10, 12,
                          0,    0x30, 7,    6, 3, 85, 4,  3, 12, 0};
       return with_field(d, kSubject, der_element(0x30, {set}));
     }},
    {"a unique identifier with unused bits",
     [](const Bytes& d) {
       return without_extensions(d, 2, {0x82, 2, 4, 0x70});
     }},
};

const Bytes kGoodKey = {0x30, 0x0b, 0x30, 0x05, 6, 3, 0x2a, 3, 4, 3, 2, 0, 0};

}  // namespace

START_TEST(refuses_a_bad_key) {
  ck_assert_msg(!is_public_key_info(kBadKeys[_i].key), "%s", kBadKeys[_i].why);
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

START_TEST(refuses_what_is_not_x509) {
  static const Lab lab;
  auto fields = certificate_fields(kRefused[_i].bend(lab.leaf.der));
  ck_assert_msg(!fields, "%s", kRefused[_i].what);
}
END_TEST

START_TEST(accepts_what_is_odd_but_clear) {
  static const Lab lab;
  auto fields = certificate_fields(kAccepted[_i].bend(lab.leaf.der));
  ck_assert_msg(fields.has_value(), "%s", kAccepted[_i].what);
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
  tcase_add_test(tc, accepts_a_key);
  tcase_add_test(tc, refuses_every_truncation);
  tcase_add_test(tc, refuses_a_key_where_a_certificate_should_be);
  tcase_add_test(tc, survives_every_changed_octet);
  tcase_add_loop_test(tc, refuses_what_is_not_x509, 0, static_cast<int>(std::size(kRefused)));
  tcase_add_loop_test(tc, accepts_what_is_odd_but_clear, 0, static_cast<int>(std::size(kAccepted)));
  tcase_add_test(tc, cuts_out_names_and_key);
  tcase_add_test(tc, reads_a_certificate_of_version_1);
  tcase_add_test(tc, cuts_out_the_octets_of_a_key);
  tcase_add_test(tc, cuts_out_what_is_signed);
  tcase_add_test(tc, writes_lengths_in_their_shortest_form);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

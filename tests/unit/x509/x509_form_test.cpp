// SPDX-License-Identifier: GPL-2.0-or-later
// One field of a certificate in another form: what is no X.509 is refused, what is odd but clear is
// not.
#include "x509/x509_der.h"

#include <functional>
#include <iterator>

#include "unit/x509/forged_certificate.h"

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

using Change = std::function<Bytes(const Bytes& der)>;

// One certificate, changed in one place. Numbers of the rows' octets: X.690.
struct Bend {
  const char* what;
  Change bend;
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

Change field(Field which, Bytes value) {
  return [=](const Bytes& der) { return with_field(der, which, value); };
}

Change part(std::size_t which, Bytes value) {
  return [=](const Bytes& der) {
    auto parts = elements_of(der);
    parts[which] = value;
    return whole(parts);
  };
}

Change version(std::uint8_t number) {
  return [=](const Bytes& der) { return of_version(der, number); };
}

Change more(Bytes octets) {
  return [=](const Bytes& der) { return with_more(der, octets); };
}

// Without extensions, and with `value` in their place.
Bytes without_extensions(const Bytes& der, std::uint8_t version_number, const Bytes& value) {
  return with_field(of_version(der, version_number), kExtensions, value);
}

Change instead_of_extensions(std::uint8_t version_number, Bytes value) {
  return [=](const Bytes& der) { return without_extensions(der, version_number, value); };
}

Change algorithm(Bytes contents) {
  return field(kAlgorithm, der_element(0x30, {contents}));
}

Change extension(Bytes contents) {
  const Bytes one = der_element(0x30, {contents});
  return field(kExtensions, der_element(0xa3, {der_element(0x30, {one})}));
}

Change attribute(Bytes contents) {
  const Bytes set = der_element(0x31, {der_element(0x30, {contents})});
  return field(kSubject, der_element(0x30, {set}));
}

const Bytes kUniqueId1 = {0x81, 2, 0, 7};
const Bytes kUniqueId2 = {0x82, 2, 0, 7};

const Bend kRefused[] = {
    {"version 4", version(3)},
    {"a negative version", version(0xff)},
    {"an empty version", field(kVersion, {0xa0, 0})},
    {"a version without number", field(kVersion, {0xa0, 2, 2, 0})},
    {"a version in two octets", field(kVersion, {0xa0, 4, 2, 2, 0, 2})},
    {"a version that is no INTEGER", field(kVersion, {0xa0, 3, 10, 1, 2})},
    {"something behind the version", field(kVersion, {0xa0, 5, 2, 1, 2, 5, 0})},
    {"a version that is too long for its tag", field(kVersion, {0xa0, 2, 2, 1, 2})},
    {"a version that is too short for its tag", field(kVersion, {0xa0, 4, 2, 1, 2})},
    {"an IMPLICIT version", field(kVersion, {0x80, 1, 2})},
    {"an indefinite length", field(kVersion, {0xa0, 0x80, 2, 1, 2, 0, 0})},
    {"two versions", field(kVersion, {0xa0, 3, 2, 1, 2, 0xa0, 3, 2, 1, 2})},
    {"an empty serial number", field(kSerial, {2, 0})},
    {"a serial number with a zero octet too many", field(kSerial, {2, 2, 0, 1})},
    {"a negative one with an octet too many", field(kSerial, {2, 2, 0xff, 0x81})},
    {"an empty algorithm", algorithm({})},
    {"an algorithm without OID", algorithm({5, 0})},
    {"an empty OID", algorithm({6, 0})},
    {"an OID that is cut off", algorithm({6, 2, 42, 0x83})},
    {"an OID component with a leading zero", algorithm({6, 3, 42, 0x80, 3})},
    {"two parameters", algorithm({6, 1, 42, 5, 0, 5, 0})},
    {"parameters that are cut off", algorithm({6, 1, 42, 4, 1})},
    {"a tag of two octets", algorithm({6, 1, 42, 0x1f, 0x21, 0})},
    {"a tag of end of contents", algorithm({6, 1, 42, 0, 0})},
    {"an issuer that is no SEQUENCE", field(kIssuer, {5, 0})},
    {"an empty SET in a name", field(kSubject, {0x30, 2, 0x31, 0})},
    {"an attribute without value", attribute({6, 3, 85, 4, 3})},
    {"an attribute of three parts", attribute({6, 3, 85, 4, 3, 12, 0, 12, 0})},
    {"a value of indefinite length", attribute({6, 3, 85, 4, 3, 0x2c, 0x80, 0, 0})},
    {"no dates", field(kValidity, {0x30, 0})},
    {"one date", field(kValidity, {0x30, 2, 0x17, 0})},
    {"three dates", field(kValidity, {0x30, 6, 0x17, 0, 0x17, 0, 0x17, 0})},
    {"a date that is no time", field(kValidity, {0x30, 4, 0x17, 0, 0x16, 0})},
    {"a key without bits", field(kKey, {0x30, 7, 0x30, 3, 6, 1, 42, 3, 0})},
    {"a key with eight unused bits", field(kKey, {0x30, 9, 0x30, 3, 6, 1, 42, 3, 2, 8, 0})},
    {"a key with unused bits that are set", field(kKey, {0x30, 9, 0x30, 3, 6, 1, 42, 3, 2, 1, 1})},
    {"a constructed BIT STRING", field(kKey, {0x30, 11, 0x30, 3, 6, 1, 42, 0x23, 4, 3, 2, 0, 1})},
    {"a unique identifier in version 1", instead_of_extensions(0, kUniqueId1)},
    {"extensions in version 1", version(0)},
    {"extensions in version 2", version(1)},
    {"unique identifiers in the wrong order",
     [](const Bytes& d) { return with_more(without_extensions(d, 2, kUniqueId2), kUniqueId1); }},
    {"one unique identifier twice",
     [](const Bytes& d) { return with_more(without_extensions(d, 2, kUniqueId1), kUniqueId1); }},
    {"a unique identifier behind the extensions", more(kUniqueId2)},
    {"a constructed unique identifier", instead_of_extensions(2, {0xa1, 4, 3, 2, 0, 7})},
    {"an empty unique identifier", instead_of_extensions(2, {0x81, 0})},
    {"extensions twice",
     [](const Bytes& d) { return with_more(d, elements_of(elements_of(d)[0])[kExtensions]); }},
    {"an unknown field", more({0xa4, 0})},
    {"an octet behind the last field", more({0})},
    {"an empty tag of extensions", field(kExtensions, {0xa3, 0})},
    {"something behind the extensions", field(kExtensions, {0xa3, 4, 0x30, 0, 5, 0})},
    {"extensions too short for their tag", field(kExtensions, {0xa3, 3, 0x30, 0})},
    {"an empty extension", extension({})},
    {"an extension without value", extension({6, 1, 42, 1, 1, 0xff})},
    {"an extension whose value is no OCTET STRING", extension({6, 1, 42, 3, 1, 0})},
    {"a constructed OCTET STRING", extension({6, 1, 42, 0x24, 2, 4, 0})},
    {"an extension of four parts", extension({6, 1, 42, 4, 0, 4, 0})},
    {"a BOOLEAN of two octets", extension({6, 1, 42, 1, 2, 0xff, 0xff, 4, 0})},
    {"a signature with unused bits that are set", part(2, {3, 2, 1, 1})},
    {"an outer algorithm that is none", part(1, {0x30, 0})},
    {"four parts",
     [](const Bytes& d) {
       auto parts = elements_of(d);
       parts.push_back({5, 0});
       return whole(parts);
     }},
};

// Odd, and met with in real certificates or read alike by everybody.
const Bend kAccepted[] = {
    {"version 1 written out", instead_of_extensions(0, {})},
    {"version 1 as the default",
     [](const Bytes& d) { return with_field(without_extensions(d, 0, {}), kVersion, {}); }},
    {"version 2 with both identifiers",
     [](const Bytes& d) { return with_more(without_extensions(d, 1, kUniqueId1), kUniqueId2); }},
    {"version 3 without extensions", instead_of_extensions(2, {})},
    {"an empty list of extensions", field(kExtensions, {0xa3, 2, 0x30, 0})},
    {"not critical, written out", extension({6, 1, 42, 1, 1, 0, 4, 0})},
    {"the serial number 0", field(kSerial, {2, 1, 0})},
    {"a negative serial number", field(kSerial, {2, 1, 0x80})},
    {"a serial number of 30 octets", field(kSerial, der_element(2, {Bytes(30, 0x5a)}))},
    {"an empty subject", field(kSubject, {0x30, 0})},
    {"a name in an odd string type", attribute({6, 3, 85, 4, 3, 0x1e, 2, 0, 0x61})},
    {"two attributes in one SET, in no order",
     [](const Bytes& d) {
       const Bytes set = {0x31, 18,   0x30, 7, 6, 3,  85, 4, 10, 12,
                          0,    0x30, 7,    6, 3, 85, 4,  3, 12, 0};
       return with_field(d, kSubject, der_element(0x30, {set}));
     }},
    {"a unique identifier with unused bits", instead_of_extensions(2, {0x82, 2, 4, 0x70})},
};

}  // namespace

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

int main() {
  Suite* suite = suite_create("x509_form");
  TCase* tc = tcase_create("forms");
  tcase_add_loop_test(tc, refuses_what_is_not_x509, 0, static_cast<int>(std::size(kRefused)));
  tcase_add_loop_test(tc, accepts_what_is_odd_but_clear, 0, static_cast<int>(std::size(kAccepted)));
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// Parsing, usability and digest agility of TLSA records, the malformed ones first.
#include "dane/tlsa_record.h"

#include <iterator>

#include "unit/x509/lab_certificates.h"

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

const std::string k32(64, 'a');   // the digits of 32 octets
const std::string k64(128, 'b');  // and of 64

struct Text {
  const char* why;
  std::string text;
};

const Text kBadText[] = {
    {"empty", ""},
    {"blank", " \t "},
    {"no numbers", "three one one"},
    {"two fields", "3 1"},
    {"no data", "3 1 1"},
    {"blank data", "3 1 1  "},
    {"an odd number of digits", "3 1 1 abc"},
    {"not hexadecimal", "3 1 1 0xab"},
    {"a usage of 256", "256 1 1 ab"},
    {"a negative selector", "3 -1 1 ab"},
    {"a signed usage", "+3 1 1 ab"},
    {"a number with letters", "3x 1 1 ab"},
    {"a NUL in the data", std::string("3 1 1 ab\0cd", 11)},
};

struct Unusable {
  const char* why;
  std::string text;
  const char* reason;
};

const Unusable kUnusable[] = {
    {"D-070 PKIX-TA", "0 1 1 " + k32, "usage 0"},
    {"D-070 PKIX-EE", "1 0 1 " + k32, "usage 1"},
    {"D-071 usage 4", "4 1 1 " + k32, "unknown usage 4"},
    {"D-071 private usage", "255 1 1 " + k32, "unknown usage 255"},
    {"D-072 selector 2", "3 2 1 " + k32, "unknown selector 2"},
    {"D-072 private selector", "3 255 1 " + k32, "unknown selector 255"},
    {"D-073 matching type 3", "3 1 3 " + k32, "unknown matching type 3"},
    {"D-073 private matching type", "2 1 255 " + k32, "unknown matching type 255"},
    {"D-074 SHA2-256 of 31", "3 1 1 " + k32.substr(2), "32 octets, not 31"},
    {"D-074 SHA2-256 of 33", "3 1 1 " + k32 + "aa", "32 octets, not 33"},
    {"D-074 SHA2-256 of 64", "2 0 1 " + k64, "32 octets, not 64"},
    {"D-074 SHA2-512 of 63", "3 1 2 " + k64.substr(2), "64 octets, not 63"},
    {"D-074 SHA2-512 of 32", "3 1 2 " + k32, "64 octets, not 32"},
    {"D-074 garbage for a certificate", "3 0 0 " + k32, "not a certificate"},
    {"D-074 garbage for a trust anchor", "2 0 0 " + k32, "not a certificate"},
    {"D-074 garbage for a key", "3 1 0 " + k32, "not a usable public key"},
    {"D-074 an empty SEQUENCE for a key", "2 1 0 3000", "not a usable public key"},
    {"D-074 a key of an unknown algorithm as an anchor", "2 1 0 300b300506032a030403020000",
     "not a usable public key"},
};

const std::string kUsable[] = {
    "3 1 1 " + k32,
    "3 0 2 " + k64,
    "2 0 1 " + k32,
    "2 1 2 " + k64,
    "3 1 0 300b300506032a030403020000",  // compared, never used: an unknown algorithm will do
};

std::vector<TlsaRecord> records(const std::vector<std::string>& texts) {
  std::vector<TlsaRecord> set;
  for (const auto& text : texts) set.push_back(assert_ok(parse_tlsa_text(text)));
  return set;
}

struct Agility {
  const char* name;
  std::vector<std::string> published;
  std::vector<std::string> kept;
};

const Agility kAgility[] = {
    {"nothing", {}, {}},
    {"only unusable ones", {"1 1 1 " + k32, "3 1 7 " + k32}, {}},
    {"D-078 the stronger digest alone", {"3 1 1 " + k32, "3 1 2 " + k64}, {"3 1 2 " + k64}},
    {"D-078 in any order", {"2 0 2 " + k64, "2 0 1 " + k32}, {"2 0 2 " + k64}},
    {"D-078 not across selectors",
     {"3 0 1 " + k32, "3 1 2 " + k64},
     {"3 0 1 " + k32, "3 1 2 " + k64}},
    {"D-078 not across usages", {"2 1 1 " + k32, "3 1 2 " + k64}, {"2 1 1 " + k32, "3 1 2 " + k64}},
    {"D-078 a malformed strong digest suppresses nothing",
     {"3 1 1 " + k32, "3 1 2 " + k32},
     {"3 1 1 " + k32}},
    {"D-079 full data stays, and suppresses nothing",
     {"3 1 0 300b300506032a030403020000", "3 1 1 " + k32},
     {"3 1 0 300b300506032a030403020000", "3 1 1 " + k32}},
    {"D-079 full data is not suppressed",
     {"3 1 0 300b300506032a030403020000", "3 1 2 " + k64},
     {"3 1 0 300b300506032a030403020000", "3 1 2 " + k64}},
    {"D-076 unusable ones are dropped, the rest stays",
     {"3 2 1 " + k32, "3 1 1 " + k32, "0 0 1 " + k32},
     {"3 1 1 " + k32}},
    {"D-080 old and new",
     {"3 1 1 " + k32, "3 1 1 bb" + k32.substr(2)},
     {"3 1 1 " + k32, "3 1 1 bb" + k32.substr(2)}},
};

}  // namespace

START_TEST(bad_text) {
  assert_error(parse_tlsa_text(kBadText[_i].text), ErrorKind::BadInput);
}
END_TEST

// tests D-066
START_TEST(rdata_of_three_octets_is_no_record) {
  const Bytes rdata = {3, 1, 1, 0xab};
  for (std::size_t size = 0; size < rdata.size(); ++size)
    assert_error(parse_tlsa_rdata(ByteView(rdata).first(size)), ErrorKind::BadInput);
  assert_text(to_text(assert_ok(parse_tlsa_rdata(rdata))), "3 1 1 ab");
}
END_TEST

START_TEST(text_may_have_blanks_and_capitals) {
  auto record = assert_ok(parse_tlsa_text(" 3\t1  1 ABcd\n ef01 "));
  assert_text(to_text(record), "3 1 1 abcdef01");
}
END_TEST

START_TEST(values_without_a_name_are_kept) {
  assert_text(to_text(assert_ok(parse_tlsa_text("255 254 253 00"))), "255 254 253 00");
}
END_TEST

START_TEST(unusable) {
  const auto& row = kUnusable[_i];
  assert_contains(why_unusable(assert_ok(parse_tlsa_text(row.text))), row.reason);
}
END_TEST

START_TEST(usable) {
  assert_text(why_unusable(assert_ok(parse_tlsa_text(kUsable[_i]))), "");
}
END_TEST

// tests D-074, D-075: full data is good exactly when all of it is there and nothing follows
START_TEST(full_data_must_decode_to_the_end) {
  Lab lab;
  for (const char* form : {"2 0 0", "2 1 0", "3 0 0", "3 1 0"}) {
    TlsaRecord good = record_for(form, lab.issuer.der);
    assert_text(why_unusable(good), "");
    TlsaRecord cut = good;
    cut.data.pop_back();
    ck_assert_msg(!why_unusable(cut).empty(), "%s, cut, is usable", form);
    TlsaRecord longer = good;
    longer.data.push_back(0);
    ck_assert_msg(!why_unusable(longer).empty(), "%s with an octet more is usable", form);
  }
}
END_TEST

START_TEST(a_key_is_no_certificate_and_the_reverse) {
  Lab lab;
  TlsaRecord key = record_for("2 1 0", lab.issuer.der);
  key.selector = TlsaSelector::Certificate;
  ck_assert(!why_unusable(key).empty());
  TlsaRecord certificate = record_for("2 0 0", lab.issuer.der);
  certificate.selector = TlsaSelector::PublicKey;
  ck_assert(!why_unusable(certificate).empty());
}
END_TEST

START_TEST(agility) {
  const auto& row = kAgility[_i];
  ck_assert_msg(usable_records(records(row.published)).records() == records(row.kept), "%s",
                row.name);
}
END_TEST

int main() {
  Suite* suite = suite_create("tlsa_record");
  TCase* tc = tcase_create("records");
  tcase_add_loop_test(tc, bad_text, 0, static_cast<int>(std::size(kBadText)));
  tcase_add_test(tc, rdata_of_three_octets_is_no_record);
  tcase_add_test(tc, text_may_have_blanks_and_capitals);
  tcase_add_test(tc, values_without_a_name_are_kept);
  tcase_add_loop_test(tc, unusable, 0, static_cast<int>(std::size(kUnusable)));
  tcase_add_loop_test(tc, usable, 0, static_cast<int>(std::size(kUsable)));
  tcase_add_test(tc, full_data_must_decode_to_the_end);
  tcase_add_test(tc, a_key_is_no_certificate_and_the_reverse);
  tcase_add_loop_test(tc, agility, 0, static_cast<int>(std::size(kAgility)));
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

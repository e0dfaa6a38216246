// SPDX-License-Identifier: GPL-2.0-or-later
// Which usage decides: records of each form, what usage 3 does not look at, and sets of records.
// Each row that accepts stands next to the row nearest to it that must be refused.
#include "dane/dane_verify.h"

#include <iterator>

#include "unit/dane/short_chain_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

// A record of each form that SMTP knows, and those of them that hold a digest.
const char* const kForms[] = {"3 0 0", "3 0 1", "3 0 2", "3 1 0", "3 1 1", "3 1 2",
                              "2 0 0", "2 0 1", "2 0 2", "2 1 0", "2 1 1", "2 1 2"};
const char* const kDigestForms[] = {"3 0 1", "3 0 2", "3 1 1", "3 1 2",
                                    "2 0 1", "2 0 2", "2 1 1", "2 1 2"};

const VerdictCase kUsages[] = {
    {"no records", refused(),
     [] {
       Asked a = short_chain("3 1 1");
       a.records.clear();
       return a;
     }},
    {"an empty chain", refused(),
     [] {
       Asked a = short_chain("3 1 1");
       a.chain.clear();
       return a;
     }},
    {"an empty chain, usage 2", refused(),
     [] {
       Asked a = short_chain("2 1 0");
       a.chain.clear();
       return a;
     }},
    {"a garbage leaf, usage 3", refused(),
     [] {
       Asked a = short_chain("3 0 1");
       a.chain[0] = {0x30, 0x01, 0x00};
       return a;
     }},
    {"a garbage leaf that the digest matches", refused(),
     [] {
       return Asked{{{0xde, 0xad, 0xbe, 0xef}},
                    {assert_ok(parse_tlsa_text("3 0 1 5f78c33274e43fa9de5659265c1d917e"
                                               "25c03722dcb0b8d27db8d5feaa813953"))}};
     }},
    {"a garbage leaf, usage 2", refused(),
     [] {
       Asked a = short_chain("2 1 1");
       a.chain[0] = {0x30, 0x01, 0x00};
       return a;
     }},
    {"a leaf with an octet more", refused(),
     [] {
       Asked a = short_chain("3 1 1");
       a.chain[0].push_back(0);
       return a;
     }},
    {"3 x x of another certificate, in full", refused(),
     [] {
       Asked a = short_chain("3 0 0");
       a.records[0] = record_for("3 0 0", a.chain[1]);
       return a;
     }},
    {"D-070 usage 1 that matches the leaf", refused(),
     [] {
       Asked a = short_chain("3 1 1");
       a.records[0].usage = TlsaUsage::PkixEe;
       return a;
     }},
    {"D-070 usage 0 that matches the issuer", refused(),
     [] {
       Asked a = short_chain("2 1 1");
       a.records[0].usage = TlsaUsage::PkixTa;
       return a;
     }},
    {"usage 3 for the issuer", refused(),
     [] {
       Asked a = short_chain("2 1 1");
       a.records[0].usage = TlsaUsage::DaneEe;
       return a;
     }},
    {"usage 2 for the leaf", refused(),
     [] {
       Asked a = short_chain("3 1 1");
       a.records[0].usage = TlsaUsage::DaneTa;
       return a;
     }},
};

// tests D-081: usage 3 looks at nothing but the record
const VerdictCase kRecordAlone[] = {
    {"EE: expired", accepted(0),
     [] { return short_chain("3 1 1", [](LabPlans& p) { p.leaf.until = kNow - kDay; }); }},
    {"EE: not yet valid", accepted(0),
     [] { return short_chain("3 0 1", [](LabPlans& p) { p.leaf.from = kNow + kDay; }); }},
    {"EE: another name", accepted(0), [] { return short_chain("3 1 1", nullptr, {"other.lab"}); }},
    {"EE: no reference name at all", accepted(0), [] { return short_chain("3 1 1", nullptr, {}); }},
    {"EE: for clients only", accepted(0),
     [] {
       return short_chain("3 1 1", [](LabPlans& p) { p.leaf.purpose = GNUTLS_KP_TLS_WWW_CLIENT; });
     }},
    {"EE: a CA certificate", accepted(0),
     [] { return short_chain("3 1 1", [](LabPlans& p) { p.leaf.ca = true; }); }},
    {"EE: an unknown critical extension", accepted(0),
     [] {
       return short_chain("3 1 1",
                          [](LabPlans& p) { p.leaf.critical_extension = "1.3.6.1.4.1.9.9"; });
     }},
    {"EE: self-signed", accepted(0),
     [] {
       LabCertificate leaf = issue({.subject = "any"}, nullptr);
       return Asked{{leaf.der}, {record_for("3 1 1", leaf.der)}};
     }},
    {"EE: with twenty certificates after it", accepted(0),
     [] {
       Asked a = short_chain("3 1 1");
       a.chain.resize(20, a.chain[1]);
       return a;
     }},
    {"EE: garbage after it", accepted(0),
     [] {
       Asked a = short_chain("3 1 1");
       a.chain[1] = {1, 2, 3};
       return a;
     }},
    {"EE: an RSA key of 768 bits", accepted(0),
     [] { return short_chain("3 1 1", [](LabPlans& p) { p.leaf.kind = KeyKind::Rsa768; }); }},
};

// tests D-076, D-077, D-080
const VerdictCase kSets[] = {
    {"mixed: usage 3 matches, usage 2 does not", accepted(0),
     [] {
       Asked a = short_chain("3 1 1", nullptr, {"other.lab"});
       a.records.insert(a.records.begin(), record_for("2 1 1", a.chain[0]));
       return a;
     }},
    {"mixed: usage 2 matches, usage 3 does not", accepted(1),
     [] {
       Asked a = short_chain("2 1 1");
       a.records.push_back(record_for("3 1 1", a.chain[1]));
       return a;
     }},
    {"mixed: usage 2 matches but the name does not", refused(DaneFailure::HostMismatch),
     [] {
       Asked a = short_chain("2 1 1", nullptr, {"other.lab"});
       a.records.push_back(record_for("3 1 1", a.chain[1]));
       return a;
     }},
    {"mixed: neither matches", refused(),
     [] {
       Asked a = wrong_digest("2 1 1");
       a.records.push_back(record_for("3 1 1", a.chain[1]));
       return a;
     }},
    {"an unusable record beside a good one", accepted(0),
     [] {
       Asked a = short_chain("3 1 1");
       a.records.insert(a.records.begin(), assert_ok(parse_tlsa_text("3 2 1 00")));
       return a;
     }},
    {"an unusable record beside a bad one", refused(),
     [] {
       Asked a = wrong_digest("3 1 1");
       a.records.push_back(assert_ok(parse_tlsa_text("3 2 1 00")));
       return a;
     }},
    {"rollover: the old record first", accepted(0),
     [] {
       Asked a = short_chain("3 1 1");
       a.records.insert(a.records.begin(), record_for("3 1 1", a.chain[1]));
       return a;
     }},
    {"D-078 the weaker digest alone matches", refused(),
     [] {
       Asked a = short_chain("3 1 1");
       a.records.push_back(record_for("3 1 2", a.chain[1]));
       return a;
     }},
    {"D-078 the same, but of another selector", accepted(0),
     [] {
       Asked a = short_chain("3 1 1");
       a.records.push_back(record_for("3 0 2", a.chain[1]));
       return a;
     }},
    {"sixty records, the last matches", accepted(0),
     [] {
       Asked a = short_chain("3 1 1");
       a.records.insert(a.records.begin(), 59, record_for("3 1 1", a.chain[1]));
       return a;
     }},
};

}  // namespace

START_TEST(each_form) {
  const char* form = kForms[_i];
  assert_verdict({form, accepted(form[0] == '3' ? 0 : 1), [form] { return short_chain(form); }});
}
END_TEST

START_TEST(each_form_with_a_wrong_digest) {
  const char* form = kDigestForms[_i];
  assert_verdict({form, refused(), [form] { return wrong_digest(form); }});
}
END_TEST

START_TEST(usages) {
  assert_verdict(kUsages[_i]);
}
END_TEST

START_TEST(the_record_alone) {
  assert_verdict(kRecordAlone[_i]);
}
END_TEST

START_TEST(sets_of_records) {
  assert_verdict(kSets[_i]);
}
END_TEST

int main() {
  Suite* suite = suite_create("DANE usages");
  TCase* tc = tcase_create("verdict");
  tcase_set_timeout(tc, 20);
  tcase_add_loop_test(tc, each_form, 0, static_cast<int>(std::size(kForms)));
  tcase_add_loop_test(tc, each_form_with_a_wrong_digest, 0,
                      static_cast<int>(std::size(kDigestForms)));
  tcase_add_loop_test(tc, usages, 0, static_cast<int>(std::size(kUsages)));
  tcase_add_loop_test(tc, the_record_alone, 0, static_cast<int>(std::size(kRecordAlone)));
  tcase_add_loop_test(tc, sets_of_records, 0, static_cast<int>(std::size(kSets)));
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// A certificate is imported when both readers of it see the same, and only then does it match or
// vouch for anything.
#include "x509/certificate.h"

#include "dane/tlsa_match.h"

#include "unit/dane/verdict_case.h"
#include "unit/x509/forged_certificate.h"

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

// The victim is a whole lab; the impostor has a CA and a leaf of the same names, by keys of its
// own.
struct Forgeries {
  Lab victim;
  LabCertificate own_ca = issue({.subject = "Lab issuing CA", .ca = true}, nullptr);
  LabCertificate own_leaf = issue({.subject = "leaf", .dns_names = {"mx.lab"}}, &own_ca);
  LabCertificate leaf = forge(own_leaf, victim.leaf.der, nullptr);
  LabCertificate ca = forge(own_ca, victim.issuer.der, nullptr);
};

const VerdictCase kForged[] = {
    {"the server's certificate, 3 1 1", refused(),
     [] {
       Forgeries f;
       return Asked{{f.leaf.der}, {record_for("3 1 1", f.victim.leaf.der)}};
     }},
    {"the server's certificate, 3 1 0", refused(),
     [] {
       Forgeries f;
       return Asked{{f.leaf.der}, {record_for("3 1 0", f.victim.leaf.der)}};
     }},
    {"an anchor that is presented, 2 1 1", refused(),
     [] {
       Forgeries f;
       return Asked{{f.own_leaf.der, f.ca.der}, {record_for("2 1 1", f.victim.issuer.der)}};
     }},
    {"an anchor that is presented, 2 1 0", refused(),
     [] {
       Forgeries f;
       return Asked{{f.own_leaf.der, f.ca.der}, {record_for("2 1 0", f.victim.issuer.der)}};
     }},
    {"an anchor that is published in full, 2 0 0", refused(),
     [] {
       Forgeries f;
       TlsaRecord record = record_for("2 1 1", f.victim.issuer.der);
       record.selector = TlsaSelector::Certificate;
       record.matching = TlsaMatching::Full;
       record.data = f.ca.der;
       return Asked{{f.own_leaf.der}, {record}};
     }},
    {"a certificate between leaf and anchor", refused(),
     [] {
       Forgeries f;
       auto between = forge(f.own_ca, f.victim.issuer.der, &f.victim.upper);
       return Asked{{f.own_leaf.der, between.der, f.victim.upper.der},
                    {record_for("2 1 1", f.victim.upper.der)}};
     }},
};

}  // namespace

START_TEST(believes_no_certificate_with_two_faces) {
  assert_verdict(kForged[_i]);
}
END_TEST

// What the walk would have to say of one certificate for GnuTLS's view of another: no single field
// may differ.
START_TEST(every_field_must_be_the_same_to_both) {
  Lab lab;
  Lab other;
  auto* handle = lab.leaf.handle.get();
  auto fields = assert_ok(certificate_fields(lab.leaf.der));
  auto not_its = assert_ok(certificate_fields(lab.root.der));
  assert_text(why_unfit(handle, fields), "");
  auto changed = fields;
  changed.issuer = not_its.issuer;
  assert_contains(why_unfit(handle, changed), "another key or name");
  changed = fields;
  changed.subject = not_its.subject;
  assert_contains(why_unfit(handle, changed), "another key or name");
  changed = fields;
  changed.public_key_info = assert_ok(certificate_fields(other.leaf.der)).public_key_info;
  assert_contains(why_unfit(handle, changed), "another key or name");
}
END_TEST

// secp256k1, which GnuTLS does not know: no handshake with it can prove that key. tests D-092
START_TEST(a_key_that_gnutls_cannot_read_is_nobodys) {
  Lab lab;
  auto parts = elements_of(assert_ok(certificate_fields(lab.leaf.der)).public_key_info);
  const Bytes curve{6, 5, 0x2b, 0x81, 4, 0, 10};
  Bytes algorithm = der_element(0x30, {elements_of(parts[0])[0], curve});
  Bytes der = with_field(lab.leaf.der, kKey, der_element(0x30, {algorithm, parts[1]}));
  Bytes key = der_element(0x30, {algorithm, parts[1]});
  auto record = record_for("3 1 1", lab.leaf.der);
  record.data = assert_ok(matching_data(record.matching, key));
  auto verdict = verdict_on({{der}, {record}});
  ck_assert(!verdict.authenticated());
  assert_contains(verdict.reason, "the server's certificate is unusable: its key cannot be read");
}
END_TEST

int main() {
  Suite* suite = suite_create("certificate");
  TCase* tc = tcase_create("two readers");
  tcase_add_loop_test(tc, believes_no_certificate_with_two_faces, 0,
                      static_cast<int>(std::size(kForged)));
  tcase_add_test(tc, every_field_must_be_the_same_to_both);
  tcase_add_test(tc, a_key_that_gnutls_cannot_read_is_nobodys);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

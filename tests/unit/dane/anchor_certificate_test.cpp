// SPDX-License-Identifier: GPL-2.0-or-later
// The certificate made for an anchor that is a bare key: GnuTLS reads it, takes it for the issuer
// of the certificate it was made for and of no other, and it never vouches for a key that is not
// its own.
#include "dane/anchor_certificate.h"

#include "unit/x509/lab_certificates.h"

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

bool issues(const Certificate& anchor, const Certificate& child) {
  return gnutls_x509_crt_check_issuer(child.handle.get(), anchor.handle.get()) == 1;
}

// Whether GnuTLS finds the anchor's signature on the child; dates and purposes aside.
bool signature_verifies(const Certificate& anchor, const Certificate& child) {
  unsigned status = 0;
  gnutls_x509_crt_t issuer = anchor.handle.get();
  int rc = gnutls_x509_crt_verify(
      child.handle.get(), &issuer, 1,
      GNUTLS_VERIFY_DISABLE_TIME_CHECKS | GNUTLS_VERIFY_DISABLE_TRUSTED_TIME_CHECKS, &status);
  return rc == 0 && status == 0;
}

Certificate anchor_for(const LabCertificate& key_owner, const Certificate& child) {
  auto owner = assert_ok(import_certificate(key_owner.der));
  return assert_ok(import_certificate(anchor_certificate(owner.fields.public_key_info, child)));
}

}  // namespace

START_TEST(is_the_issuer_of_its_child) {
  Lab lab;
  auto leaf = assert_ok(import_certificate(lab.leaf.der));
  auto anchor = anchor_for(lab.issuer, leaf);
  ck_assert(issues(anchor, leaf));
  ck_assert(signature_verifies(anchor, leaf));
}
END_TEST

START_TEST(does_not_issue_another_ones_child) {
  Lab lab;
  auto leaf = assert_ok(import_certificate(lab.leaf.der));
  auto issuer = assert_ok(import_certificate(lab.issuer.der));
  ck_assert(!issues(anchor_for(lab.issuer, leaf), issuer));
}
END_TEST

START_TEST(another_key_signed_nothing) {
  Lab lab;
  Lab other;
  auto leaf = assert_ok(import_certificate(lab.leaf.der));
  ck_assert(!signature_verifies(anchor_for(other.issuer, leaf), leaf));
  ck_assert(!signature_verifies(anchor_for(lab.upper, leaf), leaf));
}
END_TEST

START_TEST(works_without_key_identifiers) {
  LabPlans plans;
  plans.leaf.key_ids = false;
  Lab lab(plans);
  auto leaf = assert_ok(import_certificate(lab.leaf.der));
  auto anchor = anchor_for(lab.issuer, leaf);
  ck_assert(issues(anchor, leaf));
  unsigned char id[64];
  std::size_t size = sizeof id;
  ck_assert_int_lt(gnutls_x509_crt_get_subject_key_id(anchor.handle.get(), id, &size, nullptr), 0);
}
END_TEST

START_TEST(keeps_key_and_name_octet_by_octet) {
  LabPlans plans;
  plans.issuer.kind = KeyKind::RsaPss;
  plans.issuer.subject =
      "B\xc3\xbc"
      "cher CA";
  Lab lab(plans);
  auto leaf = assert_ok(import_certificate(lab.leaf.der));
  auto issuer = assert_ok(import_certificate(lab.issuer.der));
  auto anchor = anchor_for(lab.issuer, leaf);
  ck_assert(same_bytes(anchor.fields.public_key_info, issuer.fields.public_key_info));
  ck_assert(same_bytes(anchor.fields.subject, leaf.fields.issuer));
  ck_assert(signature_verifies(anchor, leaf));
}
END_TEST

int main() {
  Suite* suite = suite_create("anchor_certificate");
  TCase* tc = tcase_create("anchor");
  tcase_add_test(tc, is_the_issuer_of_its_child);
  tcase_add_test(tc, does_not_issue_another_ones_child);
  tcase_add_test(tc, another_key_signed_nothing);
  tcase_add_test(tc, works_without_key_identifiers);
  tcase_add_test(tc, keeps_key_and_name_octet_by_octet);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

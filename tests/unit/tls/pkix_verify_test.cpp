// SPDX-License-Identifier: GPL-2.0-or-later
// Which certificate passes for the leaf's issuer: OCSP proofs are checked by its key.
#include "tls/pkix_verify.h"

#include "fakes/tls_server.h"
#include "unit/x509/forged_certificate.h"

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

// GnuTLS asks the machine's clock here.
CertificatePlan valid_today(CertificatePlan plan) {
  auto now = std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
  plan.from = now - kDay;
  plan.until = now + kDay;
  return plan;
}

struct TodaysLab {
  Lab lab{LabPlans{valid_today({.subject = "Lab root", .ca = true}),
                   valid_today({.subject = "Lab upper CA", .ca = true}),
                   valid_today({.subject = "Lab issuing CA", .ca = true}),
                   valid_today({.subject = "leaf", .dns_names = {"mx.lab"}})}};
  LabCertificate from_root =
      issue(valid_today({.subject = "leaf", .dns_names = {"mx.lab"}}), &lab.root);
  // The issuer's name and key identifiers are no secret; its key is.
  LabCertificate forged =
      issue(valid_today({.subject = "Lab issuing CA", .ca = true, .key_ids = false}), nullptr);
  TemporaryFile store{pem_of(lab.root)};

  static std::string pem_of(const LabCertificate& certificate) {
    gnutls_datum_t out{nullptr, 0};
    ck_assert(gnutls_x509_crt_export2(certificate.handle.get(), GNUTLS_X509_FMT_PEM, &out) == 0);
    std::unique_ptr<unsigned char, GnutlsFree> owner(out.data);
    return std::string(as_text(to_bytes(out)));
  }
  Result<Bytes> ask(const PeerChain& chain) const {
    return verify_pkix({chain, store.path(), "", "mx.lab"});
  }
};

}  // namespace

START_TEST(the_issuer_is_one_that_was_presented) {
  TodaysLab world;
  ck_assert(assert_ok(world.ask(world.lab.chain())) == world.lab.issuer.der);
  // Not in order, and with what does not belong there.
  const auto& lab = world.lab;
  ck_assert(assert_ok(world.ask({lab.leaf.der, lab.issuer.der, lab.upper.der})) == lab.issuer.der);
}
END_TEST

START_TEST(the_issuer_is_in_the_store) {
  TodaysLab world;
  ck_assert(assert_ok(world.ask({world.from_root.der})) == world.lab.root.der);
  ck_assert(assert_ok(world.ask({world.from_root.der, world.lab.root.der})) == world.lab.root.der);
}
END_TEST

// tests D-127: its proofs would be signed by the owner of a revoked certificate
START_TEST(a_forged_issuer_is_none) {
  TodaysLab world;
  const auto& lab = world.lab;
  auto issuer = world.ask({lab.leaf.der, lab.issuer.der, lab.upper.der, world.forged.der});
  ck_assert(!issuer || *issuer != world.forged.der);
  auto first = world.ask({lab.leaf.der, world.forged.der, lab.issuer.der, lab.upper.der});
  ck_assert(!first || *first != world.forged.der);
  auto alone = world.ask({lab.leaf.der, world.forged.der});
  assert_error(alone, ErrorKind::TlsVerify);
}
END_TEST

// One that nothing trusts is none, though the certificate's signature be good by its key.
START_TEST(an_issuer_that_nothing_trusts_is_none) {
  TodaysLab world;
  const auto stranger = issue(valid_today({.subject = "Stranger", .ca = true}), nullptr);
  auto plan = valid_today({.subject = "Lab root", .key = world.lab.root.key, .ca = true});
  plan.key_ids = false;
  const auto namesake = issue(plan, &stranger);
  const auto issuer = world.ask({world.from_root.der, world.lab.root.der, namesake.der});
  ck_assert(assert_ok(issuer) == world.lab.root.der);
  const auto first = world.ask({world.from_root.der, namesake.der, world.lab.root.der});
  const auto alone = world.ask({world.from_root.der, namesake.der});
  ck_assert(!first || *first == world.lab.root.der);
  ck_assert(!alone || *alone == world.lab.root.der);
}
END_TEST

// A namesake of the issuer is tried for the issuer; not with a key that costs seconds.
START_TEST(an_unusable_key_is_not_computed_with) {
  TodaysLab world;
  const auto& lab = world.lab;
  Bytes huge = with_field(world.forged.der, kKey, rsa_key_info(16400, {1, 0, 1}));
  auto refused = assert_error(world.ask({lab.leaf.der, lab.issuer.der, lab.upper.der, huge}),
                              ErrorKind::TlsVerify);
  assert_contains(refused.text, "its RSA key has 16400 bits");
}
END_TEST

START_TEST(what_is_not_verified_has_no_issuer) {
  TodaysLab world;
  const auto& lab = world.lab;
  assert_error(world.ask({lab.leaf.der}), ErrorKind::TlsVerify);
  const PeerChain chain = lab.chain();
  assert_error(verify_pkix({chain, world.store.path(), "", "other.lab"}), ErrorKind::TlsVerify);
  assert_error(verify_pkix({chain, "/nowhere/at/all", "", "mx.lab"}), ErrorKind::BadInput);
}
END_TEST

int main() {
  Suite* suite = suite_create("pkix_verify");
  TCase* cases = tcase_create("issuer");
  tcase_add_test(cases, the_issuer_is_one_that_was_presented);
  tcase_add_test(cases, the_issuer_is_in_the_store);
  tcase_add_test(cases, a_forged_issuer_is_none);
  tcase_add_test(cases, an_issuer_that_nothing_trusts_is_none);
  tcase_add_test(cases, an_unusable_key_is_not_computed_with);
  tcase_add_test(cases, what_is_not_verified_has_no_issuer);
  suite_add_tcase(suite, cases);
  return run_suite(suite);
}

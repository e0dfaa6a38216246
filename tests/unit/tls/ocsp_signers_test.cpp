// SPDX-License-Identifier: GPL-2.0-or-later
// Who may sign a response: the issuer, or a delegate that it certified for this. For each accepted
// one the nearest that must be refused. RFC 6960 4.2.2.2.
#include "tls/ocsp_staple.h"

#include <iterator>

#include "unit/tls/ocsp_staple_support.h"
#include "x509/certificate.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

using enum OcspAnswer;

Bytes with_a_wrong_bit_at_the_end() {
  Bytes response = make_response(world().good());
  response.back() ^= 1;
  return response;
}

// By a delegate of the issuer, changed.
Response by_delegate(void (*change)(CertificatePlan&)) {
  return [change] {
    auto plan = delegate_plan();
    change(plan);
    const auto signer = issue(plan, &world().lab.issuer);
    return make_response(world().delegated(signer));
  };
}

Bytes by_delegate_of(const LabCertificate& ca) {
  const auto signer = issue(delegate_plan(), &ca);
  return make_response(world().delegated(signer));
}

const Row kRows[] = {
    // The signature.
    {"the issuer sends itself along", Good, "",
     changed([](ResponsePlan& p) { p.certificates = {&world().lab.issuer}; })},
    {"by another CA of the same name", Invalid, "not signed",
     changed([](ResponsePlan& p) { p.signer = &world().other_ca; })},
    {"by another CA, which sends itself along", Invalid, "not certified by the issuer",
     [] { return make_response(world().delegated(world().other_ca)); }},
    {"by the server itself", Invalid, "not for OCSP signing",
     [] { return make_response(world().delegated(world().lab.leaf)); }},
    {"by the issuer's issuer", Invalid, "not certified by the issuer",
     [] { return make_response(world().delegated(world().lab.upper)); }},
    {"a bit of the signature is wrong", Invalid, "not signed", with_a_wrong_bit_at_the_end},
    {"a SHA-1 signature", Invalid, "not signed",
     changed([](ResponsePlan& p) { p.hash = GNUTLS_DIG_SHA1; })},
    // Delegates.
    {"by a delegate", Good, "", [] { return make_response(world().delegated(world().delegate)); }},
    {"by a delegate, which is the last of three", Good, "",
     [] {
       auto plan = world().delegated(world().delegate);
       plan.certificates = {&world().lab.root, &world().other_leaf, &world().delegate};
       return make_response(plan);
     }},
    {"by a delegate that stays away", Invalid, "not signed",
     [] {
       auto plan = world().delegated(world().delegate);
       plan.certificates.clear();
       return make_response(plan);
     }},
    {"by a delegate without the purpose", Invalid, "not for OCSP signing",
     [] { return make_response(world().delegated(world().purposeless)); }},
    {"by a delegate for any purpose", Invalid, "not for OCSP signing",
     by_delegate([](CertificatePlan& p) { p.purpose = GNUTLS_KP_ANY; })},
    {"by a delegate for TLS servers", Invalid, "not for OCSP signing",
     by_delegate([](CertificatePlan& p) { p.purpose = GNUTLS_KP_TLS_WWW_SERVER; })},
    {"by a delegate of another CA of the same name", Invalid, "not certified by the issuer",
     [] { return by_delegate_of(world().other_ca); }},
    {"by a delegate of the issuer's issuer", Invalid, "not certified by the issuer",
     [] { return by_delegate_of(world().lab.upper); }},
    {"by a delegate that ends now", Good, "",
     by_delegate([](CertificatePlan& p) { p.until = kNow; })},
    {"by a delegate that ended a second ago", Invalid, "signer's certificate has expired",
     by_delegate([](CertificatePlan& p) { p.until = kNow - kMore; })},
    {"by a delegate with a signing key", Good, "",
     by_delegate([](CertificatePlan& p) { p.key_usage = GNUTLS_KEY_DIGITAL_SIGNATURE; })},
    {"by a delegate with a key for encryption", Invalid, "not for signatures",
     by_delegate([](CertificatePlan& p) { p.key_usage = GNUTLS_KEY_KEY_ENCIPHERMENT; })},
    {"by a delegate signed with SHA-1", Invalid, "not certified by the issuer",
     by_delegate([](CertificatePlan& p) { p.hash = GNUTLS_DIG_SHA1; })},
    {"eight certificates", Good, "",
     [] {
       auto plan = world().delegated(world().delegate);
       plan.certificates.assign(8, &world().delegate);
       return make_response(plan);
     }},
    {"nine certificates", Invalid, "too many certificates",
     [] {
       auto plan = world().delegated(world().delegate);
       plan.certificates.assign(9, &world().delegate);
       return make_response(plan);
     }},
};

}  // namespace

// tests D-122, D-128, RFC 6960 4.2.2.2
START_TEST(what_a_response_is_worth) {
  assert_row(kRows[_i]);
}
END_TEST

// tests D-127: the issuer's key as a `2 1 0` record publishes it, in a certificate made for the
// path
START_TEST(an_issuer_that_is_a_bare_key) {
  const auto& lab = world().lab;
  auto key = assert_ok(certificate_fields(lab.issuer.der)).public_key_info;
  TlsaRecord record{TlsaUsage::DaneTa, TlsaSelector::PublicKey, TlsaMatching::Full,
                    Bytes(key.begin(), key.end())};
  const PeerChain chain{lab.leaf.der};
  const std::vector<TlsaRecord> records{record};
  const std::vector<DnsName> names{dns_name("mx.lab")};
  auto verdict = verify_dane({chain, records, names, kNow});
  ck_assert_msg(verdict.authenticated(), "%s", verdict.reason.c_str());
  ck_assert_uint_eq(verdict.match->path.size(), 2);
  const Bytes& issuer = verdict.match->path[1];
  ck_assert(issuer != lab.issuer.der);
  for (const auto& response :
       {make_response(world().good()), make_response(world().delegated(world().delegate))}) {
    auto answer = verify_ocsp({response, lab.leaf.der, issuer, kNow});
    ck_assert_msg(answer.answer == Good, "%s", answer.reason.c_str());
  }
  auto other = world().good();
  other.signer = &world().other_ca;
  ck_assert(verify_ocsp({make_response(other), lab.leaf.der, issuer, kNow}).answer == Invalid);
}
END_TEST

int main() {
  Suite* suite = suite_create("OCSP signers");
  TCase* tc = tcase_create("responses");
  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, what_a_response_is_worth, 0, static_cast<int>(std::size(kRows)));
  tcase_add_test(tc, an_issuer_that_is_a_bare_key);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// Dates, keys, signatures and purposes: what a path must be beside leading to the record.
#include "dane/dane_verify.h"

#include <iterator>

#include "unit/dane/short_chain_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

constexpr auto kExpired = DaneFailure::Expired;

Asked dated(WallTime from, WallTime until) {
  LabPlans plans;
  plans.leaf.from = from;
  plans.leaf.until = until;
  return short_chain_of(plans, "2 1 1");
}

// tests D-082
const VerdictCase kDates[] = {
    {"the leaf's last second", accepted(1), [] { return dated(kNow - kDay, kNow); }},
    {"a second later", refused(kExpired),
     [] { return dated(kNow - kDay, kNow - std::chrono::seconds(1)); }},
    {"the leaf's first second", accepted(1), [] { return dated(kNow, kNow + kDay); }},
    {"a second earlier", refused(kExpired),
     [] { return dated(kNow + std::chrono::seconds(1), kNow + kDay); }},
    {"an expired issuer below the anchor", refused(kExpired),
     [] {
       LabPlans plans;
       plans.issuer.until = kNow - kDay;
       Lab lab(plans);
       return Asked{lab.chain(), {record_for("2 1 1", lab.upper.der)}};
     }},
    {"a future issuer below the anchor", refused(kExpired),
     [] {
       LabPlans plans;
       plans.issuer.from = kNow + kDay;
       Lab lab(plans);
       return Asked{lab.chain(), {record_for("2 1 1", lab.upper.der)}};
     }},
    {"an expired anchor, presented", refused(kExpired),
     [] { return short_chain("2 1 1", [](LabPlans& p) { p.issuer.until = kNow - kDay; }); }},
    {"an expired anchor, published", refused(kExpired),
     [] { return short_chain("2 0 0", [](LabPlans& p) { p.issuer.until = kNow - kDay; }); }},
    {"a future anchor", refused(kExpired),
     [] { return short_chain("2 1 1", [](LabPlans& p) { p.issuer.from = kNow + kDay; }); }},
    {"an expired certificate above the anchor", accepted(1),
     [] {
       LabPlans plans;
       plans.upper.until = kNow - kDay;
       Lab lab(plans);
       return Asked{lab.chain(), {record_for("2 1 1", lab.issuer.der)}};
     }},
    {"a bare key has no dates", accepted(1),
     [] {
       Asked a = short_chain("2 1 0", [](LabPlans& p) { p.issuer.until = kNow - kDay; });
       a.chain.pop_back();
       return a;
     }},
    {"a bare key, its expired certificate presented", refused(kExpired),
     [] { return short_chain("2 1 0", [](LabPlans& p) { p.issuer.until = kNow - kDay; }); }},
    {"a bare key, the leaf expired", refused(kExpired),
     [] { return short_chain("2 1 0", [](LabPlans& p) { p.leaf.until = kNow - kDay; }); }},
    {"the time of the question, not of the machine", refused(kExpired),
     [] {
       Asked a = short_chain("2 1 1");
       a.now = kNow - 3650 * kDay;
       return a;
     }},
};

// The kind of key that leaf and issuer have.
LabPlans keys_of(KeyKind kind) {
  LabPlans plans;
  plans.issuer.kind = plans.leaf.kind = kind;
  return plans;
}

// The leaf is signed by another issuer's key of the same kind, under the same names.
Asked impostor(KeyKind kind) {
  LabPlans plans = keys_of(kind);
  plans.leaf.key_ids = plans.issuer.key_ids = false;
  Lab lab(plans);
  Lab other(plans);
  return {{other.leaf.der, lab.issuer.der}, {record_for("2 0 1", lab.issuer.der)}};
}

struct KeyCase {
  const char* why;
  Expected expected;
  const char* form;  // of the record
  KeyKind kind;
};

const KeyCase kKeys[] = {
    {"RSA 1024", accepted(1), "2 1 1", KeyKind::Rsa1024},
    {"RSA 768", refused(), "2 1 1", KeyKind::Rsa768},
    {"RSA-PSS", accepted(1), "2 1 0", KeyKind::RsaPss},
    {"RSA-PSS, usage 3", accepted(0), "3 1 1", KeyKind::RsaPss},
    {"Ed25519", accepted(1), "2 1 0", KeyKind::Ed25519},
    {"Ed448", accepted(1), "2 1 1", KeyKind::Ed448},
    {"Ed448, usage 3", accepted(0), "3 1 2", KeyKind::Ed448},
    {"P-521", accepted(1), "2 1 0", KeyKind::P521},
};

const KeyKind kImpostors[] = {KeyKind::RsaPss, KeyKind::Ed25519, KeyKind::Ed448, KeyKind::P521,
                              KeyKind::P256};

const VerdictCase kSignatures[] = {
    {"RSA 768 in the issuer only", refused(),
     [] { return short_chain("2 1 1", [](LabPlans& p) { p.issuer.kind = KeyKind::Rsa768; }); }},
    // tests D-096
    {"a SHA-1 signature on the leaf", refused(),
     [] {
       return short_chain("2 1 1", [](LabPlans& p) {
         p.issuer.kind = KeyKind::Rsa1024;
         p.leaf.hash = GNUTLS_DIG_SHA1;
       });
     }},
    {"a SHA-1 signature on the leaf, usage 3", accepted(0),
     [] {
       return short_chain("3 0 1", [](LabPlans& p) {
         p.issuer.kind = KeyKind::Rsa1024;
         p.leaf.hash = GNUTLS_DIG_SHA1;
       });
     }},
    {"a SHA-1 signature on the anchor itself", accepted(1),
     [] {
       return short_chain("2 1 1", [](LabPlans& p) {
         p.upper.kind = KeyKind::Rsa1024;
         p.issuer.hash = GNUTLS_DIG_SHA1;
       });
     }},
    // Purposes of the leaf
    {"for servers", accepted(1),
     [] {
       return short_chain("2 1 1", [](LabPlans& p) { p.leaf.purpose = GNUTLS_KP_TLS_WWW_SERVER; });
     }},
    {"for clients only", refused(),
     [] {
       return short_chain("2 1 1", [](LabPlans& p) { p.leaf.purpose = GNUTLS_KP_TLS_WWW_CLIENT; });
     }},
    {"for any purpose", accepted(1),
     [] { return short_chain("2 1 1", [](LabPlans& p) { p.leaf.purpose = GNUTLS_KP_ANY; }); }},
    {"for signing certificates only", refused(),
     [] {
       return short_chain("2 1 1",
                          [](LabPlans& p) { p.leaf.key_usage = GNUTLS_KEY_KEY_CERT_SIGN; });
     }},
    {"for digital signatures", accepted(1),
     [] {
       return short_chain("2 1 1",
                          [](LabPlans& p) { p.leaf.key_usage = GNUTLS_KEY_DIGITAL_SIGNATURE; });
     }},
};

}  // namespace

START_TEST(dates) {
  assert_verdict(kDates[_i]);
}
END_TEST

START_TEST(keys) {
  const KeyCase& row = kKeys[_i];
  assert_verdict(
      {row.why, row.expected, [&row] { return short_chain_of(keys_of(row.kind), row.form); }});
}
END_TEST

START_TEST(another_issuers_key) {
  assert_verdict({"another issuer's key", refused(), [_i] { return impostor(kImpostors[_i]); }});
}
END_TEST

START_TEST(signatures_and_purposes) {
  assert_verdict(kSignatures[_i]);
}
END_TEST

int main() {
  Suite* suite = suite_create("DANE dates and keys");
  TCase* tc = tcase_create("verdict");
  tcase_set_timeout(tc, 20);
  tcase_add_loop_test(tc, dates, 0, static_cast<int>(std::size(kDates)));
  tcase_add_loop_test(tc, keys, 0, static_cast<int>(std::size(kKeys)));
  tcase_add_loop_test(tc, another_issuers_key, 0, static_cast<int>(std::size(kImpostors)));
  tcase_add_loop_test(tc, signatures_and_purposes, 0, static_cast<int>(std::size(kSignatures)));
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

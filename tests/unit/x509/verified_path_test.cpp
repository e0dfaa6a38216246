// SPDX-License-Identifier: GPL-2.0-or-later
// What GnuTLS is relied on to refuse in a path under one anchor, each with the nearest that passes.
#include "x509/verified_path.h"

#include <array>
#include <functional>
#include <iterator>

#include "unit/x509/lab_certificates.h"

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

// In the machine's own store, wherever GnuTLS would look for it.
gnutls_x509_crt_t trusted_by_the_machine = nullptr;
int stores_read = 0;

int add_the_machines_trust(gnutls_x509_trust_list_t list) {
  ++stores_read;
  return gnutls_x509_trust_list_add_cas(list, &trusted_by_the_machine, 1, 0);
}

}  // namespace

// Instead of GnuTLS's, for the whole program.
extern "C" {
int gnutls_x509_trust_list_add_system_trust(gnutls_x509_trust_list_t list, unsigned, unsigned) {
  return add_the_machines_trust(list);
}
int gnutls_x509_trust_list_add_trust_file(gnutls_x509_trust_list_t list, const char*, const char*,
                                          gnutls_x509_crt_fmt_t, unsigned, unsigned) {
  return add_the_machines_trust(list);
}
int gnutls_x509_trust_list_add_trust_dir(gnutls_x509_trust_list_t list, const char*, const char*,
                                         gnutls_x509_crt_fmt_t, unsigned, unsigned) {
  return add_the_machines_trust(list);
}
}

namespace {

using enum PathFault;

// The leaf, the issuer and the CA above it under the root, unless a row says otherwise.
struct Case {
  LabPlans plans{};
  std::vector<LabCertificate Lab::*> path{&Lab::leaf, &Lab::issuer, &Lab::upper};
  LabCertificate Lab::*anchor = &Lab::root;
  bool of_another_lab = false;  // the anchor: the same names, another key
  int wrong_bit_in = -1;        // a place in the path whose signature is no longer one
  const char* purpose = GNUTLS_KP_TLS_WWW_SERVER;
  WallTime at = kNow;
};

struct Row {
  const char* name;
  PathFault expected;
  const char* reason;  // a part of it
  std::function<void(Case&)> change;
};

GnutlsCertificate read(Bytes der, bool wrong_bit) {
  if (wrong_bit) der.back() ^= 1;
  gnutls_x509_crt_t raw = nullptr;
  ck_assert_int_eq(gnutls_x509_crt_init(&raw), 0);
  GnutlsCertificate certificate(raw);
  const auto datum = as_datum(der);
  ck_assert_int_eq(gnutls_x509_crt_import(raw, &datum, GNUTLS_X509_FMT_DER), 0);
  return certificate;
}

PathFinding finding_of(const Case& asked) {
  Lab lab(asked.plans);
  Lab other(asked.plans);
  std::vector<GnutlsCertificate> certificates;
  std::vector<gnutls_x509_crt_t> path;
  for (auto member : asked.path) {
    const bool wrong = static_cast<int>(path.size()) == asked.wrong_bit_in;
    certificates.push_back(read((lab.*member).der, wrong));
    path.push_back(certificates.back().get());
  }
  const Lab& authority = asked.of_another_lab ? other : lab;
  // What the anchor is not, the machine would vouch for.
  const auto real_root = read(lab.root.der, false);
  trusted_by_the_machine = real_root.get();
  const auto anchor = read((authority.*asked.anchor).der, false);
  return verify_path({path, anchor.get(), asked.purpose, asked.at});
}

const Row kRows[] = {
    {"a good path", None, "", [](Case&) {}},
    // The anchor.
    {"an anchor of the same names with another key, the machine trusting the real one", NotTrusted,
     "NOT trusted", [](Case& c) { c.of_another_lab = true; }},
    {"the same without key identifiers: the signature decides", NotTrusted, "",
     [](Case& c) {
       c.of_another_lab = true;
       c.plans.root.key_ids = c.plans.upper.key_ids = false;
     }},
    {"an anchor below the last of the path", NotTrusted, "holds its own anchor",
     [](Case& c) { c.anchor = &Lab::issuer; }},
    {"an anchor above a gap", NotTrusted, "NOT trusted",
     [](Case& c) {
       c.path = {&Lab::leaf, &Lab::issuer};
     }},
    {"the nearest anchor alone", None, "",
     [](Case& c) {
       c.path = {&Lab::leaf};
       c.anchor = &Lab::issuer;
     }},
    {"the anchor in the path: nothing of it would be checked", NotTrusted, "holds its own anchor",
     [](Case& c) {
       c.path = {&Lab::root};
       c.plans.root.hash = GNUTLS_DIG_SHA1;
     }},
    {"no certificate at all", NotTrusted, "", [](Case& c) { c.path.clear(); }},
    // Signatures.
    {"no signature of the leaf's issuer", NotTrusted, "", [](Case& c) { c.wrong_bit_in = 0; }},
    {"no signature in the middle", NotTrusted, "", [](Case& c) { c.wrong_bit_in = 1; }},
    {"no signature of the anchor", NotTrusted, "", [](Case& c) { c.wrong_bit_in = 2; }},
    // Algorithms: D-096.
    {"SHA-1 over the leaf", NotTrusted, "insecure",
     [](Case& c) { c.plans.leaf.hash = GNUTLS_DIG_SHA1; }},
    {"SHA-1 in the middle", NotTrusted, "insecure",
     [](Case& c) { c.plans.issuer.hash = GNUTLS_DIG_SHA1; }},
    {"SHA-1 by the anchor", NotTrusted, "insecure",
     [](Case& c) { c.plans.upper.hash = GNUTLS_DIG_SHA1; }},
    {"SHA-1 over the anchor itself", None, "",
     [](Case& c) { c.plans.root.hash = GNUTLS_DIG_SHA1; }},
    {"a leaf's key below the level", NotTrusted, "insecure",
     [](Case& c) { c.plans.leaf.kind = KeyKind::Rsa768; }},
    {"a leaf's key at the level", None, "", [](Case& c) { c.plans.leaf.kind = KeyKind::Rsa1024; }},
    {"an issuer's key below the level", NotTrusted, "insecure",
     [](Case& c) { c.plans.issuer.kind = KeyKind::Rsa768; }},
    // What an issuer must be: RFC 5280 6.1.4 k to n.
    {"an issuer that is no CA", NotTrusted, "", [](Case& c) { c.plans.issuer.ca = false; }},
    {"an issuer without basicConstraints", NotTrusted, "",
     [](Case& c) { c.plans.upper.basic_constraints = false; }},
    {"an issuer of version 1", NotTrusted, "", [](Case& c) { c.plans.upper.version = 1; }},
    {"an anchor that says it is no CA", NotTrusted, "",
     [](Case& c) {
       c.path = {&Lab::leaf};
       c.anchor = &Lab::issuer;
       c.plans.issuer.ca = false;
     }},
    {"an issuer's key that may not sign certificates", NotTrusted, "",
     [](Case& c) { c.plans.upper.key_usage = GNUTLS_KEY_CRL_SIGN; }},
    {"one that may", None, "", [](Case& c) { c.plans.upper.key_usage = GNUTLS_KEY_KEY_CERT_SIGN; }},
    {"too long a path", NotTrusted, "", [](Case& c) { c.plans.root.path_length = 1; }},
    {"one as long as is allowed", None, "", [](Case& c) { c.plans.root.path_length = 2; }},
    {"an extension that nobody knows", NotTrusted, "",
     [](Case& c) { c.plans.upper.critical_extension = "1.3.6.1.4.1.99999.1"; }},
    {"a name that is excluded", NotTrusted, "",
     [](Case& c) { c.plans.issuer.excluded_dns = "lab"; }},
    // Purposes: RFC 5280 4.2.1.12.
    {"a leaf for clients", NotTrusted, "",
     [](Case& c) { c.plans.leaf.purpose = GNUTLS_KP_TLS_WWW_CLIENT; }},
    {"an issuer for clients", NotTrusted, "",
     [](Case& c) { c.plans.upper.purpose = GNUTLS_KP_TLS_WWW_CLIENT; }},
    {"a leaf for servers", None, "",
     [](Case& c) { c.plans.leaf.purpose = GNUTLS_KP_TLS_WWW_SERVER; }},
    {"a leaf for clients, nobody asking", None, "",
     [](Case& c) {
       c.plans.leaf.purpose = GNUTLS_KP_TLS_WWW_CLIENT;
       c.purpose = nullptr;
     }},
    // Dates: RFC 5280 4.1.2.5, both ends being inclusive.
    {"a leaf that ended a second ago", OutOfDate, "",
     [](Case& c) { c.plans.leaf.until = kNow - std::chrono::seconds(1); }},
    {"a leaf that ends now", None, "", [](Case& c) { c.plans.leaf.until = kNow; }},
    {"a leaf that begins in a second", OutOfDate, "",
     [](Case& c) { c.plans.leaf.from = kNow + std::chrono::seconds(1); }},
    {"a leaf that begins now", None, "", [](Case& c) { c.plans.leaf.from = kNow; }},
    {"the last of the path ended", OutOfDate, "",
     [](Case& c) { c.plans.upper.until = kNow - kDay; }},
    {"the anchor ended: its dates are for whoever names it", None, "",
     [](Case& c) { c.plans.root.until = kNow - kDay; }},
    {"ended and not trusted: the date is no excuse", NotTrusted, "insecure",
     [](Case& c) {
       c.plans.leaf.until = kNow - kDay;
       c.plans.leaf.hash = GNUTLS_DIG_SHA1;
     }},
    {"long after", OutOfDate, "", [](Case& c) { c.at = kNow + 100 * kDay; }},
};

}  // namespace

// tests D-082, D-096, RFC 5280 6.1
START_TEST(what_a_path_is_worth) {
  const auto& row = kRows[_i];
  Case asked;
  row.change(asked);
  const auto finding = finding_of(asked);
  ck_assert_msg(finding.fault == row.expected, "%s: %d (%s)", row.name,
                static_cast<int>(finding.fault), finding.reason.c_str());
  ck_assert_msg(finding.reason.empty() == (row.expected != NotTrusted), "%s: \"%s\"", row.name,
                finding.reason.c_str());
  assert_contains(finding.reason, row.reason);
  ck_assert_msg(finding.reason.find('\n') == std::string::npos, "%s", row.name);
  ck_assert_int_eq(stores_read, 0);
}
END_TEST

int main() {
  Suite* suite = suite_create("verified path");
  TCase* tc = tcase_create("under one anchor");
  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, what_a_path_is_worth, 0, static_cast<int>(std::size(kRows)));
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

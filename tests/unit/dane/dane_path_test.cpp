// SPDX-License-Identifier: GPL-2.0-or-later
// Usage 2 and the shape of what the server presents: where the anchor is, what is missing, what is
// there besides, what each certificate of the path must allow, and the bounds of the search.
#include "dane/dane_path.h"

#include <iterator>

#include "unit/dane/verdict_case.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

const char* const kUnknownOid = "1.3.6.1.4.1.99999.1";

Lab lab_with(void (*change)(LabPlans&)) {
  LabPlans plans;
  change(plans);
  return Lab(plans);
}

// The whole chain, the record being for the certificate `depth` above the leaf.
Asked full_chain(const Lab& lab, int depth, const char* form = "2 1 1") {
  auto chain = lab.chain();
  auto record = record_for(form, chain[static_cast<std::size_t>(depth)]);
  return {std::move(chain), {std::move(record)}};
}

Asked changed(int depth, void (*change)(LabPlans&), const char* form = "2 1 1") {
  return full_chain(lab_with(change), depth, form);
}

Asked unrelated_anchor(const char* form) {
  Lab lab;
  Lab other;
  return {{lab.leaf.der, lab.issuer.der, other.root.der}, {record_for(form, other.root.der)}};
}

// Two issuers with one name and one key, the first of them out of date.
Asked cross_signed(bool with_good_one) {
  LabPlans plans;
  plans.upper.key = make_key(KeyKind::P256);
  Lab lab(plans);
  CertificatePlan old = plans.upper;
  old.until = kNow - kDay;
  LabCertificate expired = issue(old, &lab.root);
  PeerChain chain = {lab.leaf.der, lab.issuer.der, expired.der, lab.root.der};
  if (with_good_one) chain.push_back(lab.upper.der);
  return {chain, {record_for("2 0 1", lab.root.der)}};
}

// `count` certificates that all could have issued each other, by name, and lead nowhere.
Asked labyrinth(int count, bool with_way_out) {
  Lab lab;
  CertificatePlan plan{.subject = "Lab issuing CA", .ca = true, .key_ids = false};
  CertificatePlan leaf{.subject = "leaf", .dns_names = {"mx.lab"}, .key_ids = false};
  LabCertificate first = issue(plan, nullptr);
  Asked asked{{issue(leaf, &first).der}, {record_for("2 0 1", lab.root.der)}};
  for (int i = 0; i < count; ++i) asked.chain.push_back(issue(plan, nullptr).der);
  asked.chain.push_back(lab.root.der);
  if (with_way_out) asked.records = {record_for("2 0 1", first.der)};
  if (with_way_out) asked.chain.insert(asked.chain.begin() + 1, first.der);
  return asked;
}

const VerdictCase kShapes[] = {
    // tests D-082, D-086: the anchor at each position, the rest of the chain above it presented too
    {"anchor: the issuer", accepted(1), [] { return full_chain(Lab(), 1); }},
    {"anchor: the CA above", accepted(2), [] { return full_chain(Lab(), 2); }},
    {"anchor: the root", accepted(3), [] { return full_chain(Lab(), 3); }},
    {"anchor: an unrelated root, presented too (2 1 1)", refused(),
     [] { return unrelated_anchor("2 1 1"); }},
    {"anchor: an unrelated root, presented too (2 0 2)", refused(),
     [] { return unrelated_anchor("2 0 2"); }},
    {"anchor: an unrelated root, published in full", refused(),
     [] { return unrelated_anchor("2 0 0"); }},
    {"anchor: an unrelated key, published in full", refused(),
     [] { return unrelated_anchor("2 1 0"); }},
    // tests D-084: a digest of what the server does not present is not met
    {"anchor not presented, digest of the certificate", refused(),
     [] {
       Lab lab;
       return Asked{{lab.leaf.der, lab.issuer.der, lab.upper.der},
                    {record_for("2 0 1", lab.root.der)}};
     }},
    {"anchor not presented, digest of the key", refused(),
     [] {
       Lab lab;
       return Asked{{lab.leaf.der}, {record_for("2 1 1", lab.issuer.der)}};
     }},
    // tests D-085: what is published in full need not be presented
    {"anchor not presented, certificate published", accepted(3),
     [] {
       Lab lab;
       return Asked{{lab.leaf.der, lab.issuer.der, lab.upper.der},
                    {record_for("2 0 0", lab.root.der)}};
     }},
    {"anchor not presented, key published", accepted(3),
     [] {
       Lab lab;
       return Asked{{lab.leaf.der, lab.issuer.der, lab.upper.der},
                    {record_for("2 1 0", lab.root.der)}};
     }},
    {"leaf alone, issuer's key published", accepted(1),
     [] {
       Lab lab;
       return Asked{{lab.leaf.der}, {record_for("2 1 0", lab.issuer.der)}};
     }},
    {"leaf alone, the key of the CA above published", refused(),
     [] {
       Lab lab;
       return Asked{{lab.leaf.der}, {record_for("2 1 0", lab.upper.der)}};
     }},
    {"leaf alone, issuer published", accepted(1),
     [] {
       Lab lab;
       return Asked{{lab.leaf.der}, {record_for("2 0 0", lab.issuer.der)}};
     }},
    {"the key published and the certificate presented", accepted(1),
     [] { return full_chain(Lab(), 1, "2 1 0"); }},
    {"the second of two keys published", accepted(1),
     [] {
       Lab lab;
       Lab other;
       return Asked{{lab.leaf.der},
                    {record_for("2 1 0", other.issuer.der), record_for("2 1 0", lab.issuer.der)}};
     }},
    // Order and company
    {"unsorted", accepted(3),
     [] {
       Lab lab;
       return Asked{{lab.leaf.der, lab.root.der, lab.upper.der, lab.issuer.der},
                    {record_for("2 1 1", lab.root.der)}};
     }},
    {"the leaf not first: a CA is taken for the server", refused(DaneFailure::HostMismatch),
     [] {
       Lab lab;
       return Asked{{lab.issuer.der, lab.leaf.der, lab.upper.der, lab.root.der},
                    {record_for("2 1 1", lab.root.der)}};
     }},
    {"duplicates", accepted(2),
     [] {
       Lab lab;
       return Asked{{lab.leaf.der, lab.leaf.der, lab.issuer.der, lab.issuer.der, lab.upper.der},
                    {record_for("2 0 2", lab.upper.der)}};
     }},
    {"unrelated certificates between", accepted(2),
     [] {
       Lab lab;
       Lab other;
       return Asked{{lab.leaf.der, other.issuer.der, lab.issuer.der, other.leaf.der, lab.upper.der},
                    {record_for("2 0 1", lab.upper.der)}};
     }},
    {"octets that are no certificate between", accepted(1),
     [] {
       Lab lab;
       return Asked{{lab.leaf.der, {0xde, 0xad}, {}, lab.issuer.der},
                    {record_for("2 0 1", lab.issuer.der)}};
     }},
    {"a missing intermediate", refused(),
     [] {
       Lab lab;
       return Asked{{lab.leaf.der, lab.upper.der, lab.root.der},
                    {record_for("2 1 1", lab.root.der)}};
     }},
    {"the same, the gap being above the anchor", accepted(1),
     [] {
       Lab lab;
       return Asked{{lab.leaf.der, lab.issuer.der, lab.root.der},
                    {record_for("2 1 1", lab.issuer.der)}};
     }},
    {"the good one of two cross certificates", accepted(3), [] { return cross_signed(true); }},
    {"only the bad one of two cross certificates", refused(DaneFailure::Expired),
     [] { return cross_signed(false); }},
    {"an issuer of the same name with another key", refused(),
     [] {
       Lab lab = lab_with([](LabPlans& p) { p.leaf.key_ids = false; });
       LabPlans plans;
       plans.issuer.key_ids = false;
       Lab other(plans);
       return Asked{{lab.leaf.der, other.issuer.der}, {record_for("2 0 1", other.issuer.der)}};
     }},
    {"no key identifiers anywhere", accepted(3),
     [] {
       return changed(3, [](LabPlans& p) {
         p.root.key_ids = p.upper.key_ids = p.issuer.key_ids = p.leaf.key_ids = false;
       });
     }},
    // The leaf is never an anchor; tests D-087
    {"a self-signed leaf, usage 2", refused(),
     [] {
       CertificatePlan plan{.subject = "mx.lab", .dns_names = {"mx.lab"}, .ca = true};
       LabCertificate leaf = issue(plan, nullptr);
       return Asked{{leaf.der}, {record_for("2 0 1", leaf.der)}};
     }},
    {"a self-signed leaf, presented twice", refused(),
     [] {
       CertificatePlan plan{.subject = "mx.lab", .dns_names = {"mx.lab"}, .ca = true};
       LabCertificate leaf = issue(plan, nullptr);
       return Asked{{leaf.der, leaf.der}, {record_for("2 1 1", leaf.der)}};
     }},
    {"a self-signed leaf, published in full", refused(),
     [] {
       CertificatePlan plan{.subject = "mx.lab", .dns_names = {"mx.lab"}, .ca = true};
       LabCertificate leaf = issue(plan, nullptr);
       return Asked{{leaf.der}, {record_for("2 0 0", leaf.der)}};
     }},
    {"a self-signed leaf, its key published", refused(),
     [] {
       CertificatePlan plan{.subject = "mx.lab", .dns_names = {"mx.lab"}, .ca = true};
       LabCertificate leaf = issue(plan, nullptr);
       return Asked{{leaf.der}, {record_for("2 1 0", leaf.der)}};
     }},
    {"an issuer with the leaf's key", refused(),
     [] {
       return changed(1, [](LabPlans& p) { p.leaf.key = p.issuer.key = make_key(KeyKind::P256); });
     }},
    {"an issuer with the leaf's key, published in full", refused(),
     [] {
       Asked a = changed(
           1, [](LabPlans& p) { p.leaf.key = p.issuer.key = make_key(KeyKind::P256); }, "2 0 0");
       a.chain.resize(1);
       return a;
     }},
    {"the same, anchored above", accepted(2),
     [] {
       return changed(2, [](LabPlans& p) { p.leaf.key = p.issuer.key = make_key(KeyKind::P256); });
     }},
    {"an issued leaf, usage 2 for the leaf itself", refused(), [] { return full_chain(Lab(), 0); }},
    // What a CA must be (RFC 5280 6.1.4 k to n); tests D-082
    {"an issuer that is no CA", refused(),
     [] { return changed(3, [](LabPlans& p) { p.issuer.ca = false; }); }},
    {"an anchor that is no CA", refused(),
     [] { return changed(1, [](LabPlans& p) { p.issuer.ca = false; }); }},
    {"an anchor that is no CA, published in full", refused(),
     [] {
       return changed(
           1, [](LabPlans& p) { p.issuer.ca = false; }, "2 0 0");
     }},
    {"a bare key, presented in what is no CA", refused(),
     [] {
       return changed(
           1, [](LabPlans& p) { p.issuer.ca = false; }, "2 1 0");
     }},
    {"a non-CA above the anchor does not matter", accepted(1),
     [] { return changed(1, [](LabPlans& p) { p.upper.ca = false; }); }},
    {"an issuer that may not sign certificates", refused(),
     [] { return changed(3, [](LabPlans& p) { p.issuer.key_usage = GNUTLS_KEY_CRL_SIGN; }); }},
    {"an anchor that may not sign certificates", refused(),
     [] { return changed(1, [](LabPlans& p) { p.issuer.key_usage = GNUTLS_KEY_CRL_SIGN; }); }},
    {"an issuer that may", accepted(3),
     [] { return changed(3, [](LabPlans& p) { p.issuer.key_usage = GNUTLS_KEY_KEY_CERT_SIGN; }); }},
    {"a root without basicConstraints", refused(),
     [] { return changed(3, [](LabPlans& p) { p.root.basic_constraints = false; }); }},
    {"a root that is no CA", refused(),
     [] { return changed(3, [](LabPlans& p) { p.root.ca = false; }); }},
    {"a root without basicConstraints, published in full", refused(),
     [] {
       return changed(
           3, [](LabPlans& p) { p.root.basic_constraints = false; }, "2 0 0");
     }},
    {"an issuer without basicConstraints", refused(),
     [] { return changed(3, [](LabPlans& p) { p.issuer.basic_constraints = false; }); }},
    {"an issuer of version 1", refused(),
     [] { return changed(3, [](LabPlans& p) { p.issuer.version = 1; }); }},
    {"an anchor of version 1 that is no root", refused(),
     [] { return changed(1, [](LabPlans& p) { p.issuer.version = 1; }); }},
    {"a root of version 1", accepted(3),
     [] { return changed(3, [](LabPlans& p) { p.root.version = 1; }); }},
    {"path length 0 above one CA", refused(),
     [] { return changed(3, [](LabPlans& p) { p.upper.path_length = 0; }); }},
    {"path length 1 above one CA", accepted(3),
     [] { return changed(3, [](LabPlans& p) { p.upper.path_length = 1; }); }},
    {"the anchor's path length 1 above two CAs", refused(),
     [] { return changed(3, [](LabPlans& p) { p.root.path_length = 1; }); }},
    {"the anchor's path length 2 above two CAs", accepted(3),
     [] { return changed(3, [](LabPlans& p) { p.root.path_length = 2; }); }},
    {"a path length above the anchor does not matter", accepted(1),
     [] { return changed(1, [](LabPlans& p) { p.upper.path_length = 0; }); }},
    {"name constraints that exclude the name", refused(),
     [] { return changed(3, [](LabPlans& p) { p.issuer.excluded_dns = "lab"; }); }},
    {"name constraints that exclude another", accepted(3),
     [] { return changed(3, [](LabPlans& p) { p.issuer.excluded_dns = "example"; }); }},
    {"name constraints that permit another", refused(),
     [] { return changed(3, [](LabPlans& p) { p.upper.permitted_dns = "example"; }); }},
    {"name constraints that permit the name", accepted(3),
     [] { return changed(3, [](LabPlans& p) { p.upper.permitted_dns = "lab"; }); }},
    {"the anchor's constraints exclude the name", refused(),
     [] { return changed(1, [](LabPlans& p) { p.issuer.excluded_dns = "mx.lab"; }); }},
    {"the root's constraints exclude the name", refused(),
     [] { return changed(3, [](LabPlans& p) { p.root.excluded_dns = "mx.lab"; }); }},
    {"an unknown critical extension in the leaf", refused(),
     [] { return changed(1, [](LabPlans& p) { p.leaf.critical_extension = kUnknownOid; }); }},
    {"an unknown critical extension in a CA", refused(),
     [] { return changed(3, [](LabPlans& p) { p.upper.critical_extension = kUnknownOid; }); }},
    {"an unknown critical extension above the anchor", accepted(1),
     [] { return changed(1, [](LabPlans& p) { p.upper.critical_extension = kUnknownOid; }); }},
    {"a CA for clients only", refused(),
     [] { return changed(3, [](LabPlans& p) { p.upper.purpose = GNUTLS_KP_TLS_WWW_CLIENT; }); }},
    {"an anchor for clients only", refused(),
     [] { return changed(1, [](LabPlans& p) { p.issuer.purpose = GNUTLS_KP_TLS_WWW_CLIENT; }); }},
    {"an anchor for clients only, published in full", refused(),
     [] {
       return changed(
           3, [](LabPlans& p) { p.root.purpose = GNUTLS_KP_TLS_WWW_CLIENT; }, "2 0 0");
     }},
    {"a CA for servers", accepted(3),
     [] { return changed(3, [](LabPlans& p) { p.upper.purpose = GNUTLS_KP_TLS_WWW_SERVER; }); }},
    // Bounds; tests D-107
    {"seventeen certificates", refused(),
     [] {
       Lab lab;
       Asked asked = full_chain(lab, 1);
       while (asked.chain.size() < 17) asked.chain.push_back(lab.root.der);
       return asked;
     }},
    {"sixteen certificates", accepted(1),
     [] {
       Lab lab;
       Asked asked = full_chain(lab, 1);
       while (asked.chain.size() < 16) asked.chain.push_back(lab.root.der);
       return asked;
     }},
    {"a labyrinth without a way out", refused(), [] { return labyrinth(13, false); }},
    {"a labyrinth with one", accepted(1), [] { return labyrinth(12, true); }},
};

}  // namespace

START_TEST(shapes) {
  assert_verdict(kShapes[_i]);
}
END_TEST

START_TEST(the_search_ends_and_says_so) {
  assert_contains(verdict_on(labyrinth(13, false)).reason, "too many possible paths");
}
END_TEST

// What keeps a presented certificate from being the anchor is not hidden by tries of its bare key
// on the certificates above it, which it did not sign.
START_TEST(why_a_presented_anchor_is_refused) {
  const auto asked = changed(
      2, [](LabPlans& p) { p.upper.path_length = 0; }, "2 1 0");
  assert_contains(verdict_on(asked).reason, "violates the signer's constraints");
}
END_TEST

START_TEST(too_many_certificates_are_named) {
  Lab lab;
  Asked asked = full_chain(lab, 1);
  asked.chain.resize(17, lab.root.der);
  assert_contains(verdict_on(asked).reason, "17 certificates");
}
END_TEST

int main() {
  Suite* suite = suite_create("dane_path");
  TCase* tc = tcase_create("path");
  tcase_add_loop_test(tc, shapes, 0, static_cast<int>(std::size(kShapes)));
  tcase_add_test(tc, the_search_ends_and_says_so);
  tcase_add_test(tc, why_a_presented_anchor_is_refused);
  tcase_add_test(tc, too_many_certificates_are_named);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

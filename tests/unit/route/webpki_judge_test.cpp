// SPDX-License-Identifier: GPL-2.0-or-later
// tests D-182: who passes for a host by the certificates of the web.
#include "route/webpki_judge.h"

#include <iterator>

#include "fakes/tls_server.h"
#include "unit/check_support.h"
#include "unit/x509/lab_certificates.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

// GnuTLS asks the machine's clock.
CertificatePlan today(CertificatePlan plan) {
  plan.from = wall_time() - kDay;
  plan.until = wall_time() + kDay;
  return plan;
}

CertificatePlan last_week(CertificatePlan plan) {
  plan.from = wall_time() - 8 * kDay;
  plan.until = wall_time() - kDay;
  return plan;
}

std::string pem_of(const LabCertificate& certificate) {
  gnutls_datum_t out{nullptr, 0};
  ck_assert(gnutls_x509_crt_export2(certificate.handle.get(), GNUTLS_X509_FMT_PEM, &out) == 0);
  std::unique_ptr<unsigned char, GnutlsFree> owner(out.data);
  return std::string(as_text(to_bytes(out)));
}

struct World {
  LabCertificate root = issue(today({.subject = "Root", .ca = true}), nullptr);
  LabCertificate other = issue(today({.subject = "Other root", .ca = true}), nullptr);
  LabCertificate old_ca = issue(last_week({.subject = "Old CA", .ca = true}), &root);
  TemporaryFile anchors{pem_of(root)};

  WebpkiVerdict judge(const PeerChain& chain, const std::string& host = "mx.dom.lab") const {
    return judge_webpki({chain, host, anchors.path(), wall_time()});
  }
};

struct Row {
  const char* what;
  CertificatePlan plan;
  std::optional<FailureType> failure;
};

CertificatePlan named(std::vector<std::string> names, const char* subject = "leaf") {
  return today({.subject = subject, .dns_names = std::move(names)});
}

const FailureType kOtherName = FailureType::CertificateHostMismatch;

const Row kRows[] = {
    {"another name", named({"mx2.dom.lab"}), kOtherName},
    {"the domain alone", named({"dom.lab"}), kOtherName},
    {"a wildcard of two labels", named({"*.lab"}), kOtherName},
    {"a wildcard within a label", named({"m*.dom.lab"}), kOtherName},
    // RFC 8461 4.2 has a dNSName; a common name does not take its place.
    {"a common name", named({}, "mx.dom.lab"), kOtherName},
    {"a common name beside another dNSName", named({"a.lab"}, "mx.dom.lab"), kOtherName},
    {"a NUL in the name", named({std::string("mx.dom.lab\0.evil.lab", 20)}), kOtherName},
    {"expired", last_week({.subject = "leaf", .dns_names = {"mx.dom.lab"}}),
     FailureType::CertificateExpired},
    {"for clients only",
     today({.subject = "leaf", .dns_names = {"mx.dom.lab"}, .purpose = GNUTLS_KP_TLS_WWW_CLIENT}),
     FailureType::CertificateNotTrusted},
    {"the name", named({"mx.dom.lab"}), std::nullopt},
    {"the name in capitals", named({"MX.Dom.LAB"}), std::nullopt},
    {"the name among others", named({"a.lab", "mx.dom.lab"}), std::nullopt},
    {"a wildcard", named({"*.dom.lab"}), std::nullopt},
};

}  // namespace

START_TEST(names_and_dates) {
  const Row& row = kRows[_i];
  World world;
  const auto leaf = issue(row.plan, &world.root);
  const auto verdict = world.judge({leaf.der});
  ck_assert_msg(verdict.failure.has_value() == row.failure.has_value(), "%s: %s", row.what,
                verdict.why.c_str());
  if (row.failure) ck_assert_msg(verdict.failure->type == *row.failure, "%s", row.what);
  if (!row.failure) ck_assert_msg(verdict.issuer == world.root.der, "%s", row.what);
}
END_TEST

START_TEST(nobody_s_certificate) {
  World world;
  const auto self = issue(named({"mx.dom.lab"}), nullptr);
  const auto foreign = issue(named({"mx.dom.lab"}), &world.other);
  for (const PeerChain& chain :
       {PeerChain{self.der}, PeerChain{foreign.der}, PeerChain{foreign.der, world.other.der},
        PeerChain{foreign.der, world.root.der}, PeerChain{Bytes(10, 7)}, PeerChain{}}) {
    const auto verdict = world.judge(chain);
    ck_assert(verdict.failure && verdict.failure->type == FailureType::CertificateNotTrusted);
    ck_assert(!verdict.why.empty() && verdict.issuer.empty());
  }
}
END_TEST

START_TEST(an_issuer_that_has_expired) {
  World world;
  const auto leaf = issue(named({"mx.dom.lab"}), &world.old_ca);
  const auto verdict = world.judge({leaf.der, world.old_ca.der});
  ck_assert(verdict.failure && verdict.failure->type == FailureType::CertificateExpired);
}
END_TEST

// Nothing of it changes from one time to the next, for whoever counts reports.
START_TEST(texts_of_reports) {
  World world;
  const auto leaf = issue(named({"mx2.dom.lab"}), &world.root);
  const auto verdict = world.judge({leaf.der});
  assert_text(verdict.failure->text, "the certificate is for another name");
  assert_text(verdict.why, "the certificate is for another name: not for mx.dom.lab");
  ck_assert(world.judge({leaf.der}, "").failure.has_value());
}
END_TEST

START_TEST(without_anchors_nobody_is_trusted) {
  World world;
  const auto leaf = issue(named({"mx.dom.lab"}), &world.root);
  const PeerChain chain{leaf.der};
  ck_assert(judge_webpki({chain, "mx.dom.lab", "/nowhere", wall_time()}).failure.has_value());
  ck_assert(judge_webpki({chain, "mx.dom.lab", "system", wall_time()}).failure.has_value());
}
END_TEST

int main() {
  Suite* suite = suite_create("webpki_judge");
  TCase* tc = tcase_create("certificates");
  tcase_add_loop_test(tc, names_and_dates, 0, std::size(kRows));
  tcase_add_test(tc, nobody_s_certificate);
  tcase_add_test(tc, an_issuer_that_has_expired);
  tcase_add_test(tc, texts_of_reports);
  tcase_add_test(tc, without_anchors_nobody_is_trusted);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// Which responses are believed: for each accepted one the nearest that must be refused. Every row
// is also the proof that the GnuTLS call behind it rejects wrong input. RFC 6960 3.2 and 4.2, RFC
// 7633.
#include "tls/ocsp_staple.h"

#include <algorithm>
#include <iterator>

#include "unit/tls/lab_ocsp.h"
#include "x509/certificate.h"

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using enum OcspAnswer;

constexpr minutes kSkew = kOcspClockSkew;
constexpr seconds kMore{1};

CertificatePlan delegate_plan() {
  return {.subject = "Lab OCSP", .purpose = "1.3.6.1.5.5.7.3.9"};
}

// One lab for all rows: what a response may wrongly be about or signed by.
struct World {
  Lab lab;
  LabCertificate other_leaf = issue({.subject = "leaf"}, &lab.issuer);
  LabCertificate other_ca = issue({.subject = "Lab issuing CA", .ca = true}, nullptr);
  LabCertificate delegate = issue(delegate_plan(), &lab.issuer);
  LabCertificate purposeless = issue({.subject = "Lab OCSP"}, &lab.issuer);

  LabCertificate delegate_with(CertificatePlan plan, const LabCertificate* by = nullptr) const {
    return issue(plan, by ? by : &lab.issuer);
  }
  ResponsePlan good() const { return good_response(lab.leaf, lab.issuer); }
  ResponsePlan delegated(const LabCertificate& signer) const {
    auto plan = good();
    plan.signer = &signer;
    plan.certificates = {&signer};
    return plan;
  }
  OcspVerdict ask(ByteView response) const {
    return verify_ocsp({response, lab.leaf.der, lab.issuer.der, kNow});
  }
};

const World& world() {
  static const World instance;
  return instance;
}

Bytes changed(void (*change)(ResponsePlan&)) {
  auto plan = world().good();
  change(plan);
  return make_response(plan);
}

Bytes by_delegate(const CertificatePlan& plan, const LabCertificate* by = nullptr) {
  auto signer = world().delegate_with(plan, by);
  return make_response(world().delegated(signer));
}

Bytes with_singles(std::size_t count, SingleResponse last) {
  auto plan = world().good();
  plan.singles.assign(count - 1, {&world().other_leaf, &world().lab.issuer});
  plan.singles.push_back(last);
  return make_response(plan);
}

Bytes flipped(std::size_t from_end) {
  Bytes response = make_response(world().good());
  response.at(response.size() - from_end) ^= 1;
  return response;
}

SingleResponse ours(SingleStatus status = SingleStatus::Good) {
  return {&world().lab.leaf, &world().lab.issuer, status};
}

struct Row {
  const char* name;
  OcspAnswer expected;
  const char* reason;  // a part of it; "": none at all
  Bytes (*response)();
};

const Row kRows[] = {
    {"nothing came", Absent, "", [] { return Bytes(); }},
    {"by the issuer", Good, "", [] { return make_response(world().good()); }},
    {"ids by SHA-256", Good, "",
     [] { return changed([](ResponsePlan& p) { p.singles[0].hash = OcspHash::Sha256; }); }},
    {"revoked", Revoked, "is revoked",
     [] { return changed([](ResponsePlan& p) { p.singles[0].status = SingleStatus::Revoked; }); }},
    {"unknown", Unknown, "does not know",
     [] { return changed([](ResponsePlan& p) { p.singles[0].status = SingleStatus::Unknown; }); }},

    // The certificate id.
    {"another serial number", Invalid, "another certificate",
     [] { return changed([](ResponsePlan& p) {
            p.singles[0].serial = {9, 9};
          }); }},
    {"another certificate of the issuer", Invalid, "another certificate",
     [] {
       return changed([](ResponsePlan& p) { p.singles[0].certificate = &world().other_leaf; });
     }},
    {"another issuer's name", Invalid, "another certificate",
     [] { return changed([](ResponsePlan& p) {
            p.singles[0].issuer_name = {0x30, 0};
          }); }},
    {"another issuer's key under the same name", Invalid, "another certificate",
     [] { return changed([](ResponsePlan& p) { p.singles[0].issuer = &world().other_ca; }); }},
    {"no certificate at all", Invalid, "another certificate",
     [] { return changed([](ResponsePlan& p) { p.singles.clear(); }); }},

    // Several.
    {"ours is the last of 16", Good, "", [] { return with_singles(16, ours()); }},
    {"ours is the last of 17", Invalid, "more than 16", [] { return with_singles(17, ours()); }},
    {"good and revoked", Revoked, "is revoked",
     [] {
       return changed([](ResponsePlan& p) { p.singles.push_back(ours(SingleStatus::Revoked)); });
     }},
    {"good, and another is revoked", Good, "",
     [] {
       return changed([](ResponsePlan& p) {
         p.singles.push_back({&world().other_leaf, &world().lab.issuer, SingleStatus::Revoked});
       });
     }},
    {"outdated and good", Good, "",
     [] {
       return changed([](ResponsePlan& p) {
         p.singles.push_back(p.singles[0]);
         p.singles[0].next_update = kNow - minutes(59);
       });
     }},

    // The time.
    {"begins in five minutes", Good, "",
     [] { return changed([](ResponsePlan& p) { p.singles[0].this_update = kNow + kSkew; }); }},
    {"begins a second later", Invalid, "not valid yet",
     [] {
       return changed([](ResponsePlan& p) { p.singles[0].this_update = kNow + kSkew + kMore; });
     }},
    {"ended five minutes ago", Good, "",
     [] { return changed([](ResponsePlan& p) { p.singles[0].next_update = kNow - kSkew; }); }},
    {"ended a second before", Invalid, "has expired",
     [] {
       return changed([](ResponsePlan& p) { p.singles[0].next_update = kNow - kSkew - kMore; });
     }},
    {"has no end", Invalid, "until when",
     [] { return changed([](ResponsePlan& p) { p.singles[0].next_update.reset(); }); }},
    {"ends before it begins", Invalid, "ends before",
     [] {
       return changed(
           [](ResponsePlan& p) { p.singles[0].next_update = p.singles[0].this_update - kMore; });
     }},
    {"revoked, but outdated", Invalid, "has expired",
     [] {
       return changed([](ResponsePlan& p) {
         p.singles[0].status = SingleStatus::Revoked;
         p.singles[0].next_update = kNow - minutes(59);
       });
     }},

    // The signature.
    {"the issuer sends itself along", Good, "",
     [] { return changed([](ResponsePlan& p) { p.certificates = {&world().lab.issuer}; }); }},
    {"by another CA of the same name", Invalid, "not signed",
     [] { return changed([](ResponsePlan& p) { p.signer = &world().other_ca; }); }},
    {"by another CA, which sends itself along", Invalid, "not certified by the issuer",
     [] { return make_response(world().delegated(world().other_ca)); }},
    {"by the server itself", Invalid, "not for OCSP signing",
     [] { return make_response(world().delegated(world().lab.leaf)); }},
    {"by the issuer's issuer", Invalid, "not certified by the issuer",
     [] { return make_response(world().delegated(world().lab.upper)); }},
    {"a bit of the signature is wrong", Invalid, "not signed", [] { return flipped(1); }},
    {"a SHA-1 signature", Invalid, "not signed",
     [] { return changed([](ResponsePlan& p) { p.hash = GNUTLS_DIG_SHA1; }); }},

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
     [] { return by_delegate({.subject = "Lab OCSP", .purpose = GNUTLS_KP_ANY}); }},
    {"by a delegate for TLS servers", Invalid, "not for OCSP signing",
     [] { return by_delegate({.subject = "Lab OCSP", .purpose = GNUTLS_KP_TLS_WWW_SERVER}); }},
    {"by a delegate of another CA of the same name", Invalid, "not certified by the issuer",
     [] { return by_delegate(delegate_plan(), &world().other_ca); }},
    {"by a delegate of the issuer's issuer", Invalid, "not certified by the issuer",
     [] { return by_delegate(delegate_plan(), &world().lab.upper); }},
    {"by a delegate that ends now", Good, "",
     [] {
       auto plan = delegate_plan();
       plan.until = kNow;
       return by_delegate(plan);
     }},
    {"by a delegate that ended a second ago", Invalid, "signer's certificate has expired",
     [] {
       auto plan = delegate_plan();
       plan.until = kNow - kMore;
       return by_delegate(plan);
     }},
    {"by a delegate with a signing key", Good, "",
     [] {
       auto plan = delegate_plan();
       plan.key_usage = GNUTLS_KEY_DIGITAL_SIGNATURE;
       return by_delegate(plan);
     }},
    {"by a delegate with a key for encryption", Invalid, "not for signatures",
     [] {
       auto plan = delegate_plan();
       plan.key_usage = GNUTLS_KEY_KEY_ENCIPHERMENT;
       return by_delegate(plan);
     }},
    {"by a delegate signed with SHA-1", Invalid, "not certified by the issuer",
     [] {
       auto plan = delegate_plan();
       plan.hash = GNUTLS_DIG_SHA1;
       return by_delegate(plan);
     }},
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

    // The form.
    {"an extension that nobody knows", Good, "",
     [] { return changed([](ResponsePlan& p) { p.extension = "1.2.3.4"; }); }},
    {"a critical extension that nobody knows", Invalid, "critical extension 1.2.3.4",
     [] {
       return changed([](ResponsePlan& p) {
         p.extension = "1.2.3.4";
         p.critical = true;
       });
     }},
    {"an octet too many", Invalid, "malformed",
     [] {
       Bytes response = make_response(world().good());
       response.push_back(0);
       return response;
     }},
    {"no response at all", Invalid, "malformed", [] { return Bytes(100, 'x'); }},
    {"a certificate instead", Invalid, "malformed", [] { return world().lab.leaf.der; }},
    {"16384 octets of nothing", Invalid, "malformed", [] { return Bytes(16384, 0x30); }},
    {"16385 octets", Invalid, "16385 octets", [] { return Bytes(16385, 0x30); }},
    {"malformed request", Absent, "malformed request",
     [] { return changed([](ResponsePlan& p) { p.status = 1; }); }},
    {"internal error", Absent, "internal error",
     [] { return changed([](ResponsePlan& p) { p.status = 2; }); }},
    {"try later", Absent, "try later",
     [] { return changed([](ResponsePlan& p) { p.status = 3; }); }},
    {"an error that does not exist", Invalid, "malformed",
     [] { return changed([](ResponsePlan& p) { p.status = 4; }); }},
    {"signature required", Absent, "signature required",
     [] { return changed([](ResponsePlan& p) { p.status = 5; }); }},
    {"unauthorized", Absent, "unauthorized",
     [] { return changed([](ResponsePlan& p) { p.status = 6; }); }},
};

struct Staple {
  const char* name;
  bool expected;
  std::vector<std::uint8_t> features;
};

const Staple kStaples[] = {
    {"no extension", false, {}},        {"feature 5", true, {5}},
    {"feature 17", true, {17}},         {"both, after another", true, {1, 17, 5}},
    {"neither of the two", false, {6}},
};

}  // namespace

// tests D-122, D-128, RFC 6960 3.2, RFC 6960 4.2.2.2
START_TEST(what_a_response_is_worth) {
  const Row& row = kRows[_i];
  auto verdict = world().ask(row.response());
  ck_assert_msg(verdict.answer == row.expected, "%s: another answer (%s)", row.name,
                verdict.reason.c_str());
  ck_assert_msg(verdict.reason.empty() == (*row.reason == '\0'), "%s: \"%s\"", row.name,
                verdict.reason.c_str());
  assert_contains(verdict.reason, row.reason);
}
END_TEST

// tests D-123: cut off anywhere, or with any one octet changed, it is never Good
START_TEST(a_damaged_response_is_never_good) {
  const Bytes whole = make_response(world().delegated(world().delegate));
  for (std::size_t size = 1; size < whole.size(); ++size) {
    auto verdict = world().ask(ByteView(whole).first(size));
    ck_assert_msg(verdict.answer == Invalid, "the first %zu octets", size);
  }
  // GnuTLS encodes the signer's certificate anew, so a wrong length in it may do no harm.
  const auto& signer = world().delegate.der;
  const auto certificate = std::search(whole.begin(), whole.end(), signer.begin(), signer.end());
  const auto before = static_cast<std::size_t>(certificate - whole.begin());
  ck_assert_uint_eq(before + signer.size(), whole.size());
  for (std::size_t at = 0; at < whole.size(); ++at) {
    Bytes damaged = whole;
    damaged[at] ^= 0x55;
    auto answer = world().ask(damaged).answer;
    ck_assert_msg(answer != Revoked && answer != Unknown, "octet %zu", at);
    ck_assert_msg(answer != Good || at >= before, "octet %zu of %zu", at, before);
  }
}
END_TEST

// What the owner of a proof needs to know to renew it in time.
START_TEST(the_times_of_a_proof) {
  auto verdict = world().ask(make_response(world().delegated(world().delegate)));
  ck_assert(verdict.answer == Good);
  ck_assert(verdict.this_update == kNow - std::chrono::hours(1));
  ck_assert(verdict.next_update == kNow + std::chrono::hours(1));
  ck_assert(verdict.signer_until == kNow + 10 * kDay);
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

START_TEST(certificates_that_cannot_be_read) {
  const Bytes response = make_response(world().good());
  const Bytes junk(10, 1);
  const auto& lab = world().lab;
  ck_assert(verify_ocsp({response, junk, lab.issuer.der, kNow}).answer == Invalid);
  ck_assert(verify_ocsp({response, lab.leaf.der, junk, kNow}).answer == Invalid);
}
END_TEST

// tests RFC 7633 4, D-125
START_TEST(must_staple) {
  const Staple& row = kStaples[_i];
  auto certificate = issue({.subject = "leaf", .tls_features = row.features}, &world().lab.issuer);
  ck_assert_msg(is_must_staple(certificate.der) == row.expected, "%s", row.name);
}
END_TEST

START_TEST(must_staple_of_no_certificate) {
  ck_assert(!is_must_staple(Bytes(10, 1)));
}
END_TEST

int main() {
  Suite* suite = suite_create("ocsp_staple");
  TCase* cases = tcase_create("responses");
  tcase_set_timeout(cases, 60);
  tcase_add_loop_test(cases, what_a_response_is_worth, 0, std::size(kRows));
  tcase_add_test(cases, a_damaged_response_is_never_good);
  tcase_add_test(cases, the_times_of_a_proof);
  tcase_add_test(cases, an_issuer_that_is_a_bare_key);
  tcase_add_test(cases, certificates_that_cannot_be_read);
  tcase_add_loop_test(cases, must_staple, 0, std::size(kStaples));
  tcase_add_test(cases, must_staple_of_no_certificate);
  suite_add_tcase(suite, cases);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// The verdict: which usage decides, names, dates, keys and digests, and what is said about a
// failure. Each row that accepts stands next to the row nearest to it that must be refused.
#include "dane/dane_verify.h"

#include <iterator>

#include "unit/dane/verdict_case.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

// A chain up to the issuer, changed, and a record of this form for the leaf (usage 3) or the
// issuer.
Asked short_chain(const char* form, void (*change)(LabPlans&) = nullptr,
                  std::vector<std::string> names = {"mx.lab"}) {
  LabPlans plans;
  if (change != nullptr) change(plans);
  Lab lab(plans);
  const Bytes& subject = form[0] == '3' ? lab.leaf.der : lab.issuer.der;
  return {{lab.leaf.der, lab.issuer.der}, {record_for(form, subject)}, std::move(names)};
}

Asked wrong_digest(const char* form) {
  Asked asked = short_chain(form);
  asked.records[0].data.back() ^= 1;
  return asked;
}

// The leaf bears `san` (no dNSName when empty), and the reference identifier is `reference`.
Asked named(const std::string& san, const std::string& reference, const std::string& cn = "leaf") {
  LabPlans plans;
  plans.leaf.subject = cn;
  plans.leaf.dns_names.clear();
  if (!san.empty()) plans.leaf.dns_names.push_back(san);
  Lab lab(plans);
  return {{lab.leaf.der, lab.issuer.der}, {record_for("2 1 1", lab.issuer.der)}, {reference}};
}

// The leaf's CN is the name; `change` gives it further names.
Asked cn_beside(void (*change)(LabPlans&)) {
  LabPlans plans;
  plans.leaf.subject = "mx.lab";
  plans.leaf.dns_names.clear();
  change(plans);
  Lab lab(plans);
  return {{lab.leaf.der, lab.issuer.der}, {record_for("2 1 1", lab.issuer.der)}};
}

// As a directory writes its entries: CN=host, CN=Computers.
Asked two_common_names(const std::string& first, const std::string& second) {
  LabPlans plans;
  plans.leaf.subject = first;
  plans.leaf.second_subject = second;
  plans.leaf.dns_names.clear();
  Lab lab(plans);
  return {{lab.leaf.der, lab.issuer.der}, {record_for("2 1 1", lab.issuer.der)}};
}

constexpr auto kMismatch = DaneFailure::HostMismatch;
constexpr auto kExpired = DaneFailure::Expired;

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
    {"3 0 0", accepted(0), [] { return short_chain("3 0 0"); }},
    {"3 0 1", accepted(0), [] { return short_chain("3 0 1"); }},
    {"3 0 1, wrong", refused(), [] { return wrong_digest("3 0 1"); }},
    {"3 0 2", accepted(0), [] { return short_chain("3 0 2"); }},
    {"3 0 2, wrong", refused(), [] { return wrong_digest("3 0 2"); }},
    {"3 1 0", accepted(0), [] { return short_chain("3 1 0"); }},
    {"3 1 1", accepted(0), [] { return short_chain("3 1 1"); }},
    {"3 1 1, wrong", refused(), [] { return wrong_digest("3 1 1"); }},
    {"3 1 2", accepted(0), [] { return short_chain("3 1 2"); }},
    {"3 1 2, wrong", refused(), [] { return wrong_digest("3 1 2"); }},
    {"3 x x of another certificate, in full", refused(),
     [] {
       Asked a = short_chain("3 0 0");
       a.records[0] = record_for("3 0 0", a.chain[1]);
       return a;
     }},
    {"2 0 0", accepted(1), [] { return short_chain("2 0 0"); }},
    {"2 0 1", accepted(1), [] { return short_chain("2 0 1"); }},
    {"2 0 1, wrong", refused(), [] { return wrong_digest("2 0 1"); }},
    {"2 0 2", accepted(1), [] { return short_chain("2 0 2"); }},
    {"2 0 2, wrong", refused(), [] { return wrong_digest("2 0 2"); }},
    {"2 1 0", accepted(1), [] { return short_chain("2 1 0"); }},
    {"2 1 1", accepted(1), [] { return short_chain("2 1 1"); }},
    {"2 1 1, wrong", refused(), [] { return wrong_digest("2 1 1"); }},
    {"2 1 2", accepted(1), [] { return short_chain("2 1 2"); }},
    {"2 1 2, wrong", refused(), [] { return wrong_digest("2 1 2"); }},
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
    // tests D-081: usage 3 looks at nothing but the record
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
    // tests D-076, D-077, D-080: sets of records
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
    {"mixed: usage 2 matches but the name does not", refused(kMismatch),
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

const VerdictCase kNames[] = {
    // tests D-083, D-088 to D-091
    {"the name", accepted(1), [] { return named("mx.lab", "mx.lab"); }},
    {"another name", refused(kMismatch), [] { return named("mx2.lab", "mx.lab"); }},
    {"a name that begins so", refused(kMismatch), [] { return named("mx.lab.example", "mx.lab"); }},
    {"a name that ends so", refused(kMismatch), [] { return named("a.mx.lab", "mx.lab"); }},
    {"upper case in the certificate", accepted(1), [] { return named("MX.Lab", "mx.lab"); }},
    {"upper case in the reference", accepted(1), [] { return named("mx.lab", "MX.LAB"); }},
    {"the second reference", accepted(1),
     [] {
       Asked a = named("mx.lab", "example.lab");
       a.names.emplace_back("mx.lab");
       return a;
     }},
    {"no reference", refused(kMismatch),
     [] {
       Asked a = named("mx.lab", "mx.lab");
       a.names.clear();
       return a;
     }},
    {"no name", refused(kMismatch), [] { return named("", "mx.lab"); }},
    {"a wildcard", accepted(1), [] { return named("*.mail.lab", "mx.mail.lab"); }},
    {"a wildcard for two labels", refused(kMismatch),
     [] { return named("*.mail.lab", "a.mx.mail.lab"); }},
    {"a wildcard for no label", refused(kMismatch), [] { return named("*.mail.lab", "mail.lab"); }},
    {"a wildcard inside a label", refused(kMismatch),
     [] { return named("m*.mail.lab", "mx.mail.lab"); }},
    {"a wildcard at a label's start", refused(kMismatch),
     [] { return named("*x.mail.lab", "mx.mail.lab"); }},
    {"a wildcard in the second label", refused(kMismatch),
     [] { return named("mx.*.lab", "mx.mail.lab"); }},
    {"a wildcard for everything", refused(kMismatch), [] { return named("*", "mx"); }},
    {"a wildcard for a whole top-level domain", refused(kMismatch),
     [] { return named("*.lab", "mx.lab"); }},
    {"the CN, without any dNSName", accepted(1), [] { return named("", "mx.lab", "mx.lab"); }},
    {"the CN, with another dNSName", refused(kMismatch),
     [] { return named("mx2.lab", "mx.lab", "mx.lab"); }},
    {"the CN is another's", refused(kMismatch), [] { return named("", "mx.lab", "mx2.lab"); }},
    {"a NUL octet in the dNSName", refused(kMismatch),
     [] { return named(std::string("mx.lab\0.evil.example", 20), "mx.lab"); }},
    {"a NUL octet at the end of the dNSName", refused(kMismatch),
     [] { return named(std::string("mx.lab\0", 7), "mx.lab"); }},
    {"a NUL octet in the CN", refused(kMismatch),
     [] { return named("", "mx.lab", std::string("mx.lab\0.evil.example", 20)); }},
    {"a NUL octet at the end of the CN", refused(kMismatch),
     [] { return named("", "mx.lab", std::string("mx.lab\0", 7)); }},
    // tests D-088: names of other kinds leave the CN its say
    {"the CN beside an address", accepted(1),
     [] { return cn_beside([](LabPlans& p) { p.leaf.ip_address = "\xc0\x00\x02\x01"; }); }},
    {"the CN beside a URI", accepted(1),
     [] { return cn_beside([](LabPlans& p) { p.leaf.uri = "smtp://mx2.lab"; }); }},
    {"the CN beside an e-mail address", accepted(1),
     [] { return cn_beside([](LabPlans& p) { p.leaf.mail_name = "a@mx2.lab"; }); }},
    {"the CN beside a dNSName and an address", refused(kMismatch),
     [] {
       return cn_beside([](LabPlans& p) {
         p.leaf.ip_address = "\xc0\x00\x02\x01";
         p.leaf.dns_names = {"mx2.lab"};
       });
     }},
    {"the CN beside a dNSName of 300 octets", refused(kMismatch),
     [] { return cn_beside([](LabPlans& p) { p.leaf.dns_names = {std::string(300, 'x')}; }); }},
    {"the dNSName behind one of 300 octets", accepted(1),
     [] {
       return cn_beside([](LabPlans& p) { p.leaf.dns_names = {std::string(300, 'x'), "mx.lab"}; });
     }},
    {"the CN beside a dNSName with a NUL octet", refused(kMismatch),
     [] {
       return cn_beside([](LabPlans& p) { p.leaf.dns_names = {std::string("mx.lab\0", 7)}; });
     }},
    {"a wildcard in the CN", accepted(1), [] { return named("", "mx.mail.lab", "*.mail.lab"); }},
    {"the CN in upper case", accepted(1), [] { return named("", "mx.lab", "MX.LAB"); }},
    {"the first of two CNs", accepted(1), [] { return two_common_names("mx.lab", "Computers"); }},
    {"the second of two CNs", accepted(1), [] { return two_common_names("Computers", "mx.lab"); }},
    {"neither of two CNs", refused(kMismatch),
     [] { return two_common_names("Computers", "mx2.lab"); }},
    {"D-082 a constraint on names excludes the CN beside an address", refused(),
     [] {
       return cn_beside([](LabPlans& p) {
         p.issuer.excluded_dns = "lab";
         p.leaf.ip_address = "\xc0\x00\x02\x01";
       });
     }},
    {"an A-label", accepted(1),
     [] {
       return named("xn--bcher-kva.lab",
                    "b\xc3\xbc"
                    "cher.lab");
     }},
    {"another A-label", refused(kMismatch),
     [] {
       return named("xn--bcher-kvb.lab",
                    "b\xc3\xbc"
                    "cher.lab");
     }},
    {"the name as an e-mail address", refused(kMismatch),
     [] {
       return short_chain("2 1 1", [](LabPlans& p) {
         p.leaf.dns_names.clear();
         p.leaf.mail_name = "mx.lab";
       });
     }},
    {"the name as a URI", refused(kMismatch),
     [] {
       return short_chain("2 1 1", [](LabPlans& p) {
         p.leaf.dns_names.clear();
         p.leaf.uri = "smtp://mx.lab";
       });
     }},
    {"an IP address for a name", refused(kMismatch),
     [] {
       return short_chain("2 1 1",
                          [](LabPlans& p) {
                            p.leaf.dns_names.clear();
                            p.leaf.ip_address = "mx.l";
                          },
                          {"mx.l"});
     }},
    {"the wrong name and no trust", refused(),
     [] {
       Asked a = named("mx2.lab", "mx.lab");
       a.records[0].data[0] ^= 1;
       return a;
     }},
};

Asked dated(WallTime from, WallTime until) {
  LabPlans plans;
  plans.leaf.from = from;
  plans.leaf.until = until;
  Lab lab(plans);
  return {{lab.leaf.der, lab.issuer.der}, {record_for("2 1 1", lab.issuer.der)}};
}

const VerdictCase kDates[] = {
    // tests D-082
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

void all_keys(LabPlans& plans, KeyKind kind) {
  plans.issuer.kind = plans.leaf.kind = kind;
}

// A key of this kind in leaf and issuer: both usages match, and a leaf by another issuer's key of
// the same kind, under the same names, does not.
Asked impostor(void (*change)(LabPlans&)) {
  LabPlans plans;
  change(plans);
  plans.leaf.key_ids = plans.issuer.key_ids = false;
  Lab lab(plans);
  Lab other(plans);
  return {{other.leaf.der, lab.issuer.der}, {record_for("2 0 1", lab.issuer.der)}};
}

const VerdictCase kAlgorithms[] = {
    {"RSA 1024", accepted(1),
     [] { return short_chain("2 1 1", [](LabPlans& p) { all_keys(p, KeyKind::Rsa1024); }); }},
    {"RSA 768", refused(),
     [] { return short_chain("2 1 1", [](LabPlans& p) { all_keys(p, KeyKind::Rsa768); }); }},
    {"RSA 768 in the issuer only", refused(),
     [] { return short_chain("2 1 1", [](LabPlans& p) { p.issuer.kind = KeyKind::Rsa768; }); }},
    {"RSA-PSS", accepted(1),
     [] { return short_chain("2 1 0", [](LabPlans& p) { all_keys(p, KeyKind::RsaPss); }); }},
    {"RSA-PSS, usage 3", accepted(0),
     [] { return short_chain("3 1 1", [](LabPlans& p) { all_keys(p, KeyKind::RsaPss); }); }},
    {"RSA-PSS, another issuer's key", refused(),
     [] { return impostor([](LabPlans& p) { all_keys(p, KeyKind::RsaPss); }); }},
    {"Ed25519", accepted(1),
     [] { return short_chain("2 1 0", [](LabPlans& p) { all_keys(p, KeyKind::Ed25519); }); }},
    {"Ed25519, another issuer's key", refused(),
     [] { return impostor([](LabPlans& p) { all_keys(p, KeyKind::Ed25519); }); }},
    {"Ed448", accepted(1),
     [] { return short_chain("2 1 1", [](LabPlans& p) { all_keys(p, KeyKind::Ed448); }); }},
    {"Ed448, usage 3", accepted(0),
     [] { return short_chain("3 1 2", [](LabPlans& p) { all_keys(p, KeyKind::Ed448); }); }},
    {"Ed448, another issuer's key", refused(),
     [] { return impostor([](LabPlans& p) { all_keys(p, KeyKind::Ed448); }); }},
    {"P-521", accepted(1),
     [] { return short_chain("2 1 0", [](LabPlans& p) { all_keys(p, KeyKind::P521); }); }},
    {"P-521, another issuer's key", refused(),
     [] { return impostor([](LabPlans& p) { all_keys(p, KeyKind::P521); }); }},
    {"P-256, another issuer's key", refused(), [] { return impostor([](LabPlans&) {}); }},
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

START_TEST(usages) {
  assert_verdict(kUsages[_i]);
}
END_TEST
START_TEST(names) {
  assert_verdict(kNames[_i]);
}
END_TEST
START_TEST(dates) {
  assert_verdict(kDates[_i]);
}
END_TEST
START_TEST(algorithms) {
  assert_verdict(kAlgorithms[_i]);
}
END_TEST

START_TEST(a_match_says_what_matched) {
  Asked ee = short_chain("3 1 1");
  auto match = verdict_on(ee).match;
  ck_assert(match->record == ee.records[0]);
  assert_text(match->name, "");  // D-081
  Asked ta = short_chain("2 0 2", nullptr, {"other.lab", "mx.lab"});
  match = verdict_on(ta).match;
  ck_assert(match->record == ta.records[0]);
  assert_text(match->name, "mx.lab");
}
END_TEST

START_TEST(a_failure_says_why_and_what_was_presented) {
  Asked asked = wrong_digest("3 1 1");
  asked.records.push_back(assert_ok(parse_tlsa_text("1 1 1 00")));
  asked.records.push_back(record_for("2 0 1", asked.chain[0]));
  asked.chain.push_back({1, 2, 3});
  auto verdict = verdict_on(asked);
  ck_assert_uint_eq(verdict.details.size(), 6);
  assert_text(verdict.details[0], to_text(asked.records[0]) + ": not the server's certificate");
  assert_text(verdict.details[1], "1 1 1 00: unusable: usage 1 is not for SMTP");
  assert_contains(verdict.details[2], ": the server's own certificate, of which usage 3 speaks");
  asked.records[2].data[0] ^= 1;
  assert_contains(verdict_on(asked).details[2], ": no trust anchor for what the server presented");
  assert_text(verdict.details[3], "presented: " + to_text(record_for("3 1 1", asked.chain[0])));
  assert_text(verdict.details[4], "presented: " + to_text(record_for("2 1 1", asked.chain[1])));
  assert_text(verdict.details[5], "presented: octets that are not a certificate");
}
END_TEST

START_TEST(a_digest_set_aside_is_called_so) {
  Asked asked = short_chain("3 1 1");
  asked.records.push_back(record_for("3 1 2", asked.chain[1]));
  assert_contains(verdict_on(asked).details[0], "set aside for a stronger digest");
}
END_TEST

START_TEST(full_data_is_shown_in_part) {
  Asked asked = short_chain("3 0 0");
  asked.records[0] = record_for("3 0 0", asked.chain[1]);
  std::string detail = verdict_on(asked).details[0];
  assert_contains(detail, "...: not the server's certificate");
  ck_assert_uint_lt(detail.size(), 200);
}
END_TEST

START_TEST(a_mismatch_names_the_expected_names) {
  assert_contains(verdict_on(short_chain("2 1 1", nullptr, {"a.lab", "b.lab"})).reason,
                  "a.lab, b.lab");
}
END_TEST

int main() {
  Suite* suite = suite_create("dane_verify");
  TCase* tc = tcase_create("verdict");
  tcase_set_timeout(tc, 20);
  tcase_add_loop_test(tc, usages, 0, static_cast<int>(std::size(kUsages)));
  tcase_add_loop_test(tc, names, 0, static_cast<int>(std::size(kNames)));
  tcase_add_loop_test(tc, dates, 0, static_cast<int>(std::size(kDates)));
  tcase_add_loop_test(tc, algorithms, 0, static_cast<int>(std::size(kAlgorithms)));
  tcase_add_test(tc, a_match_says_what_matched);
  tcase_add_test(tc, a_failure_says_why_and_what_was_presented);
  tcase_add_test(tc, a_digest_set_aside_is_called_so);
  tcase_add_test(tc, full_data_is_shown_in_part);
  tcase_add_test(tc, a_mismatch_names_the_expected_names);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

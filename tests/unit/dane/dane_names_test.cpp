// SPDX-License-Identifier: GPL-2.0-or-later
// Names: the certificate must bear one of those that are asked for, by dNSName or, without any, by
// CN.
#include "dane/dane_verify.h"

#include <iterator>

#include "unit/dane/short_chain_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

constexpr auto kMismatch = DaneFailure::HostMismatch;

// A leaf with this dNSName (none: ""), and what it is asked for.
struct NameCase {
  const char* why;
  bool matches;
  std::string dns_name;
  std::string reference;
  std::string common_name = "leaf";
};

// tests D-083, D-088 to D-091
const NameCase kNames[] = {
    {"the name", true, "mx.lab", "mx.lab"},
    {"another name", false, "mx2.lab", "mx.lab"},
    {"a name that begins so", false, "mx.lab.example", "mx.lab"},
    {"a name that ends so", false, "a.mx.lab", "mx.lab"},
    {"upper case in the certificate", true, "MX.Lab", "mx.lab"},
    {"upper case in the reference", true, "mx.lab", "MX.LAB"},
    {"no name", false, "", "mx.lab"},
    {"a wildcard", true, "*.mail.lab", "mx.mail.lab"},
    {"a wildcard for two labels", false, "*.mail.lab", "a.mx.mail.lab"},
    {"a wildcard for no label", false, "*.mail.lab", "mail.lab"},
    {"a wildcard inside a label", false, "m*.mail.lab", "mx.mail.lab"},
    {"a wildcard at a label's start", false, "*x.mail.lab", "mx.mail.lab"},
    {"a wildcard in the second label", false, "mx.*.lab", "mx.mail.lab"},
    {"a wildcard for everything", false, "*", "mx"},
    {"a wildcard for a whole top-level domain", false, "*.lab", "mx.lab"},
    {"the CN, without any dNSName", true, "", "mx.lab", "mx.lab"},
    {"the CN, with another dNSName", false, "mx2.lab", "mx.lab", "mx.lab"},
    {"the CN is another's", false, "", "mx.lab", "mx2.lab"},
    {"a NUL octet in the dNSName", false, std::string("mx.lab\0.evil.example", 20), "mx.lab"},
    {"a NUL octet at the end of the dNSName", false, std::string("mx.lab\0", 7), "mx.lab"},
    {"a NUL octet in the CN", false, "", "mx.lab", std::string("mx.lab\0.evil.example", 20)},
    {"a NUL octet at the end of the CN", false, "", "mx.lab", std::string("mx.lab\0", 7)},
    {"a wildcard in the CN", true, "", "mx.mail.lab", "*.mail.lab"},
    {"the CN in upper case", true, "", "mx.lab", "MX.LAB"},
    {"an A-label", true, "xn--bcher-kva.lab",
     "b\xc3\xbc"
     "cher.lab"},
    {"another A-label", false, "xn--bcher-kvb.lab",
     "b\xc3\xbc"
     "cher.lab"},
};

// The leaf bears `san` (no dNSName when empty), and the reference identifier is `reference`.
Asked named(const std::string& san, const std::string& reference, const std::string& cn = "leaf") {
  LabPlans plans;
  plans.leaf.subject = cn;
  plans.leaf.dns_names.clear();
  if (!san.empty()) plans.leaf.dns_names.push_back(san);
  return short_chain_of(plans, "2 1 1", {reference});
}

// The leaf's CN is the name; `change` gives it further names.
Asked cn_beside(void (*change)(LabPlans&)) {
  LabPlans plans;
  plans.leaf.subject = "mx.lab";
  plans.leaf.dns_names.clear();
  change(plans);
  return short_chain_of(plans, "2 1 1");
}

// As a directory writes its entries: CN=host, CN=Computers.
Asked two_common_names(const std::string& first, const std::string& second) {
  LabPlans plans;
  plans.leaf.subject = first;
  plans.leaf.second_subject = second;
  plans.leaf.dns_names.clear();
  return short_chain_of(plans, "2 1 1");
}

// tests D-083, D-088: several names, and names of other kinds, which leave the CN its say
const VerdictCase kSeveral[] = {
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

}  // namespace

START_TEST(names) {
  const NameCase& row = kNames[_i];
  assert_verdict({row.why, row.matches ? accepted(1) : refused(kMismatch),
                  [&row] { return named(row.dns_name, row.reference, row.common_name); }});
}
END_TEST

START_TEST(several_names) {
  assert_verdict(kSeveral[_i]);
}
END_TEST

int main() {
  Suite* suite = suite_create("DANE names");
  TCase* tc = tcase_create("verdict");
  tcase_set_timeout(tc, 20);
  tcase_add_loop_test(tc, names, 0, static_cast<int>(std::size(kNames)));
  tcase_add_loop_test(tc, several_names, 0, static_cast<int>(std::size(kSeveral)));
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

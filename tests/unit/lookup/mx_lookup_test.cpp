// SPDX-License-Identifier: GPL-2.0-or-later
#include "lookup/mx_lookup.h"

#include <functional>
#include <iterator>

#include "fakes/fake_resolver.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

const char* security_text(DnsSecurity security) {
  return security == DnsSecurity::Secure ? "secure" : "insecure";
}

std::string result_text(const MxResult& result) {
  struct Visitor {
    std::string operator()(const MxSet& set) const {
      std::string text = security_text(set.security);
      for (const auto& mx : set.hosts)
        text += " " + std::to_string(mx.preference) + ":" + mx.name.text();
      for (const auto& skipped : set.skipped)
        text += " skipped:" + skipped.exchange + (skipped.reason.empty() ? "?" : "");
      return text;
    }
    std::string operator()(const NullMx& null) const {
      return std::string("null ") + security_text(null.security);
    }
    std::string operator()(const ImplicitMx& implicit) const {
      return std::string("implicit ") + security_text(implicit.security);
    }
    std::string operator()(const MxFailed& failed) const { return "failed " + failed.error.text; }
  };
  return std::visit(Visitor{}, result);
}

struct Case {
  const char* name;
  std::function<void(FakeResolver&)> zone;
  const char* result;
  const char* expanded;
  const char* role_of_mx;     // of mx.lab
  const char* role_of_other;  // of other.lab
  const char* role_of_self;   // of a.lab
};

constexpr const char* kNoRole = "-";

const Case kCases[] = {
    // tests D-005, D-038
    {"bogus",
     [](auto& dns) {
       dns.failures = {{"MX a.lab", {ErrorKind::DnsBogus, "bogus"}}};
     },
     "failed bogus", "a.lab", kNoRole, kNoRole, kNoRole},
    {"SERVFAIL",
     [](auto& dns) {
       dns.failures = {{"MX a.lab", {ErrorKind::DnsFailure, "SERVFAIL"}}};
     },
     "failed SERVFAIL", "a.lab", kNoRole, kNoRole, kNoRole},
    {"the alias's target fails",
     [](auto& dns) {
       dns.cnames["a.lab"] = "b.lab";
       dns.failures = {{"MX b.lab", {ErrorKind::DnsFailure, "no answer in time"}}};
     },
     "failed no answer in time", "a.lab", kNoRole, kNoRole, kNoRole},
    // tests D-030, D-041
    {"secure",
     [](auto& dns) {
       dns.mx_records["a.lab"] = {{10, "mx.lab"}};
     },
     "secure 10:mx.lab", "a.lab", "secure", kNoRole, kNoRole},
    {"secure, by preference",
     [](auto& dns) {
       dns.mx_records["a.lab"] = {{20, "z.lab"}, {10, "mx.lab"}, {20, "a.lab"}, {5, "y.lab"}};
     },
     "secure 5:y.lab 10:mx.lab 20:z.lab 20:a.lab", "a.lab", "secure", kNoRole, "secure"},
    // tests D-031
    {"insecure",
     [](auto& dns) {
       dns.mx_records["a.lab"] = {{10, "mx.lab"}};
       dns.insecure = {"a.lab"};
     },
     "insecure 10:mx.lab", "a.lab", "insecure", "insecure", "insecure"},
    // tests D-035
    {"the domain is an alias",
     [](auto& dns) {
       dns.cnames["a.lab"] = "b.lab";
       dns.mx_records["b.lab"] = {{10, "mx.lab"}};
     },
     "secure 10:mx.lab", "b.lab", "secure", kNoRole, kNoRole},
    {"the alias is not signed",
     [](auto& dns) {
       dns.cnames["a.lab"] = "b.lab";
       dns.mx_records["b.lab"] = {{10, "mx.lab"}};
       dns.insecure = {"a.lab"};
     },
     "insecure 10:mx.lab", "b.lab", "insecure", "insecure", "insecure"},
    // tests D-036
    {"null MX",
     [](auto& dns) {
       dns.mx_records["a.lab"] = {{0, ""}};
     },
     "null secure", "a.lab", kNoRole, kNoRole, kNoRole},
    {"insecure null MX",
     [](auto& dns) {
       dns.mx_records["a.lab"] = {{0, ""}};
       dns.insecure = {"a.lab"};
     },
     "null insecure", "a.lab", kNoRole, kNoRole, kNoRole},
    {"a root exchange beside a host is no null MX",
     [](auto& dns) {
       dns.mx_records["a.lab"] = {{0, ""}, {10, "mx.lab"}};
     },
     "secure 10:mx.lab skipped:", "a.lab", "secure", kNoRole, kNoRole},
    // tests D-037
    {"NODATA", [](auto& dns) { dns.a_records["a.lab"] = {"192.0.2.1"}; }, "implicit secure",
     "a.lab", kNoRole, kNoRole, "non-mx"},
    {"insecure NODATA",
     [](auto& dns) {
       dns.a_records["a.lab"] = {"192.0.2.1"};
       dns.insecure = {"a.lab"};
     },
     "implicit insecure", "a.lab", "insecure", "insecure", "non-mx"},
    {"NXDOMAIN", [](auto&) {}, "implicit secure", "a.lab", kNoRole, kNoRole, "non-mx"},
    {"NODATA of an alias",
     [](auto& dns) {
       dns.cnames["a.lab"] = "other.lab";
       dns.a_records["other.lab"] = {"192.0.2.1"};
     },
     "implicit secure", "other.lab", kNoRole, "non-mx", "non-mx"},
    // tests D-039: a name that is none of a host is held to its records, since Exim uses it
    {"exchanges that are no host names",
     [](auto& dns) {
       dns.mx_records["a.lab"] = {
           {1, "192.0.2.1"}, {2, "localhost"}, {3, "a\\032b.lab"}, {10, "mx.lab"}};
     },
     "secure 3:a\\032b.lab 10:mx.lab skipped:192.0.2.1 skipped:localhost", "a.lab", "secure",
     kNoRole, kNoRole},
    {"only an IP address",
     [](auto& dns) {
       dns.mx_records["a.lab"] = {{1, "192.0.2.1"}};
     },
     "secure skipped:192.0.2.1", "a.lab", kNoRole, kNoRole, kNoRole},
};

DnsName name(const char* text) {
  return assert_ok(DnsName::parse(text));
}

std::string role_text(const DomainRoute& route, const char* host) {
  auto role = role_of_host(route, name(host));
  if (!role) return kNoRole;
  switch (*role) {
    case HostRole::SecureMx:
      return "secure";
    case HostRole::InsecureMx:
      return "insecure";
    case HostRole::NonMx:
      return "non-mx";
  }
  return "?";
}

}  // namespace

START_TEST(looks_up) {
  const Case& row = kCases[_i];
  FakeResolver dns;
  row.zone(dns);
  auto route = look_up_domain(dns, name("a.lab"));
  auto seen = result_text(route.mx);
  ck_assert_msg(seen == row.result, "%s: %s", row.name, seen.c_str());
  assert_text(route.domain.text(), "a.lab");
  assert_text(route.expanded.text(), row.expanded);
  assert_text(role_text(route, "mx.lab"), row.role_of_mx);
  assert_text(role_text(route, "other.lab"), row.role_of_other);
  assert_text(role_text(route, "a.lab"), row.role_of_self);
  assert_text(dns.asked, "MX a.lab");
}
END_TEST

int main() {
  Suite* suite = suite_create("mx_lookup");
  TCase* tc = tcase_create("look_up_domain");
  tcase_add_loop_test(tc, looks_up, 0, static_cast<int>(std::size(kCases)));
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

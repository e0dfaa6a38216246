// SPDX-License-Identifier: GPL-2.0-or-later
#include "dane/reference_names.h"

#include <iterator>

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

struct Case {
  const char* name;
  HostRole role;
  const char* base;
  const char* host;
  const char* next_hop;
  const char* expanded;
  const char* names;
};

// tests D-083; the examples of RFC 7672 3.2.2 are among them
const Case kCases[] = {
    {"insecure MX: the domain proves nothing", HostRole::InsecureMx, "mx.lab", "mx.lab", "a.lab",
     "b.lab", "mx.lab"},
    {"insecure MX through an alias", HostRole::InsecureMx, "host.lab", "mx.lab", "a.lab", "a.lab",
     "host.lab"},
    {"secure MX", HostRole::SecureMx, "mx.lab", "mx.lab", "a.lab", "a.lab", "mx.lab a.lab"},
    {"secure MX, the domain is an alias", HostRole::SecureMx, "mx10.example.com",
     "mx10.example.com", "exchange.example.org", "example.com",
     "mx10.example.com exchange.example.org example.com"},
    {"secure MX that is an alias: its original name is no identifier", HostRole::SecureMx,
     "mxbackup.example.net", "mx20.example.com", "exchange.example.org", "example.com",
     "mxbackup.example.net exchange.example.org example.com"},
    {"secure MX that is the domain itself", HostRole::SecureMx, "a.lab", "a.lab", "a.lab", "a.lab",
     "a.lab"},
    {"no MX", HostRole::NonMx, "a.lab", "a.lab", "a.lab", "a.lab", "a.lab"},
    {"no MX, records at the expanded name", HostRole::NonMx, "b.lab", "a.lab", "a.lab", "b.lab",
     "b.lab a.lab"},
    {"no MX, records at the original name", HostRole::NonMx, "a.lab", "a.lab", "a.lab", "b.lab",
     "a.lab"},
    {"a configured host that is an alias", HostRole::NonMx, "target.lab", "relay.lab", "relay.lab",
     "relay.lab", "target.lab relay.lab"},
};

DnsName name(const char* text) {
  return assert_ok(DnsName::parse(text));
}

}  // namespace

START_TEST(names_in_order) {
  const Case& row = kCases[_i];
  std::string seen;
  for (const auto& identifier : reference_names(
           name(row.base), {row.role, name(row.host), name(row.next_hop), name(row.expanded)}))
    seen += (seen.empty() ? "" : " ") + identifier.text();
  ck_assert_msg(seen == row.names, "%s: %s", row.name, seen.c_str());
}
END_TEST

int main() {
  Suite* suite = suite_create("reference_names");
  TCase* tc = tcase_create("reference_names");
  tcase_add_loop_test(tc, names_in_order, 0, static_cast<int>(std::size(kCases)));
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

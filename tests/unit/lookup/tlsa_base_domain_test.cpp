// SPDX-License-Identifier: GPL-2.0-or-later
// Whose records count: at the name, at the end of its alias or at its start, of one address family
// or the other (RFC 7672 2.2.2).
#include "lookup/tlsa_lookup.h"

#include <iterator>

#include "unit/lookup/tlsa_lookup_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

const Case kCases[] = {
    // tests D-052
    {"secure", {addresses, tlsa("mx.lab", 1)}, "usable mx.lab 01", ADDRESSES AT_MX},
    {"secure, TLSA NXDOMAIN", {addresses}, "none", ADDRESSES AT_MX},
    {"secure, TLSA NODATA", {addresses, records("_25._tcp.mx.lab", {})}, "none", ADDRESSES AT_MX},
    // tests D-064
    {"secure, TLSA insecure",
     {addresses, tlsa("mx.lab", 1), insecure("_25._tcp.mx.lab")},
     "none",
     ADDRESSES AT_MX},
    // tests D-061
    {"TLSA at another port only",
     {addresses, records("_2525._tcp.mx.lab", {good_tlsa(1)})},
     "none",
     ADDRESSES AT_MX},

    // tests D-040, D-053
    {"alias, TLSA at the target",
     {alias, tlsa("host.lab", 1)},
     "usable host.lab 01",
     ADDRESSES AT_HOST},
    {"alias, TLSA at the original",
     {alias, tlsa("mx.lab", 1)},
     "usable mx.lab 01",
     ADDRESSES AT_HOST AT_MX},
    {"alias, TLSA at both",
     {alias, tlsa("host.lab", 1), tlsa("mx.lab", 2)},
     "usable host.lab 01",
     ADDRESSES AT_HOST},
    {"alias, TLSA at neither", {alias}, "none", ADDRESSES AT_HOST AT_MX},
    {"alias, insecure TLSA at the target, secure at the original",
     {alias, tlsa("host.lab", 1), tlsa("mx.lab", 2), insecure("_25._tcp.host.lab")},
     "usable mx.lab 02",
     ADDRESSES AT_HOST AT_MX},
    // tests D-065
    {"alias, unusable TLSA at the target binds",
     {alias, records("_25._tcp.host.lab", {{1, 0, 1, 5}}), tlsa("mx.lab", 2)},
     "unusable host.lab 1",
     ADDRESSES AT_HOST},
    // tests D-055
    {"two links, TLSA at the middle name only",
     {two_aliases, tlsa("middle.lab", 1)},
     "none",
     ADDRESSES AT_HOST AT_MX},

    // tests D-054, D-009, D-010
    {"insecure target, secure first link, TLSA at the original",
     {insecure_alias, tlsa("mx.lab", 1)},
     "usable mx.lab 01",
     ADDRESSES ", CNAME mx.lab" AT_MX},
    {"insecure target, secure first link, TLSA at the target only",
     {insecure_alias, tlsa("host.lab", 1)},
     "none",
     ADDRESSES ", CNAME mx.lab" AT_MX},
    {"insecure first link",
     {alias, tlsa("mx.lab", 1), tlsa("host.lab", 1), insecure("mx.lab")},
     "none",
     ADDRESSES ", CNAME mx.lab"},
    {"insecure second link",
     {two_aliases, tlsa("mx.lab", 1), insecure("middle.lab")},
     "usable mx.lab 01",
     ADDRESSES ", CNAME mx.lab" AT_MX},

    // tests D-059, D-060
    {"A secure, AAAA bogus",
     {addresses, tlsa("mx.lab", 1), fails("AAAA mx.lab", kBogus)},
     "usable mx.lab 01",
     ADDRESSES AT_MX},
    {"A SERVFAIL, AAAA secure",
     {inet6("mx.lab"), tlsa("mx.lab", 1), fails("A mx.lab", kServfail)},
     "usable mx.lab 01",
     ADDRESSES AT_MX},
    {"A bogus, AAAA secure through an alias",
     {alias, inet6("host.lab"), tlsa("host.lab", 1), fails("A host.lab", kBogus)},
     "usable host.lab 01",
     ADDRESSES AT_HOST},
    {"both families secure",
     {addresses, inet6("mx.lab"), tlsa("mx.lab", 1)},
     "usable mx.lab 01",
     ADDRESSES AT_MX},

    {"A unsigned, AAAA secure",
     {addresses, inet6("mx.lab"), tlsa("mx.lab", 1), insecure("A mx.lab")},
     "usable mx.lab 01",
     ADDRESSES AT_MX},
    {"A unsigned, no AAAA, by a proof",
     {addresses, tlsa("mx.lab", 1), insecure("A mx.lab")},
     "usable mx.lab 01",
     ADDRESSES AT_MX},

    // tests D-062, D-063
    {"a TLSA alias keeps the base domain",
     {addresses, cname("_25._tcp.mx.lab", "tlsa.lab"), records("tlsa.lab", {good_tlsa(1)})},
     "usable mx.lab 01",
     ADDRESSES AT_MX},
    {"a TLSA alias with an insecure link",
     {addresses, cname("_25._tcp.mx.lab", "tlsa.lab"), records("tlsa.lab", {good_tlsa(1)}),
      insecure("tlsa.lab")},
     "none",
     ADDRESSES AT_MX},

    // tests D-021, D-066, D-076
    {"records too short to be any",
     {addresses, records("_25._tcp.mx.lab", {{3, 1}, {3, 1, 1}})},
     "unusable mx.lab 2",
     ADDRESSES AT_MX},
    // tests D-066
    {"an empty rdata is a record",
     {addresses, records("_25._tcp.mx.lab", {{}})},
     "unusable mx.lab 1",
     ADDRESSES AT_MX},
    {"unusable ones beside a usable one",
     {addresses, records("_25._tcp.mx.lab", {{3, 1}, {1, 0, 1, 5}, good_tlsa(7)})},
     "usable mx.lab 07",
     ADDRESSES AT_MX},
};

}  // namespace

START_TEST(decides) {
  assert_decides(kCases[_i]);
}
END_TEST

int main() {
  Suite* suite = suite_create("tlsa_base_domain");
  TCase* tc = tcase_create("look_up_host");
  tcase_add_loop_test(tc, decides, 0, static_cast<int>(std::size(kCases)));
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

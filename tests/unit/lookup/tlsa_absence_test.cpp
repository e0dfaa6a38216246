// SPDX-License-Identifier: GPL-2.0-or-later
// Look-ups that fail, and hosts without anything to look for: a failure is never an absence.
#include "lookup/tlsa_lookup.h"

#include <iterator>

#include "unit/lookup/tlsa_lookup_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

const Case kCases[] = {
    // Failures first. tests D-002, D-007, D-050, D-059
    {"both families bogus",
     {fails("A mx.lab", kBogus), fails("AAAA mx.lab", kServfail), tlsa("mx.lab", 1)},
     "failed signature expired",
     ADDRESSES},
    {"A times out, no AAAA",
     {fails("A mx.lab", kTimeout), tlsa("mx.lab", 1)},
     "failed no answer in time",
     ADDRESSES},
    {"no A, AAAA SERVFAIL", {fails("AAAA mx.lab", kServfail)}, "failed SERVFAIL", ADDRESSES},
    {"A fails, AAAA insecure and absent",
     {fails("A mx.lab", kServfail), insecure("mx.lab")},
     "failed SERVFAIL",
     ADDRESSES},
    {"TLSA bogus",
     {addresses, fails("TLSA _25._tcp.mx.lab", kBogus)},
     "failed signature expired",
     ADDRESSES AT_MX},
    {"TLSA SERVFAIL",
     {addresses, fails("TLSA _25._tcp.mx.lab", kServfail)},
     "failed SERVFAIL",
     ADDRESSES AT_MX},
    {"TLSA times out",
     {addresses, fails("TLSA _25._tcp.mx.lab", kTimeout)},
     "failed no answer in time",
     ADDRESSES AT_MX},
    // tests D-053: an error at the expanded name never falls through to the original one
    {"alias, TLSA of the target fails",
     {alias, tlsa("mx.lab", 1), fails("TLSA _25._tcp.host.lab", kServfail)},
     "failed SERVFAIL",
     ADDRESSES AT_HOST},
    {"alias, TLSA of the original fails",
     {alias, fails("TLSA _25._tcp.mx.lab", kBogus)},
     "failed signature expired",
     ADDRESSES AT_HOST AT_MX},
    {"insecure target, the first link bogus",
     {insecure_alias, tlsa("mx.lab", 1), fails("CNAME mx.lab", kBogus)},
     "failed signature expired",
     ADDRESSES ", CNAME mx.lab"},
    {"a TLSA alias whose target fails",
     {addresses, cname("_25._tcp.mx.lab", "tlsa.lab"), fails("TLSA tlsa.lab", kServfail)},
     "failed SERVFAIL",
     ADDRESSES AT_MX},

    // Nothing to look for. tests D-003, D-050, D-051
    {"NXDOMAIN", {}, NOWHERE, ADDRESSES},
    {"NODATA", {no_mx("mx.lab"), tlsa("mx.lab", 1)}, NOWHERE, ADDRESSES},
    {"NXDOMAIN in an unsigned zone", {insecure("mx.lab")}, "none", ADDRESSES},
    {"insecure addresses: no TLSA query",
     {addresses, insecure("mx.lab"), fails("TLSA _25._tcp.mx.lab", kServfail)},
     "none",
     ADDRESSES},
    {"insecure A, AAAA SERVFAIL: no TLSA query",
     {addresses, insecure("mx.lab"), fails("AAAA mx.lab", kServfail)},
     "none",
     ADDRESSES},
};

}  // namespace

START_TEST(decides) {
  assert_decides(kCases[_i]);
}
END_TEST

int main() {
  Suite* suite = suite_create("tlsa_absence");
  TCase* tc = tcase_create("look_up_host");
  tcase_add_loop_test(tc, decides, 0, static_cast<int>(std::size(kCases)));
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

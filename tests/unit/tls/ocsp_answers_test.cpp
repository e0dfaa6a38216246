// SPDX-License-Identifier: GPL-2.0-or-later
// What a response says, of which certificate, for which time, and in which form: for each accepted
// one the nearest that must be refused. RFC 6960 4.2.
#include "tls/ocsp_staple.h"

#include <iterator>

#include "unit/tls/ocsp_staple_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

using enum OcspAnswer;
using std::chrono::minutes;

SingleResponse ours(SingleStatus status = SingleStatus::Good) {
  return {&world().lab.leaf, &world().lab.issuer, status};
}

Bytes with_singles(std::size_t count, SingleResponse last) {
  auto plan = world().good();
  plan.singles.assign(count - 1, {&world().other_leaf, &world().lab.issuer});
  plan.singles.push_back(last);
  return make_response(plan);
}

const Row kRows[] = {
    {"nothing came", Absent, "", [] { return Bytes(); }},
    {"by the issuer", Good, "", [] { return make_response(world().good()); }},
    {"ids by SHA-256", Good, "",
     changed([](ResponsePlan& p) { p.singles[0].hash = OcspHash::Sha256; })},
    {"revoked", Revoked, "is revoked",
     changed([](ResponsePlan& p) { p.singles[0].status = SingleStatus::Revoked; })},
    {"unknown", Unknown, "does not know",
     changed([](ResponsePlan& p) { p.singles[0].status = SingleStatus::Unknown; })},
    // The certificate id.
    {"another serial number", Invalid, "another certificate", changed([](ResponsePlan& p) {
       p.singles[0].serial = {9, 9};
     })},
    {"another certificate of the issuer", Invalid, "another certificate",
     changed([](ResponsePlan& p) { p.singles[0].certificate = &world().other_leaf; })},
    {"another issuer's name", Invalid, "another certificate", changed([](ResponsePlan& p) {
       p.singles[0].issuer_name = {0x30, 0};
     })},
    {"another issuer's key under the same name", Invalid, "another certificate",
     changed([](ResponsePlan& p) { p.singles[0].issuer = &world().other_ca; })},
    {"no certificate at all", Invalid, "another certificate",
     changed([](ResponsePlan& p) { p.singles.clear(); })},
    // Several.
    {"ours is the last of 16", Good, "", [] { return with_singles(16, ours()); }},
    {"ours is the last of 17", Invalid, "more than 16", [] { return with_singles(17, ours()); }},
    {"good and revoked", Revoked, "is revoked",
     changed([](ResponsePlan& p) { p.singles.push_back(ours(SingleStatus::Revoked)); })},
    {"good, and another is revoked", Good, "", changed([](ResponsePlan& p) {
       p.singles.push_back({&world().other_leaf, &world().lab.issuer, SingleStatus::Revoked});
     })},
    {"outdated and good", Good, "", changed([](ResponsePlan& p) {
       p.singles.push_back(p.singles[0]);
       p.singles[0].next_update = kNow - minutes(59);
     })},
    // The time.
    {"begins in five minutes", Good, "",
     changed([](ResponsePlan& p) { p.singles[0].this_update = kNow + kSkew; })},
    {"begins a second later", Invalid, "not valid yet",
     changed([](ResponsePlan& p) { p.singles[0].this_update = kNow + kSkew + kMore; })},
    {"ended five minutes ago", Good, "",
     changed([](ResponsePlan& p) { p.singles[0].next_update = kNow - kSkew; })},
    {"ended a second before", Invalid, "has expired",
     changed([](ResponsePlan& p) { p.singles[0].next_update = kNow - kSkew - kMore; })},
    {"has no end", Invalid, "until when",
     changed([](ResponsePlan& p) { p.singles[0].next_update.reset(); })},
    {"ends before it begins", Invalid, "ends before",
     changed([](ResponsePlan& p) { p.singles[0].next_update = p.singles[0].this_update - kMore; })},
    {"revoked, but outdated", Invalid, "has expired", changed([](ResponsePlan& p) {
       p.singles[0].status = SingleStatus::Revoked;
       p.singles[0].next_update = kNow - minutes(59);
     })},
    // The form.
    {"an extension that nobody knows", Good, "",
     changed([](ResponsePlan& p) { p.extension = "1.2.3.4"; })},
    {"a critical extension that nobody knows", Invalid, "critical extension 1.2.3.4",
     changed([](ResponsePlan& p) {
       p.extension = "1.2.3.4";
       p.critical = true;
     })},
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
     changed([](ResponsePlan& p) { p.status = 1; })},
    {"internal error", Absent, "internal error", changed([](ResponsePlan& p) { p.status = 2; })},
    {"try later", Absent, "try later", changed([](ResponsePlan& p) { p.status = 3; })},
    {"an error that does not exist", Invalid, "malformed",
     changed([](ResponsePlan& p) { p.status = 4; })},
    {"signature required", Absent, "signature required",
     changed([](ResponsePlan& p) { p.status = 5; })},
    {"unauthorized", Absent, "unauthorized", changed([](ResponsePlan& p) { p.status = 6; })},
};

}  // namespace

// tests D-122, D-128, RFC 6960 3.2
START_TEST(what_a_response_is_worth) {
  assert_row(kRows[_i]);
}
END_TEST

int main() {
  Suite* suite = suite_create("OCSP answers");
  TCase* tc = tcase_create("responses");
  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, what_a_response_is_worth, 0, static_cast<int>(std::size(kRows)));
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

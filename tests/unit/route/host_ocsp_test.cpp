// SPDX-License-Identifier: GPL-2.0-or-later
// From the two options to the handshake's question, and from the proofs that came to the ruling.
#include "route/host_ocsp.h"

#include <iterator>

#include "fakes/fake_mail_server.h"
#include "fakes/proofs.h"
#include "unit/tls/lab_ocsp.h"

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

using enum OcspResult;

const Lab& lab() {
  static const Lab instance;
  return instance;
}

struct Wish {
  const char* name;
  bool requested;
  bool required;
  OcspWish expected;
};

const Wish kWishes[] = {{"neither", false, false, OcspWish::None},
                        {"requested", true, false, OcspWish::Requested},
                        {"required", false, true, OcspWish::Required},
                        {"both", true, true, OcspWish::Required}};

HostPolicy records(const std::vector<std::string>& forms) {
  std::vector<TlsaRecord> published;
  for (const auto& form : forms) published.push_back(record_for(form, lab().leaf.der));
  return Authenticate{dns_name("mx.lab"), usable_records(published)};
}

struct Question {
  const char* name;
  HostPolicy policy;
  bool asks;
};

const std::vector<Question>& questions() {
  static const std::vector<Question> instance{
      {"no DANE", no_dane(), true},
      {"unusable records", EncryptOnly{dns_name("mx.lab"), {}}, false},
      {"2 1 1", records({"2 1 1"}), true},
      {"3 1 1", records({"3 1 1"}), false},
      {"2 1 1 and 3 1 1", records({"2 1 1", "3 1 1"}), true},
      {"3 1 1 beside an unusable usage", records({"3 1 1", "0 1 1"}), false},
  };
  return instance;
}

Bytes response(SingleStatus status) {
  auto plan = good_response(lab().leaf, lab().issuer);
  plan.singles[0].status = status;
  return make_response(plan);
}

Bytes issuer_response(SingleStatus status) {
  auto plan = good_response(lab().issuer, lab().upper);
  plan.singles[0].status = status;
  return make_response(plan);
}

struct Stapled {
  const char* name;
  std::vector<Bytes> (*staples)();  // one a certificate of the chain
  OcspResult result;
  const char* refused_if_requested;  // a part of the text; "": not refused
  const char* refused_if_required;
};

const Stapled kStapled[] = {
    {"none", [] { return std::vector<Bytes>(4); }, NoResponse, "", "sent no OCSP proof"},
    {"good", [] { return std::vector<Bytes>{response(SingleStatus::Good)}; }, Verified, "", ""},
    {"revoked", [] { return std::vector<Bytes>{response(SingleStatus::Revoked)}; }, Failed,
     "is revoked", "is revoked"},
    {"unknown", [] { return std::vector<Bytes>{response(SingleStatus::Unknown)}; }, Failed, "",
     "does not know"},
    {"no response", [] { return std::vector<Bytes>{Bytes(9, 'x')}; }, Failed, "", "malformed"},
    {"the leaf's with its issuer",
     [] {
       return std::vector<Bytes>{{}, response(SingleStatus::Good)};
     },
     NoResponse, "", "sent no OCSP proof"},
    {"both good",
     [] {
       return std::vector<Bytes>{response(SingleStatus::Good), issuer_response(SingleStatus::Good)};
     },
     Verified, "", ""},
    {"the issuer revoked",
     [] {
       return std::vector<Bytes>{response(SingleStatus::Good),
                                 issuer_response(SingleStatus::Revoked)};
     },
     Verified, "an issuer is revoked", "an issuer is revoked"},
    {"the issuer unknown",
     [] {
       return std::vector<Bytes>{response(SingleStatus::Good),
                                 issuer_response(SingleStatus::Unknown)};
     },
     Verified, "", ""},
};

void assert_refusal(const char* name, const OcspRuling& ruling, const char* text) {
  ck_assert_msg(ruling.refusal.empty() == (*text == '\0'), "%s: \"%s\"", name,
                ruling.refusal.c_str());
  assert_contains(ruling.refusal, text);
}

}  // namespace

START_TEST(what_the_options_say) {
  const Wish& row = kWishes[_i];
  FakeMailServer server;
  if (row.requested) server.lists["hosts_request_ocsp"] = {0};
  if (row.required) server.lists["hosts_require_ocsp"] = {0};
  ck_assert_msg(assert_ok(ocsp_wish(server, 0)) == row.expected, "%s", row.name);
  ck_assert_msg(assert_ok(ocsp_wish(server, 1)) == OcspWish::None, "%s: another host", row.name);
}
END_TEST

START_TEST(a_list_that_cannot_be_searched) {
  for (const char* option : {"hosts_request_ocsp", "hosts_require_ocsp"}) {
    FakeMailServer server;
    server.broken_options = {option};
    assert_contains(assert_error(ocsp_wish(server, 0), ErrorKind::DnsFailure).text, option);
  }
}
END_TEST

// tests D-120
START_TEST(what_the_handshake_asks) {
  for (const auto& row : questions()) {
    auto asks = [&](OcspWish wish) {
      return status_request(wish, row.policy) == StatusRequest::Ask;
    };
    ck_assert_msg(asks(OcspWish::Requested) == row.asks, "%s", row.name);
    ck_assert_msg(asks(OcspWish::Required) == row.asks, "%s", row.name);
    ck_assert_msg(!asks(OcspWish::None), "%s", row.name);
  }
}
END_TEST

// tests D-123, D-126, D-127: by the path that DANE verified
START_TEST(what_came_with_the_chain) {
  const Stapled& row = kStapled[_i];
  TlsInfo info;
  info.chain = lab().chain();
  info.ocsp_staples = row.staples();
  const std::vector<Bytes> path{lab().leaf.der, lab().issuer.der, lab().upper.der};
  auto ruling = [&](OcspWish wish, AuthenticatedBy judge) {
    return rule_on_staples({wish, judge, info, path, kNow});
  };
  auto requested = ruling(OcspWish::Requested, AuthenticatedBy::DaneTa);
  ck_assert_msg(requested.result == row.result, "%s: another result", row.name);
  assert_refusal(row.name, requested, row.refused_if_requested);
  auto required = ruling(OcspWish::Required, AuthenticatedBy::DaneTa);
  ck_assert_msg(required.result == row.result, "%s: another result", row.name);
  assert_refusal(row.name, required, row.refused_if_required);
  assert_refusal(row.name, ruling(OcspWish::None, AuthenticatedBy::DaneTa), "");
}
END_TEST

// A path of one more than the leaf ends at its anchor: nobody needs a proof for an anchor.
START_TEST(a_proof_about_the_anchor_is_not_looked_at) {
  TlsInfo info;
  info.chain = lab().chain();
  info.ocsp_staples = {response(SingleStatus::Good), issuer_response(SingleStatus::Revoked)};
  const std::vector<Bytes> path{lab().leaf.der, lab().issuer.der};
  assert_refusal("anchor",
                 rule_on_staples({OcspWish::Required, AuthenticatedBy::DaneTa, info, path, kNow}),
                 "");
}
END_TEST

START_TEST(usage_3_has_no_path_and_needs_none) {
  TlsInfo info;
  info.chain = {lab().leaf.der};
  info.ocsp_staples = {response(SingleStatus::Revoked)};
  auto ruling = rule_on_staples({OcspWish::Required, AuthenticatedBy::DaneEe, info, {}, kNow});
  assert_refusal("usage 3", ruling, "");
  ck_assert(ruling.result == NotRequested);
}
END_TEST

int main() {
  Suite* suite = suite_create("host_ocsp");
  TCase* cases = tcase_create("host");
  tcase_add_loop_test(cases, what_the_options_say, 0, std::size(kWishes));
  tcase_add_test(cases, a_list_that_cannot_be_searched);
  tcase_add_test(cases, what_the_handshake_asks);
  tcase_add_loop_test(cases, what_came_with_the_chain, 0, std::size(kStapled));
  tcase_add_test(cases, a_proof_about_the_anchor_is_not_looked_at);
  tcase_add_test(cases, usage_3_has_no_path_and_needs_none);
  suite_add_tcase(suite, cases);
  return run_suite(suite);
}

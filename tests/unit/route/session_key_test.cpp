// SPDX-License-Identifier: GPL-2.0-or-later
// tests D-103: what a session is kept under, beside the digest of connection_mark_test, and whose.
#include "route/session_key.h"

#include <functional>
#include <iterator>

#include "fakes/fake_mail_server.h"
#include "fakes/fake_store.h"
#include "fakes/proofs.h"
#include "fakes/tls_server.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

DnsName base() {
  return *DnsName::parse("mx1.lab");
}

HostPolicy authenticate() {
  return Authenticate{base(), usable_records({{TlsaUsage::DaneEe, TlsaSelector::PublicKey,
                                               TlsaMatching::Sha256, Bytes(32, 1)}})};
}

struct Facts {
  FakeMailServer server;
  AddressBatch batch = make_batch(1, 1);
  HostPlan plan;
  NoStore store;
  HostTls tls;
  SessionSettings settings;

  Facts() {
    plan.policy = authenticate();
    tls.may_resume = true;
  }
  Bytes key() {
    const AttemptRequest request{0, 25, plan, {0}};
    settings.tls = tls.settings;
    return session_key({server, batch, request, store}, tls, settings);
  }
};

struct Change {
  const char* what;
  std::function<void(Facts&)> make;
};

const Change kChanges[] = {
    {"of the policy's digest", [](Facts& f) { f.tls.settings.sni = "other.lab"; }},
    {"PKIX",
     [](Facts& f) {
       f.tls.peer.pkix = PkixRules{false, "", "", ""};
     }},
    {"PKIX is required",
     [](Facts& f) {
       f.tls.peer.pkix = PkixRules{true, "", "", ""};
     }},
    {"its name",
     [](Facts& f) {
       f.tls.peer.pkix = PkixRules{false, "n", "", ""};
     }},
    {"its certificates",
     [](Facts& f) {
       f.tls.peer.pkix = PkixRules{false, "", "n", ""};
     }},
    {"its revocations",
     [](Facts& f) {
       f.tls.peer.pkix = PkixRules{false, "", "", "n"};
     }},
};

const Change kNoKey[] = {
    {"nobody wants to", [](Facts& f) { f.tls.may_resume = false; }},
    {"no certificate", [](Facts& f) { f.tls.settings.certificate_file = "/nonexistent"; }},
    {"no key", [](Facts& f) { f.tls.settings.key_file = "/nonexistent"; }},
    {"a list that fails", [](Facts& f) { f.server.broken_options = {"hosts_require_auth"}; }},
};

struct Peer {
  const char* what;
  HostPolicy policy;
  StatusRequest proofs;
  PeerTrust trust;
  bool must_staple;
  bool resumed;
};

const Peer kPeers[] = {
    {"DANE", authenticate(), StatusRequest::None, PeerTrust::Dane, false, true},
    {"DANE, an unsigned MX", authenticate(), StatusRequest::None, PeerTrust::Verified, false, true},
    {"nobody authenticated", authenticate(), StatusRequest::None, PeerTrust::None, false, false},
    {"encryption alone", EncryptOnly{base(), {}}, StatusRequest::None, PeerTrust::None, false,
     true},
    {"PKIX", no_dane(), StatusRequest::Ask, PeerTrust::Verified, false, true},
    {"PKIX failed", no_dane(), StatusRequest::Ask, PeerTrust::None, false, false},
    {"must staple", authenticate(), StatusRequest::Ask, PeerTrust::Dane, true, false},
    {"must staple, nobody asks", authenticate(), StatusRequest::None, PeerTrust::Dane, true, true},
    {"must staple, PKIX", no_dane(), StatusRequest::Ask, PeerTrust::Verified, true, false},
};

}  // namespace

START_TEST(each_change_makes_another_key) {
  const auto key_after = [](const Change& change) {
    Facts facts;
    change.make(facts);
    return facts.key();
  };
  const auto key = key_after(kChanges[_i]);
  ck_assert_msg(key.size() == 32 && key != Facts().key(), "%s", kChanges[_i].what);
  for (const auto& other : kChanges)
    ck_assert_msg(&other == &kChanges[_i] || key_after(other) != key, "%s, %s", kChanges[_i].what,
                  other.what);
}
END_TEST

START_TEST(the_same_policy_makes_the_same_key) {
  ck_assert(Facts().key() == Facts().key());
}
END_TEST

// By content: a renewed file has the old name.
START_TEST(another_client_certificate_makes_another_key) {
  for (auto file : {&TlsSettings::certificate_file, &TlsSettings::key_file}) {
    const auto key_with = [&](const std::string& path) {
      Facts facts;
      facts.tls.settings.*file = path;
      return facts.key();
    };
    const TemporaryFile renewed("before");
    const auto before = key_with(renewed.path());
    ck_assert(!before.empty() && before != key_with("") && before == key_with(renewed.path()));
    ck_assert_int_eq(::truncate(renewed.path().c_str(), 3), 0);
    ck_assert(before != key_with(renewed.path()));
  }
}
END_TEST

START_TEST(no_key_no_session) {
  Facts facts;
  kNoKey[_i].make(facts);
  ck_assert_msg(facts.key().empty(), "%s", kNoKey[_i].what);
}
END_TEST

START_TEST(whose_session_is_kept) {
  const auto& row = kPeers[_i];
  HostPlan plan;
  plan.policy = row.policy;
  TlsSettings settings;
  settings.status_request = row.proofs;
  TlsInfo info;
  info.chain = {row.must_staple ? TestIdentity("mx.lab", 0, false, true).der()
                                : TestIdentity().der()};
  ck_assert_msg(may_be_resumed(plan, settings, row.trust, info) == row.resumed, "%s", row.what);
}
END_TEST

int main() {
  Suite* suite = suite_create("session_key");
  TCase* tc = tcase_create("session_key");
  tcase_add_loop_test(tc, each_change_makes_another_key, 0, static_cast<int>(std::size(kChanges)));
  tcase_add_test(tc, the_same_policy_makes_the_same_key);
  tcase_add_test(tc, another_client_certificate_makes_another_key);
  tcase_add_loop_test(tc, no_key_no_session, 0, static_cast<int>(std::size(kNoKey)));
  tcase_add_loop_test(tc, whose_session_is_kept, 0, static_cast<int>(std::size(kPeers)));
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// tests D-103: what a session is kept under, beside the digest of connection_mark_test, and whose.
#include "route/session_key.h"

#include <gnutls/gnutls.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>

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

// A private key as a file has it, but for each octet's mask: so that the test has no copy of it.
constexpr unsigned char kMask = 0x5a;
constexpr std::string_view kMaskedKey = "qxwertzuiopasdfghjklyxcvbnm-1234567890";

// By a process of its own, for the same reason.
void write_key(const std::string& path) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::ofstream file(path, std::ios::binary);
    file << std::string(64, '-');  // what malloc() itself writes into memory that is given back
    for (const char octet : kMaskedKey) file << static_cast<char>(octet ^ kMask);
    file.close();
    ::_exit(file ? 0 : 1);
  }
  int status = -1;
  ck_assert_int_eq(::waitpid(child, &status, 0), child);
  ck_assert_int_eq(status, 0);
}

bool heap_has_key() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find("[heap]") == std::string::npos) continue;
    const auto from = std::stoul(line, nullptr, 16);
    const auto to = std::stoul(line.substr(line.find('-') + 1), nullptr, 16);
    // NOLINTBEGIN(performance-no-int-to-ptr): they come as text
    const auto* start = reinterpret_cast<const char*>(from);
    const auto* end = reinterpret_cast<const char*>(to);
    // NOLINTEND(performance-no-int-to-ptr)
    const auto same = [](char seen, char masked) {
      return static_cast<char>(seen ^ kMask) == masked;
    };
    if (std::search(start, end, kMaskedKey.begin(), kMaskedKey.end(), same) != end) return true;
  }
  return false;
}

// Sanitizers have memory of their own for it.
bool search_finds_a_copy() {
  std::string copy(kMaskedKey);
  for (char& octet : copy) octet = static_cast<char>(octet ^ kMask);
  const bool found = heap_has_key();
  gnutls_memset(copy.data(), 0, copy.size());
  return found && !heap_has_key();
}

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

START_TEST(no_copy_of_a_private_key_is_left) {
  const TemporaryFile file("");
  write_key(file.path());
  Facts facts;
  facts.tls.settings.key_file = file.path();
  ck_assert(!facts.key().empty());
  ck_assert(!heap_has_key());
}
END_TEST

int main() {
  Suite* suite = suite_create("session_key");
  TCase* tc = tcase_create("session_key");
  tcase_add_loop_test(tc, each_change_makes_another_key, 0, static_cast<int>(std::size(kChanges)));
  tcase_add_test(tc, the_same_policy_makes_the_same_key);
  tcase_add_test(tc, another_client_certificate_makes_another_key);
  if (search_finds_a_copy())
    tcase_add_test(tc, no_copy_of_a_private_key_is_left);
  else
    std::puts("memory is not in [heap] here: not searched for a key");
  tcase_add_loop_test(tc, no_key_no_session, 0, static_cast<int>(std::size(kNoKey)));
  tcase_add_loop_test(tc, whose_session_is_kept, 0, static_cast<int>(std::size(kPeers)));
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

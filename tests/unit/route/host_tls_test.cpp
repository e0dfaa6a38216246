// SPDX-License-Identifier: GPL-2.0-or-later
// From a host's policy and the options to the settings of its TLS and the rules for its peer: each
// policy, with each option that has a say, or has none.
#include "route/host_tls.h"

#include <iterator>

#include "fakes/fake_mail_server.h"
#include "fakes/proofs.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

TlsaRecord record(TlsaUsage usage) {
  return {usage, TlsaSelector::PublicKey, TlsaMatching::Sha256, Bytes(32, 1)};
}

HostPolicy authenticate(TlsaUsage usage) {
  return Authenticate{*DnsName::parse("base.lab"), usable_records({record(usage)})};
}

HostPolicy encrypt() {
  return EncryptOnly{*DnsName::parse("base.lab"), {"usage 1"}};
}

struct Scene {
  FakeMailServer server;
  AddressBatch batch = make_batch(1, 1);
  HostPlan plan;
  TlsChoice choice = TlsChoice::AsPolicySays;

  explicit Scene(HostPolicy policy) {
    plan.policy = std::move(policy);
    plan.mx = MxTrust::Secure;
    server.options["tls_sni"] = "option.lab";
    server.options["tls_require_ciphers"] = "NORMAL";
  }
  void name_in(const char* list) {
    if (*list != '\0') server.lists[list] = {0};
  }
  Result<HostTls> tls() { return tls_for_host(server, batch, {0, 25, plan, {0}, choice}); }
};

enum class Peer { Anybody, Pkix, Records };

struct Row {
  const char* what;
  HostPolicy policy;
  const char* list;  // that names the host; empty: none does
  TlsUse use;
  const char* sni;
  Peer peer;
  PeerCertificate certificate;
  KeyUsage key_usage;
};

constexpr auto kRequired = PeerCertificate::Required;
constexpr auto kOptional = PeerCertificate::Optional;

// tests D-020, D-021, D-022, D-025, D-081, D-100
const Row kRows[] = {
    {"no DANE", no_dane(), "", TlsUse::IfOffered, "option.lab", Peer::Anybody, kRequired,
     KeyUsage::Enforced},
    {"no DANE, TLS required", no_dane(), "hosts_require_tls", TlsUse::Required, "option.lab",
     Peer::Anybody, kRequired, KeyUsage::Enforced},
    {"no DANE, TLS avoided", no_dane(), "hosts_avoid_tls", TlsUse::Never, "", Peer::Anybody,
     kRequired, KeyUsage::Enforced},
    {"no DANE, must verify", no_dane(), "tls_verify_hosts", TlsUse::IfOffered, "option.lab",
     Peer::Pkix, kRequired, KeyUsage::Enforced},
    {"no DANE, may verify", no_dane(), "tls_try_verify_hosts", TlsUse::IfOffered, "option.lab",
     Peer::Pkix, kRequired, KeyUsage::Enforced},
    {"usage 3", authenticate(TlsaUsage::DaneEe), "", TlsUse::Required, "base.lab", Peer::Records,
     kRequired, KeyUsage::Ignored},
    {"usage 2", authenticate(TlsaUsage::DaneTa), "", TlsUse::Required, "base.lab", Peer::Records,
     kRequired, KeyUsage::Enforced},
    {"usage 3, PKIX has no say", authenticate(TlsaUsage::DaneEe), "tls_verify_hosts",
     TlsUse::Required, "base.lab", Peer::Records, kRequired, KeyUsage::Ignored},
    {"unusable records", encrypt(), "", TlsUse::Required, "base.lab", Peer::Anybody, kOptional,
     KeyUsage::Ignored},
    {"unusable records, PKIX has no say", encrypt(), "tls_verify_hosts", TlsUse::Required,
     "base.lab", Peer::Anybody, kOptional, KeyUsage::Ignored},
};

}  // namespace

START_TEST(policy_and_option) {
  const Row& row = kRows[_i];
  Scene scene(row.policy);
  scene.name_in(row.list);
  const auto tls = assert_ok(scene.tls());
  ck_assert_msg(tls.use == row.use, "%s: use", row.what);
  ck_assert_msg(tls.settings.sni == row.sni, "%s: SNI %s", row.what, tls.settings.sni.c_str());
  ck_assert_msg(tls.peer.dane.has_value() == (row.peer == Peer::Records), "%s: records", row.what);
  ck_assert_msg(tls.peer.pkix.has_value() == (row.peer == Peer::Pkix), "%s: PKIX", row.what);
  ck_assert_msg(tls.peer.empty() == (row.peer == Peer::Anybody), "%s: anybody", row.what);
  ck_assert_msg(tls.settings.peer_certificate == row.certificate, "%s: certificate", row.what);
  ck_assert_msg(tls.settings.key_usage == row.key_usage, "%s: key usage", row.what);
}
END_TEST

// Only without DANE, and whatever the options: the attempt after a TLS that failed.
START_TEST(suppressed_tls) {
  Scene clear(no_dane());
  clear.choice = TlsChoice::Suppressed;
  ck_assert(assert_ok(clear.tls()).use == TlsUse::Never);
  Scene dane(authenticate(TlsaUsage::DaneEe));
  dane.choice = TlsChoice::Suppressed;
  ck_assert(assert_ok(dane.tls()).use == TlsUse::Required);
}
END_TEST

// tests D-025
START_TEST(avoided_tls_under_dane_is_an_error) {
  for (const auto& policy : {authenticate(TlsaUsage::DaneEe), encrypt()}) {
    Scene scene(policy);
    scene.name_in("hosts_avoid_tls");
    assert_contains(assert_error(scene.tls(), ErrorKind::TlsVerify).text, "hosts_avoid_tls");
  }
  Scene skipped(SkipHost{{ErrorKind::DnsBogus, "bogus"}});
  assert_text(assert_error(skipped.tls(), ErrorKind::DnsBogus).text, "bogus");
}
END_TEST

// tests D-111
START_TEST(audit_is_as_without_dane_but_judged) {
  Scene scene(authenticate(TlsaUsage::DaneTa));
  scene.plan.enforcement = Enforcement::Audit;
  scene.name_in("tls_verify_hosts");
  const auto tls = assert_ok(scene.tls());
  ck_assert(tls.use == TlsUse::IfOffered);
  assert_text(tls.settings.sni, "base.lab");
  ck_assert(tls.peer.dane.has_value() && !tls.peer.dane->enforced);
  ck_assert(tls.peer.pkix.has_value() && tls.peer.pkix->required);

  Scene avoided(authenticate(TlsaUsage::DaneTa));
  avoided.plan.enforcement = Enforcement::Audit;
  avoided.name_in("hosts_avoid_tls");
  ck_assert(assert_ok(avoided.tls()).use == TlsUse::Never);

  Scene unusable(encrypt());
  unusable.plan.enforcement = Enforcement::Audit;
  const auto nobody = assert_ok(unusable.tls());
  ck_assert(nobody.use == TlsUse::IfOffered && nobody.peer.empty());
}
END_TEST

// tests D-032, D-160: what a peer that the records authenticate is called
START_TEST(what_records_earn) {
  Scene scene(authenticate(TlsaUsage::DaneEe));
  auto tls = assert_ok(scene.tls());
  ck_assert(tls.peer.dane->enforced && tls.peer.dane->earns == PeerTrust::Dane);
  ck_assert_uint_eq(tls.peer.dane->records.size(), 1);
  scene.plan.mx = MxTrust::Insecure;
  ck_assert(assert_ok(scene.tls()).peer.dane->earns == PeerTrust::Verified);
}
END_TEST

struct PriorityRow {
  HostPolicy policy;
  const char* of_dane;  // dane_require_tls_ciphers
  const char* expected;
};

const PriorityRow kPriorities[] = {
    {no_dane(), "SECURE256", "NORMAL"},
    {authenticate(TlsaUsage::DaneEe), "SECURE256", "SECURE256"},
    {authenticate(TlsaUsage::DaneEe), "", "NORMAL"},
    {encrypt(), "SECURE256", "SECURE256"},
};

START_TEST(ciphers_of_dane) {
  const PriorityRow& row = kPriorities[_i];
  Scene scene(row.policy);
  scene.server.options["dane_require_tls_ciphers"] = row.of_dane;
  assert_text(assert_ok(scene.tls()).settings.priority, row.expected);
}
END_TEST

START_TEST(options_of_every_session) {
  for (const auto& policy : {HostPolicy(no_dane()), authenticate(TlsaUsage::DaneEe), encrypt()}) {
    Scene scene(policy);
    scene.server.options["tls_certificate"] = "/client.pem";
    scene.server.options["tls_privatekey"] = "/client.key";
    scene.server.options["tls_alpn"] = "smtp : lab";
    scene.server.numbers["tls_dh_min_bits"] = 2048;
    const auto settings = assert_ok(scene.tls()).settings;
    assert_text(settings.certificate_file, "/client.pem");
    assert_text(settings.key_file, "/client.key");
    ck_assert(settings.alpn == std::vector<std::string>({"smtp", "lab"}));
    ck_assert_uint_eq(settings.min_dh_bits, 2048);
  }
}
END_TEST

// In an Exim with OpenSSL the same options are in its language.
START_TEST(options_in_openssls_language) {
  Scene scene(authenticate(TlsaUsage::DaneEe));
  scene.batch.tls = {TlsLibrary::Openssl, "+no_tlsv1_3", false};
  scene.server.options["dane_require_tls_ciphers"] = "ECDHE-RSA-AES128-GCM-SHA256:!aNULL";
  scene.server.options["tls_eccurve"] = "P-256";
  assert_text(assert_ok(scene.tls()).settings.priority,
              "NORMAL:-KX-ALL:-CIPHER-ALL:-MAC-ALL:+ECDHE-RSA:+AES-128-GCM:+AEAD:-VERS-TLS1.3"
              ":-GROUP-ALL:+GROUP-SECP256R1");
  ck_assert(scene.server.calls.empty());

  scene.server.options["dane_require_tls_ciphers"] = "NONE-THAT-WE-HAVE";
  scene.server.options["tls_eccurve"] = "";
  assert_text(assert_ok(scene.tls()).settings.priority, "NORMAL:-VERS-TLS1.3");
  ck_assert_uint_eq(scene.server.calls.size(), 1);
  assert_text(scene.server.calls.front(),
              "note TLS options: \"NONE-THAT-WE-HAVE\" names no cipher suite that can be used: "
              "the default is used for H=mx1.lab [192.0.2.1]");
}
END_TEST

struct ProtocolRow {
  const char* protocol;
  bool known;
  TlsStart start;
};

// tests D-067
const ProtocolRow kProtocols[] = {
    {"", true, TlsStart::AfterStartTls},       {"smtp", true, TlsStart::AfterStartTls},
    {"smtps", true, TlsStart::FromFirstOctet}, {"Submissions", true, TlsStart::FromFirstOctet},
    {"lmtp", false, TlsStart::AfterStartTls},
};

START_TEST(protocol) {
  const ProtocolRow& row = kProtocols[_i];
  for (const auto& policy : {HostPolicy(no_dane()), authenticate(TlsaUsage::DaneEe), encrypt()}) {
    Scene scene(policy);
    scene.server.options["protocol"] = row.protocol;
    if (row.known)
      ck_assert(assert_ok(scene.tls()).start == row.start);
    else
      assert_contains(assert_error(scene.tls(), ErrorKind::BadInput).text, "lmtp");
  }
}
END_TEST

struct OcspRow {
  const char* what;
  HostPolicy policy;
  const char* list;
  OcspWish wish;
  StatusRequest request;
};

const OcspRow kOcspRows[] = {
    {"nobody wants any", no_dane(), "", OcspWish::None, StatusRequest::None},
    {"requested", no_dane(), "hosts_request_ocsp", OcspWish::Requested, StatusRequest::Ask},
    {"required", no_dane(), "hosts_require_ocsp", OcspWish::Required, StatusRequest::Ask},
    {"usage 2", authenticate(TlsaUsage::DaneTa), "hosts_require_ocsp", OcspWish::Required,
     StatusRequest::Ask},
    {"usage 3", authenticate(TlsaUsage::DaneEe), "hosts_require_ocsp", OcspWish::Required,
     StatusRequest::None},
    {"unusable records", encrypt(), "hosts_require_ocsp", OcspWish::None, StatusRequest::None},
};

START_TEST(ocsp) {
  const OcspRow& row = kOcspRows[_i];
  Scene scene(row.policy);
  scene.name_in(row.list);
  const auto tls = assert_ok(scene.tls());
  ck_assert_msg(tls.peer.ocsp == row.wish, "%s: wish", row.what);
  ck_assert_msg(tls.settings.status_request == row.request, "%s: request", row.what);
}
END_TEST

START_TEST(pkix_rules_are_those_of_the_options) {
  Scene scene(no_dane());
  scene.name_in("tls_try_verify_hosts");
  scene.server.options["tls_verify_certificates"] = "system";
  scene.server.options["tls_crl"] = "/crl.pem";
  auto pkix = *assert_ok(scene.tls()).peer.pkix;
  ck_assert(!pkix.required);
  assert_text(pkix.name, "");
  assert_text(pkix.certificates, "system");
  assert_text(pkix.revocations, "/crl.pem");
  scene.name_in("tls_verify_cert_hostnames");
  assert_text(assert_ok(scene.tls()).peer.pkix->name, "mx1.lab");
}
END_TEST

struct BrokenRow {
  HostPolicy policy;
  const char* option;
  ErrorKind kind;
};

const BrokenRow kBroken[] = {
    {no_dane(), "protocol", ErrorKind::BadInput},
    {no_dane(), "hosts_avoid_tls", ErrorKind::DnsFailure},
    {no_dane(), "hosts_require_tls", ErrorKind::DnsFailure},
    {no_dane(), "tls_certificate", ErrorKind::BadInput},
    {no_dane(), "tls_sni", ErrorKind::BadInput},
    {no_dane(), "hosts_require_ocsp", ErrorKind::DnsFailure},
    {no_dane(), "tls_verify_hosts", ErrorKind::DnsFailure},
    {no_dane(), "tls_try_verify_hosts", ErrorKind::DnsFailure},
    {authenticate(TlsaUsage::DaneEe), "hosts_avoid_tls", ErrorKind::DnsFailure},
    {authenticate(TlsaUsage::DaneEe), "hosts_request_ocsp", ErrorKind::DnsFailure},
    {authenticate(TlsaUsage::DaneEe), "dane_require_tls_ciphers", ErrorKind::BadInput},
    {encrypt(), "tls_privatekey", ErrorKind::BadInput},
};

START_TEST(an_option_that_cannot_be_read_is_an_error) {
  const BrokenRow& row = kBroken[_i];
  Scene scene(row.policy);
  scene.server.broken_options = {row.option};
  assert_contains(assert_error(scene.tls(), row.kind).text, row.option);
}
END_TEST

START_TEST(a_session_begins_with_our_name_and_times) {
  Scene scene(authenticate(TlsaUsage::DaneEe));
  scene.server.options["helo_data"] = "me.lab";
  scene.server.numbers = {{"command_timeout", 1}, {"data_timeout", 2}, {"final_timeout", 3}};
  const auto tls = assert_ok(scene.tls());
  const auto settings = assert_ok(session_settings(scene.server, tls));
  assert_text(settings.helo_name, "me.lab");
  assert_text(settings.tls.sni, "base.lab");
  ck_assert(settings.tls_use == TlsUse::Required && !settings.verify_peer);
  ck_assert(settings.timeouts.command == std::chrono::seconds(1));
  ck_assert(settings.timeouts.data_block == std::chrono::seconds(2));
  ck_assert(settings.timeouts.final_reply == std::chrono::seconds(3));
  for (const auto* name : {"", "two words", "me.lab\r\nRSET"}) {
    scene.server.options["helo_data"] = name;
    assert_contains(assert_error(session_settings(scene.server, tls), ErrorKind::BadInput).text,
                    "option helo_data: the EHLO name cannot be sent");
  }
  scene.server.broken_options = {"helo_data"};
  assert_error(session_settings(scene.server, tls), ErrorKind::BadInput);
}
END_TEST

int main() {
  Suite* suite = suite_create("host_tls");
  TCase* tc = tcase_create("host_tls");
  tcase_add_loop_test(tc, policy_and_option, 0, static_cast<int>(std::size(kRows)));
  tcase_add_test(tc, suppressed_tls);
  tcase_add_test(tc, avoided_tls_under_dane_is_an_error);
  tcase_add_test(tc, audit_is_as_without_dane_but_judged);
  tcase_add_test(tc, what_records_earn);
  tcase_add_loop_test(tc, ciphers_of_dane, 0, static_cast<int>(std::size(kPriorities)));
  tcase_add_test(tc, options_of_every_session);
  tcase_add_test(tc, options_in_openssls_language);
  tcase_add_loop_test(tc, protocol, 0, static_cast<int>(std::size(kProtocols)));
  tcase_add_loop_test(tc, ocsp, 0, static_cast<int>(std::size(kOcspRows)));
  tcase_add_test(tc, pkix_rules_are_those_of_the_options);
  tcase_add_loop_test(tc, an_option_that_cannot_be_read_is_an_error, 0,
                      static_cast<int>(std::size(kBroken)));
  tcase_add_test(tc, a_session_begins_with_our_name_and_times);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

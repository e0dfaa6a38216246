// SPDX-License-Identifier: GPL-2.0-or-later
// What a domain would be told of an attempt (RFC 8460 4.3): every result, and what is no result.
#include "route/attempt_report.h"

#include "unit/route/attempt_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

HostPolicy skip(ErrorKind kind, const std::string& text, SkipReason reason, bool ours = false) {
  return SkipHost{{kind, text, ours}, reason};
}

HostPolicy of_records() {
  auto policy = std::get<Authenticate>(authenticate());
  policy.published = {{3, 1, 1, 0xab}, {1, 0}};
  return policy;
}

struct Reported : Scene {
  Reported(HostPolicy policy, Script script) : Scene(1, std::move(policy), std::move(script)) {
    batch.reports_wanted = true;
  }
  // The type and the text of all reports: "tlsa certificate-expired: text".
  std::string told() {
    run();
    std::string text;
    for (const auto& one : server.reports)
      text += (text.empty() ? "" : "; ") + to_text(one) +
              (one.failure ? ": " + one.failure->text : std::string());
    return text;
  }
};

std::string told(HostPolicy policy, Script script) {
  return Reported(std::move(policy), std::move(script)).told();
}

const Script kDelivered = [](PeerSide& peer) {
  if (tls_greeting(peer)) take_all(peer);
};
const Script kInClear = [](PeerSide& peer) {
  clear_greeting(peer);
  take_all(peer);
};
const Script kRefusesTls = [](PeerSide& peer) {
  clear_greeting(peer, "250-mx1.lab\r\n250 STARTTLS\r\n");
  peer.answer("454 not at 12:01, id Q4711\r\n");
  peer.hear();
};
const Script kBreaksTls = [](PeerSide& peer) {
  clear_greeting(peer, "250-mx1.lab\r\n250 STARTTLS\r\n");
  peer.answer("220 go\r\n");
  peer.say("this is no handshake, at 12:01, id Q4711\r\n");
};

}  // namespace

START_TEST(no_policy_found) {
  assert_text(told(no_dane(), kDelivered), "no-policy-found success");
  assert_text(told(no_dane(), kInClear),
              "no-policy-found starttls-not-supported: STARTTLS is not offered");
  assert_contains(told(no_dane(), kBreaksTls), "no-policy-found validation-failure: ");
}
END_TEST

START_TEST(tlsa) {
  assert_contains(told(of_records(), kDelivered),
                  "tlsa certificate-not-trusted: no TLSA record matches the certificate; "
                  "presented: 3 1 1 ");
  assert_text(told(encrypt(), kDelivered), "tlsa tlsa-invalid: all-TLSA-records-unusable");
  assert_text(told(of_records(), kInClear), "tlsa starttls-not-supported: STARTTLS is not offered");
  assert_text(told(of_records(), kRefusesTls),
              "tlsa starttls-not-supported: STARTTLS was refused with 454");
}
END_TEST

// tests D-176
START_TEST(names_are_a_labels) {
  Reported scene(no_dane(), kDelivered);
  scene.batch.recipients[0].domain = "B\u00fccher.lab";
  scene.batch.hosts[0].asked_name = "MX.b\u00fccher.lab";
  scene.run();
  const auto& report = scene.server.reports.at(0);
  assert_text(report.domain, "xn--bcher-kva.lab");
  assert_text(report.policy.domain, "xn--bcher-kva.lab");
  assert_text(report.ends.mx_name, "mx.xn--bcher-kva.lab");
}
END_TEST

// What a server says varies from time to time; the text does not.
START_TEST(broken_handshake) {
  const auto text = told(of_records(), kBreaksTls);
  assert_contains(text, "tlsa validation-failure: ");
  ck_assert(text.find("12:01") == std::string::npos && text.find("4711") == std::string::npos);
}
END_TEST

START_TEST(under_audit) {
  Reported impostor(of_records(), kDelivered);
  impostor.plan.enforcement = Enforcement::Audit;
  assert_contains(impostor.told(), "tlsa certificate-not-trusted: ");
  ck_assert(impostor.server.outcomes[0].verdict.status == Status::Delivered);
  Reported clear(of_records(), kInClear);
  clear.plan.enforcement = Enforcement::Audit;
  assert_text(clear.told(), "tlsa starttls-not-supported: STARTTLS is not offered");
}
END_TEST

// Before any connection. Nothing of our resolver is in the text.
START_TEST(policies) {
  const auto invalid = SkipReason::DnssecInvalid;
  assert_text(
      told(skip(ErrorKind::DnsBogus, "TLSA of _25._tcp.mx1.lab: bogus: 192.0.2.53 no key", invalid),
           kNothing),
      "tlsa dnssec-invalid: TLSA of _25._tcp.mx1.lab: bogus");
  assert_text(told(skip(ErrorKind::DnsFailure, "A of mx1.lab: SERVFAIL", invalid), kNothing),
              "tlsa dnssec-invalid: A of mx1.lab: look-up failed");
  assert_text(told(skip(ErrorKind::DnsBogus, "DANE error: none of these: x", invalid), kNothing),
              "tlsa dnssec-invalid: an answer of the DNS is bogus");
  assert_text(
      told(skip(ErrorKind::TlsVerify, "DANE is required", SkipReason::DaneRequired), kNothing),
      "no-policy-found dane-required: the sender requires DANE for this host");
}
END_TEST

// TLS stands: what the server says within it is no failure of TLS, and a session is one.
START_TEST(refused_within_tls) {
  const Script says_no = [](PeerSide& peer) {
    clear_greeting(peer, "250-mx1.lab\r\n250 STARTTLS\r\n");
    peer.answer("220 go\r\n");
    if (peer.start_tls({})) peer.answer("421 not now\r\n");
  };
  assert_text(told(no_dane(), says_no), "no-policy-found success");
  assert_text(told(encrypt(), says_no), "tlsa tlsa-invalid: all-TLSA-records-unusable");
  Reported impostor(of_records(), says_no);
  impostor.plan.enforcement = Enforcement::Audit;
  assert_contains(impostor.told(), "tlsa certificate-not-trusted: ");
  const Script breaks_off = [](PeerSide& peer) {
    clear_greeting(peer, "250-mx1.lab\r\n250 STARTTLS\r\n");
    peer.answer("220 go\r\n");
    if (peer.start_tls({})) peer.hear();
  };
  assert_text(told(encrypt(), breaks_off), "");
}
END_TEST

// Our own configuration, our own resolver, TCP, and a session that ends before TLS.
START_TEST(what_is_no_result) {
  const auto invalid = SkipReason::DnssecInvalid;
  assert_text(told(skip(ErrorKind::BadInput, "option x", invalid), kNothing), "");
  assert_text(told(skip(ErrorKind::DnsFailure, "no trust anchor", invalid, true), kNothing), "");
  assert_text(told(of_records(), [](PeerSide& peer) { peer.say("554 no mail here\r\n"); }), "");
  assert_text(told(of_records(), [](PeerSide& peer) { clear_greeting(peer, "421 not now\r\n"); }),
              "");
  Reported unreachable(of_records(), kNothing);
  unreachable.server.sockets.clear();
  assert_text(unreachable.told(), "");
  Reported avoided(no_dane(), kInClear);
  avoided.server.lists["hosts_avoid_tls"] = {0};
  assert_text(avoided.told(), "");
  Reported unwanted(of_records(), kDelivered);
  unwanted.batch.reports_wanted = false;
  assert_text(unwanted.told(), "");
}
END_TEST

START_TEST(the_whole_report) {
  Reported scene(of_records(), [](PeerSide& peer) {
    peer.say("220 mx1.lab\r\n");
    peer.answer("250-its.own.name at 12:01\r\n250 STARTTLS\r\n");
    peer.answer("220 go\r\n");
    if (peer.start_tls({})) peer.hear();
  });
  scene.batch.recipients[0].domain = "DOM.lab.";
  scene.told();
  ck_assert_uint_eq(scene.server.reports.size(), 1);
  const auto& report = scene.server.reports[0];
  assert_text(report.domain, "dom.lab");
  assert_text(report.policy.domain, "mx1.lab");
  ck_assert(report.policy.strings == (std::vector<std::string>{"3 1 1 ab", "\\# 2 0100"}));
  ck_assert(report.policy.mx_hosts == std::vector<std::string>{"mx1.lab"});
  assert_text(report.ends.mx_name, "mx1.lab");
  assert_text(report.ends.mx_ip, "192.0.2.1");
  assert_text(report.ends.mx_helo, "its.own.name");
  assert_text(report.ends.sending_ip, "");  // the peer is not at that address
}
END_TEST

START_TEST(of_a_whole_domain) {
  const auto report = report_of_failed_domain("Dom.lab", {ErrorKind::DnsBogus, "MX of dom.lab: x"});
  ck_assert(report.has_value());
  assert_text(to_text(*report) + " " + report->failure->text + " " + report->policy.domain,
              "tlsa dnssec-invalid MX of dom.lab: bogus dom.lab");
  const auto retold = report_of_failed_domain(
      "dom.lab", {ErrorKind::DnsFailure, "MX look-up of dom.lab: MX of dom.lab: no answer"});
  assert_text(retold->failure->text, "MX of dom.lab: look-up failed");
  ck_assert(!report_of_failed_domain("dom.lab", {ErrorKind::BadInput, "option x"}));
}
END_TEST

int main() {
  Suite* suite = suite_create("attempt_report");
  TCase* all = tcase_create("all");
  tcase_set_timeout(all, 30);
  tcase_add_test(all, no_policy_found);
  tcase_add_test(all, tlsa);
  tcase_add_test(all, names_are_a_labels);
  tcase_add_test(all, broken_handshake);
  tcase_add_test(all, under_audit);
  tcase_add_test(all, policies);
  tcase_add_test(all, refused_within_tls);
  tcase_add_test(all, what_is_no_result);
  tcase_add_test(all, the_whole_report);
  tcase_add_test(all, of_a_whole_domain);
  suite_add_tcase(suite, all);
  return run_suite(suite);
}

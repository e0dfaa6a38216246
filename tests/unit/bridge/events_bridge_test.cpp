// SPDX-License-Identifier: GPL-2.0-or-later
// Events, steps and the variables of TLS, through a table of services.
#include "bridge/events_bridge.h"

#include "core/format.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

struct Exim {
  std::string calls{};
  const char* answer = nullptr;
  std::string texts{};            // of the variables, in the order of their structure
  danesmtp_tls_variables last{};  // its texts are gone
};

Exim& exim_of(void* handle) {
  return *static_cast<Exim*>(handle);
}

std::string shown(const char* text) {
  return text ? format("[{}]", text) : "-";
}

danesmtp_services table() {
  danesmtp_services s{};
  s.event = [](void* e, std::size_t host, std::size_t recipient, const char* name,
               const char* data) {
    exim_of(e).calls += host == kNoHost.value() ? "none" : format("{}", host);
    exim_of(e).calls += format(" {} {} {}; ", recipient, name, data);
    return exim_of(e).answer;
  };
  s.session_step = [](void* e, char letter) { exim_of(e).calls += letter; };
  s.set_tls_variables = [](void* e, const danesmtp_tls_variables* v) {
    exim_of(e).last = *v;
    for (const char* text : {v->sni, v->version, v->cipher, v->standard_cipher, v->peer_dn,
                             v->peer_certificate, v->channel_binding})
      exim_of(e).texts += shown(text);
  };
  return s;
}

const danesmtp_services kServices = table();

danesmtp_tls_variables variables_of(const TlsVariables& variables) {
  Exim exim;
  EventsBridge({kServices, &exim}).set_tls_variables(variables);
  return exim.last;
}

}  // namespace

START_TEST(events) {
  Exim exim{.answer = "no"};
  EventsBridge bridge({kServices, &exim});
  bridge.event(1, 2, "tcp:connect", "data");
  assert_text(bridge.ask_event(kNoHost, 0, "tls:cert", ""), "no");
  exim.answer = nullptr;
  assert_text(bridge.ask_event(3, 0, "smtp:ehlo", "x"), "");
  assert_text(exim.calls, "1 2 tcp:connect data; none 0 tls:cert ; 3 0 smtp:ehlo x; ");
}
END_TEST

START_TEST(steps) {
  Exim exim;
  EventsBridge bridge({kServices, &exim});
  for (const char letter : {'e', 'h', 's'}) bridge.session_step(letter);
  assert_text(exim.calls, "ehs");
}
END_TEST

START_TEST(variables_of_nothing) {
  Exim exim;
  EventsBridge({kServices, &exim}).set_tls_variables({});
  assert_text(exim.texts, "-------");
  ck_assert_uint_eq(exim.last.flags, 0);
  ck_assert_uint_eq(exim.last.tlsa_usages, 0);
  ck_assert_int_eq(exim.last.key_bits, 0);
  ck_assert_int_eq(exim.last.ocsp, DANESMTP_OCSP_NOT_REQUESTED);
  ck_assert_int_eq(exim.last.extended_master_secret, 0);
}
END_TEST

START_TEST(texts_and_numbers_of_variables) {
  Exim exim;
  TlsVariables variables;
  variables.sni = "sni";
  variables.version = "TLS1.3";
  variables.cipher = "cipher";
  variables.standard_cipher = "standard";
  variables.peer_dn = "dn";
  variables.peer_certificate = "pem";
  variables.channel_binding.base64 = "cb==";
  variables.key_bits = 256;
  variables.tlsa_usages = 0xc;
  EventsBridge({kServices, &exim}).set_tls_variables(variables);
  assert_text(exim.texts, "[sni][TLS1.3][cipher][standard][dn][pem][cb==]");
  ck_assert_int_eq(exim.last.key_bits, 256);
  ck_assert_uint_eq(exim.last.tlsa_usages, 0xc);
}
END_TEST

START_TEST(trust_of_variables) {
  constexpr std::pair<PeerTrust, unsigned> kTrust[] = {
      {PeerTrust::None, 0u},
      {PeerTrust::Verified, DANESMTP_CERT_VERIFIED},
      {PeerTrust::Sts, DANESMTP_CERT_VERIFIED},
      {PeerTrust::Dane, DANESMTP_CERT_VERIFIED | DANESMTP_DANE_VERIFIED},
  };
  for (const auto& [trust, flags] : kTrust)
    ck_assert_uint_eq(variables_of({.trust = trust}).flags, flags);
}
END_TEST

START_TEST(ocsp_of_variables) {
  constexpr std::pair<OcspResult, int> kResults[] = {
      {OcspResult::NotRequested, DANESMTP_OCSP_NOT_REQUESTED},
      {OcspResult::NoResponse, DANESMTP_OCSP_NO_RESPONSE},
      {OcspResult::NotVerified, DANESMTP_OCSP_NOT_VERIFIED},
      {OcspResult::Failed, DANESMTP_OCSP_FAILED},
      {OcspResult::Verified, DANESMTP_OCSP_VERIFIED},
  };
  for (const auto& [result, expected] : kResults)
    ck_assert_int_eq(variables_of({.ocsp = result}).ocsp, expected);
}
END_TEST

// Each alone: no two of them are taken for each other.
START_TEST(steps_of_resumption) {
  ck_assert_uint_eq(variables_of({}).resumption, 0);
  constexpr std::pair<ResumptionSteps, std::uint32_t> kSteps[] = {
      {{.wanted = true}, DANESMTP_RESUMPTION_WANTED},
      {{.offered = true}, DANESMTP_RESUMPTION_OFFERED},
      {{.ticket = true}, DANESMTP_RESUMPTION_TICKET},
      {{.used = true}, DANESMTP_RESUMPTION_USED},
  };
  for (const auto& [taken, expected] : kSteps)
    ck_assert_uint_eq(variables_of({.resumption = taken}).resumption, expected);
}
END_TEST

START_TEST(channel_bindings) {
  TlsVariables variables;
  variables.channel_binding.type = ChannelBindingType::Exporter;
  ck_assert_int_eq(variables_of(variables).channel_binding_exporter, 1);
  variables.channel_binding.type = ChannelBindingType::Unique;
  ck_assert_int_eq(variables_of(variables).channel_binding_exporter, 0);
  variables.channel_binding.extended_master_secret = true;
  ck_assert_int_eq(variables_of(variables).extended_master_secret, 1);
}
END_TEST

int main() {
  Suite* suite = suite_create("events_bridge");
  TCase* tc = tcase_create("conversions");
  tcase_add_test(tc, events);
  tcase_add_test(tc, steps);
  tcase_add_test(tc, variables_of_nothing);
  tcase_add_test(tc, texts_and_numbers_of_variables);
  tcase_add_test(tc, trust_of_variables);
  tcase_add_test(tc, ocsp_of_variables);
  tcase_add_test(tc, steps_of_resumption);
  tcase_add_test(tc, channel_bindings);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

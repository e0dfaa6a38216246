// SPDX-License-Identifier: GPL-2.0-or-later
// Outcomes, the journal and retry records, through a table of services.
#include "bridge/results_bridge.h"

#include "core/format.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

struct Exim {
  std::string calls{};
  danesmtp_result last{};  // its texts are gone
  std::string message{};
  std::string cipher{};
  std::string peer_dn{};
  std::string server_words{};

  void add(const char* name, const std::size_t* recipients, std::size_t count) {
    calls += name;
    for (std::size_t i = 0; i < count; ++i) calls += format(" {}", recipients[i]);
    calls += "; ";
  }
};

Exim& exim_of(void* handle) {
  return *static_cast<Exim*>(handle);
}

std::string shown(const char* text) {
  return text ? format("[{}]", text) : "-";
}

void add_retry_services(danesmtp_services& s) {
  s.retry_host = [](void* e, std::size_t host, std::size_t recipient, int deferred) {
    exim_of(e).calls += format("host {} {} {}; ", host, recipient, deferred);
  };
  s.retry_message = [](void* e, std::size_t host, std::size_t recipient, int deferred) {
    exim_of(e).calls += format("message {} {} {}; ", host, recipient, deferred);
  };
  s.retry_recipient = [](void* e, std::size_t recipient) {
    exim_of(e).calls += format("recipient {}; ", recipient);
  };
  s.retry_recipient_clear = [](void* e, std::size_t recipient) {
    exim_of(e).calls += format("clear {}; ", recipient);
  };
  s.retry_skipped = [](void* e, std::size_t recipient) {
    exim_of(e).calls += format("skipped {}; ", recipient);
  };
  s.retry_routing = [](void* e, std::size_t recipient, const char* name) {
    exim_of(e).calls += format("routing {} {}; ", recipient, name);
  };
}

danesmtp_services table() {
  danesmtp_services s{};
  s.set_result = [](void* e, std::size_t recipient, const danesmtp_result* result) {
    exim_of(e).add("result", &recipient, 1);
    exim_of(e).last = *result;
    exim_of(e).message = shown(result->message);
    exim_of(e).cipher = shown(result->cipher);
    exim_of(e).peer_dn = shown(result->peer_dn);
    exim_of(e).server_words = shown(result->greeting) + shown(result->hello);
  };
  s.journal = [](void* e, const std::size_t* recipients, std::size_t count) {
    exim_of(e).add("journal", recipients, count);
  };
  s.delegate = [](void* e, const std::size_t* recipients, std::size_t count) {
    exim_of(e).add("delegate", recipients, count);
  };
  add_retry_services(s);
  return s;
}

const danesmtp_services kServices = table();

Exim told(const RecipientOutcome& outcome, RecipientIndex recipient = 0) {
  Exim exim;
  ResultsBridge({kServices, &exim}).set_outcome(recipient, outcome);
  return exim;
}

template <class Change>
danesmtp_result result_with(Change change) {
  RecipientOutcome outcome;
  change(outcome);
  return told(outcome).last;
}

}  // namespace

START_TEST(an_outcome_of_nothing) {
  const Exim exim = told({}, 3);
  assert_text(exim.calls, "result 3; ");
  ck_assert_int_eq(exim.last.status, DANESMTP_DEFERRED);
  ck_assert_int_eq(exim.last.cause, DANESMTP_CAUSE_NONE);
  ck_assert_int_eq(exim.last.host, -1);
  ck_assert_int_eq(exim.last.ocsp, DANESMTP_OCSP_NOT_REQUESTED);
  ck_assert_uint_eq(exim.last.flags, 0);
  assert_text(exim.message + exim.cipher + exim.peer_dn + exim.server_words, "[]----");
}
END_TEST

START_TEST(texts_and_numbers) {
  RecipientOutcome outcome;
  outcome.verdict.system_errno = 111;
  outcome.verdict.reply_code = 451;
  outcome.verdict.text = "text";
  outcome.connection.host = HostIndex(0);
  outcome.connection.cipher = "cipher";
  outcome.connection.peer_dn = "dn";
  outcome.connection.greeting = "220 mx";
  outcome.connection.hello = "250-mx";
  outcome.duration = std::chrono::hours(2);
  const Exim exim = told(outcome);
  ck_assert_int_eq(exim.last.system_errno, 111);
  ck_assert_int_eq(exim.last.reply_code, 451);
  ck_assert_int_eq(exim.last.host, 0);
  ck_assert(exim.last.duration_us == std::int64_t{7200} * 1000000);
  assert_text(exim.message + exim.cipher + exim.peer_dn, "[text][cipher][dn]");
  assert_text(exim.server_words, "[220 mx][250-mx]");
}
END_TEST

START_TEST(every_status) {
  constexpr std::pair<Status, int> kStatus[] = {{Status::Delivered, DANESMTP_DELIVERED},
                                                {Status::Deferred, DANESMTP_DEFERRED},
                                                {Status::Failed, DANESMTP_FAILED}};
  for (const auto& [status, expected] : kStatus)
    ck_assert_int_eq(result_with([&](auto& o) { o.verdict.status = status; }).status, expected);
}
END_TEST

START_TEST(every_cause) {
  constexpr std::pair<Cause, int> kCauses[] = {
      {Cause::None, DANESMTP_CAUSE_NONE},
      {Cause::System, DANESMTP_CAUSE_SYSTEM},
      {Cause::ConnectTimeout, DANESMTP_CAUSE_CONNECT_TIMEOUT},
      {Cause::Timeout, DANESMTP_CAUSE_TIMEOUT},
      {Cause::Closed, DANESMTP_CAUSE_CLOSED},
      {Cause::Format, DANESMTP_CAUSE_FORMAT},
      {Cause::TlsRequired, DANESMTP_CAUSE_TLS_REQUIRED},
      {Cause::TlsFailure, DANESMTP_CAUSE_TLS_FAILURE},
      {Cause::AuthMissing, DANESMTP_CAUSE_AUTH_MISSING},
      {Cause::AuthProblem, DANESMTP_CAUSE_AUTH_PROBLEM},
      {Cause::Dns, DANESMTP_CAUSE_DNS},
      {Cause::UnknownHost, DANESMTP_CAUSE_UNKNOWN_HOST},
      {Cause::HostIsLocal, DANESMTP_CAUSE_HOST_IS_LOCAL},
      {Cause::Mail4xx, DANESMTP_CAUSE_MAIL_4XX},
      {Cause::Rcpt4xx, DANESMTP_CAUSE_RCPT_4XX},
      {Cause::Data4xx, DANESMTP_CAUSE_DATA_4XX},
      {Cause::HostRetry, DANESMTP_CAUSE_HOST_RETRY},
      {Cause::Filter, DANESMTP_CAUSE_FILTER},
      {Cause::Headers, DANESMTP_CAUSE_HEADERS},
      {Cause::Expansion, DANESMTP_CAUSE_EXPANSION},
      {Cause::Utf8, DANESMTP_CAUSE_UTF8},
      {Cause::NoSuitedHost, DANESMTP_CAUSE_NO_SUITED_HOST},
  };
  ck_assert_uint_eq(std::size(kCauses), DANESMTP_CAUSE_NO_SUITED_HOST + 1);  // the last one
  for (const auto& [cause, expected] : kCauses)
    ck_assert_int_eq(result_with([&](auto& o) { o.verdict.cause = cause; }).cause, expected);
}
END_TEST

// Each alone: no two of them are taken for each other.
START_TEST(every_flag) {
  struct Row {
    void (*change)(RecipientOutcome& outcome);
    unsigned flags;
  };
  constexpr Row kRows[] = {
      {[](RecipientOutcome& o) { o.verdict.text_is_for_sender = true; }, DANESMTP_PASS_MESSAGE},
      {[](RecipientOutcome& o) { o.connection.host_secure = true; }, DANESMTP_HOST_SECURE},
      {[](RecipientOutcome& o) { o.transaction.first = true; }, DANESMTP_FIRST},
      {[](RecipientOutcome& o) { o.transaction.pipelined = true; }, DANESMTP_PIPELINED},
      {[](RecipientOutcome& o) { o.connection.continued = true; }, DANESMTP_CONTINUED},
      {[](RecipientOutcome& o) { o.connection.chunked = true; }, DANESMTP_CHUNKED},
      {[](RecipientOutcome& o) { o.transaction.prdr = true; }, DANESMTP_PRDR},
      {[](RecipientOutcome& o) { o.connection.downconverted = true; }, DANESMTP_DOWNCONVERTED},
      {[](RecipientOutcome& o) { o.connection.resumed = true; }, DANESMTP_RESUMED},
      {[](RecipientOutcome& o) { o.connection.dsn = DsnSupport::Unknown; }, 0u},
      {[](RecipientOutcome& o) { o.connection.dsn = DsnSupport::Yes; }, DANESMTP_DSN_YES},
      {[](RecipientOutcome& o) { o.connection.dsn = DsnSupport::No; }, DANESMTP_DSN_NO},
      {[](RecipientOutcome& o) { o.connection.trust = PeerTrust::Verified; },
       DANESMTP_CERT_VERIFIED},
      {[](RecipientOutcome& o) { o.connection.trust = PeerTrust::Sts; }, DANESMTP_CERT_VERIFIED},
      {[](RecipientOutcome& o) { o.connection.trust = PeerTrust::Dane; },
       DANESMTP_CERT_VERIFIED | DANESMTP_DANE_VERIFIED},
  };
  for (const auto& row : kRows) ck_assert_uint_eq(result_with(row.change).flags, row.flags);
}
END_TEST

START_TEST(the_proof) {
  ck_assert_int_eq(result_with([](auto& o) { o.connection.ocsp = OcspResult::Verified; }).ocsp,
                   DANESMTP_OCSP_VERIFIED);
  ck_assert_int_eq(result_with([](auto& o) { o.connection.ocsp = OcspResult::Failed; }).ocsp,
                   DANESMTP_OCSP_FAILED);
}
END_TEST

// The one place of a log line where it can be seen.
START_TEST(mta_sts_in_the_log_line) {
  for (const auto& [trust, shown] : {std::pair{PeerTrust::Sts, "[TLS1.3:x:256:sts]"},
                                     {PeerTrust::Verified, "[TLS1.3:x:256]"},
                                     {PeerTrust::Dane, "[TLS1.3:x:256]"}}) {
    Exim exim;
    RecipientOutcome outcome;
    outcome.connection.cipher = "TLS1.3:x:256";
    outcome.connection.trust = trust;
    ResultsBridge({kServices, &exim}).set_outcome(0, outcome);
    assert_text(exim.cipher, shown);
  }
}
END_TEST

START_TEST(requiretls_in_the_log_line) {
  for (const auto& [trust, shown] : {std::pair{PeerTrust::Sts, "[TLS1.3:x:256:sts:requiretls]"},
                                     {PeerTrust::Dane, "[TLS1.3:x:256:requiretls]"}}) {
    Exim exim;
    RecipientOutcome outcome;
    outcome.connection.cipher = "TLS1.3:x:256";
    outcome.connection.trust = trust;
    outcome.connection.requiretls = true;
    ResultsBridge({kServices, &exim}).set_outcome(0, outcome);
    assert_text(exim.cipher, shown);
  }
}
END_TEST

START_TEST(journal_and_delegation) {
  Exim exim;
  ResultsBridge results({kServices, &exim});
  results.journal({2, 0});
  results.delegate({1});
  results.journal({});
  assert_text(exim.calls, "journal 2 0; delegate 1; journal; ");
}
END_TEST

START_TEST(retry_records) {
  Exim exim;
  ResultsBridge results({kServices, &exim});
  for (const auto change : {RetryChange::Deferred, RetryChange::Worked}) {
    results.retry_host(1, 2, change);
    results.retry_message(3, 4, change);
    results.retry_recipient(5, change);
  }
  results.retry_skipped(6);
  results.retry_routing(7, "dom.lab");
  assert_text(exim.calls,
              "host 1 2 1; message 3 4 1; recipient 5; host 1 2 0; message 3 4 0; clear 5; "
              "skipped 6; routing 7 dom.lab; ");
}
END_TEST

int main() {
  Suite* suite = suite_create("results_bridge");
  TCase* tc = tcase_create("conversions");
  tcase_add_test(tc, an_outcome_of_nothing);
  tcase_add_test(tc, texts_and_numbers);
  tcase_add_test(tc, every_status);
  tcase_add_test(tc, every_cause);
  tcase_add_test(tc, every_flag);
  tcase_add_test(tc, the_proof);
  tcase_add_test(tc, journal_and_delegation);
  tcase_add_test(tc, mta_sts_in_the_log_line);
  tcase_add_test(tc, requiretls_in_the_log_line);
  tcase_add_test(tc, retry_records);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

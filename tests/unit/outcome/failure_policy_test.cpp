// SPDX-License-Identifier: GPL-2.0-or-later
#include "outcome/failure_policy.h"

#include <iterator>
#include <set>
#include <utility>

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

SmtpReply reply(int code, const char* text) {
  SmtpReply reply;
  reply.code = code;
  reply.lines = {text};
  return reply;
}

SmtpTrouble no_reply(SmtpStage stage, ErrorKind kind) {
  return {stage, {kind, "why"}, std::nullopt, "CMD"};
}

SmtpTrouble refusal(SmtpStage stage, int code) {
  return {stage, {ErrorKind::Protocol, "refused"}, reply(code, "no"), "CMD"};
}

struct Row {
  const char* name;
  SmtpTrouble trouble;
  FailureScope scope;
  Status status;
  Cause cause;
};

const Row kRows[] = {
    // Before the peer is authenticated nothing is final; tests D-027, D-135
    {"banner 554", refusal(SmtpStage::Greeting, 554), FailureScope::Host, Status::Deferred,
     Cause::None},
    {"EHLO 550", refusal(SmtpStage::Ehlo, 550), FailureScope::Host, Status::Deferred, Cause::None},
    {"STARTTLS 501", refusal(SmtpStage::StartTls, 501), FailureScope::Host, Status::Deferred,
     Cause::TlsRequired},  // D-023
    {"STARTTLS 454", refusal(SmtpStage::StartTls, 454), FailureScope::Host, Status::Deferred,
     Cause::TlsRequired},
    {"STARTTLS not offered", no_reply(SmtpStage::StartTls, ErrorKind::TlsHandshake),
     FailureScope::Host, Status::Deferred, Cause::TlsRequired},
    {"handshake", no_reply(SmtpStage::Handshake, ErrorKind::TlsHandshake), FailureScope::Host,
     Status::Deferred, Cause::TlsFailure},
    {"handshake time-out", no_reply(SmtpStage::Handshake, ErrorKind::Timeout), FailureScope::Host,
     Status::Deferred, Cause::TlsFailure},
    {"a setting of ours", no_reply(SmtpStage::Handshake, ErrorKind::BadInput), FailureScope::Host,
     Status::Deferred, Cause::TlsFailure},
    {"impostor", no_reply(SmtpStage::Verify, ErrorKind::TlsVerify), FailureScope::Host,
     Status::Deferred, Cause::TlsFailure},
    {"AUTH 454", refusal(SmtpStage::Auth, 454), FailureScope::Host, Status::Deferred, Cause::None},
    {"AUTH time-out", no_reply(SmtpStage::Auth, ErrorKind::Timeout), FailureScope::Host,
     Status::Deferred, Cause::Timeout},
    {"AUTH closed", no_reply(SmtpStage::Auth, ErrorKind::Disconnected), FailureScope::Host,
     Status::Deferred, Cause::Closed},
    {"MAIL 451", refusal(SmtpStage::Mail, 451), FailureScope::Message, Status::Deferred,
     Cause::Mail4xx},
    {"MAIL 550", refusal(SmtpStage::Mail, 550), FailureScope::Message, Status::Failed, Cause::None},
    {"MAIL time-out", no_reply(SmtpStage::Mail, ErrorKind::Timeout), FailureScope::Message,
     Status::Deferred, Cause::Timeout},
    {"MAIL closed", no_reply(SmtpStage::Mail, ErrorKind::Disconnected), FailureScope::Host,
     Status::Deferred, Cause::Closed},
    {"MAIL 250x", refusal(SmtpStage::Mail, 350), FailureScope::Host, Status::Deferred,
     Cause::Format},
    {"RCPT time-out", no_reply(SmtpStage::Rcpt, ErrorKind::Timeout), FailureScope::Recipient,
     Status::Deferred, Cause::Timeout},
    {"DATA 554", refusal(SmtpStage::Data, 554), FailureScope::Message, Status::Failed, Cause::None},
    {"DATA 421", refusal(SmtpStage::Data, 421), FailureScope::Message, Status::Deferred,
     Cause::Data4xx},
    {"DATA closed", no_reply(SmtpStage::Data, ErrorKind::Disconnected), FailureScope::Host,
     Status::Deferred, Cause::Closed},
    {"dot 452", refusal(SmtpStage::EndOfData, 452), FailureScope::Message, Status::Deferred,
     Cause::Data4xx},
    {"dot 554", refusal(SmtpStage::EndOfData, 554), FailureScope::Message, Status::Failed,
     Cause::None},
    {"dot time-out", no_reply(SmtpStage::EndOfData, ErrorKind::Timeout), FailureScope::Message,
     Status::Deferred, Cause::Timeout},
    {"dot closed", no_reply(SmtpStage::EndOfData, ErrorKind::Disconnected), FailureScope::Message,
     Status::Deferred, Cause::Closed},
    {"no row: QUIT", no_reply(SmtpStage::Quit, ErrorKind::Io), FailureScope::Host, Status::Deferred,
     Cause::None},
};

}  // namespace

START_TEST(trouble_row) {
  const Row& row = kRows[_i];
  const FailureRuling ruling = rule_on_trouble(row.trouble);
  ck_assert_msg(ruling.scope == row.scope, "%s: scope", row.name);
  ck_assert_msg(ruling.verdict.status == row.status, "%s: status", row.name);
  ck_assert_msg(ruling.verdict.cause == row.cause, "%s: cause", row.name);
  ck_assert_msg(!ruling.verdict.text.empty(), "%s: no text", row.name);
}
END_TEST

START_TEST(a_stage_and_happening_has_one_row) {
  std::set<std::pair<SmtpStage, Happening>> seen;
  for (const auto& row : failure_rows())
    ck_assert_msg(seen.insert({row.stage, row.happening}).second, "a row stands twice");
  ck_assert_uint_gt(seen.size(), 40);
}
END_TEST

// tests D-023, D-027, D-112, D-135
START_TEST(nothing_before_mail_is_final) {
  for (const auto& row : failure_rows()) {
    if (row.stage < SmtpStage::Mail)
      ck_assert_msg(row.status == Status::Deferred, "final too early");
    if (row.status == Status::Failed)
      ck_assert_msg(row.happening == Happening::Refused5xx, "a failure without a 5xx reply");
  }
}
END_TEST

START_TEST(recipients_are_refused_one_by_one) {
  auto later = rule_on_refusal(reply(452, "4.2.2 full"), "RCPT TO:<a@b>");
  ck_assert(later.verdict.status == Status::Deferred && later.verdict.cause == Cause::Rcpt4xx);
  ck_assert_int_eq(later.verdict.reply_code, 452);
  assert_text(later.verdict.text,
              "SMTP error from remote mail server after RCPT TO:<a@b>: 452 4.2.2 full");
  auto never = rule_on_trouble({SmtpStage::Rcpt,
                                {ErrorKind::Protocol, "refused"},
                                reply(550, "no\x1b[31m such\r\nuser"),
                                "RCPT TO:<a@b>",
                                true});
  ck_assert(never.verdict.status == Status::Failed && never.verdict.text_is_for_sender);
  assert_text(never.verdict.text,
              "SMTP error from remote mail server after pipelined RCPT TO:<a@b>: "
              "550 no\\033[31m such\\r\\nuser");
}
END_TEST

START_TEST(connection_and_message) {
  auto refused = rule_on_connect_failure(ConnectFailure{ECONNREFUSED, false});
  ck_assert(refused.verdict.cause == Cause::System && refused.scope == FailureScope::Host);
  ck_assert_int_eq(refused.verdict.system_errno, ECONNREFUSED);
  ck_assert(rule_on_connect_failure(ConnectFailure{ETIMEDOUT, true}).verdict.cause ==
            Cause::ConnectTimeout);
  auto filter = rule_on_write_failure(WriteFailure{WriteFailureKind::Filter, 0, "filter failed"});
  ck_assert(filter.scope == FailureScope::Delivery && filter.verdict.cause == Cause::Filter);
  ck_assert(filter.verdict.status == Status::Deferred);
}
END_TEST

// RFC 5321 3.8: the server is leaving; it is not about the recipient that it answers.
START_TEST(going_down_at_rcpt_is_the_hosts) {
  const SmtpReply leaving{421, std::nullopt, {"bye"}};
  auto judged =
      rule_on_trouble({SmtpStage::Rcpt, {ErrorKind::Disconnected, "x"}, leaving, "RCPT", true});
  ck_assert(judged.scope == FailureScope::Host && judged.verdict.status == Status::Deferred);
  ck_assert(judged.verdict.cause == Cause::Closed);
  ck_assert_int_eq(judged.verdict.reply_code, 0);
  auto busy = rule_on_refusal({450, std::nullopt, {"x"}}, "RCPT");
  ck_assert(busy.scope == FailureScope::Recipient);
  ck_assert_int_eq(busy.verdict.reply_code, 450);
}
END_TEST

// tests D-130, D-131, D-134
struct Coded {
  FailureRuling ruling;
  const char* text;
  bool for_sender;
};
const Coded kCoded[] = {
    {rule_on_trouble(no_reply(SmtpStage::StartTls, ErrorKind::TlsHandshake)),
     "DANE: 4.7.4 a TLS session is required, but the server did not offer TLS support", true},
    {rule_on_trouble(refusal(SmtpStage::StartTls, 454)),
     "DANE: 4.7.4 SMTP error from remote mail server after CMD: 454 no", true},
    {rule_on_trouble(no_reply(SmtpStage::Handshake, ErrorKind::TlsHandshake)),
     "TLS session: 4.7.5 why", true},
    {rule_on_trouble(no_reply(SmtpStage::Verify, ErrorKind::TlsVerify)), "TLS session: 4.7.5 why",
     true},
    {rule_on_policy_failure({ErrorKind::DnsBogus, "DANE error: MX look-up of a.lab: bogus"}),
     "DANE error: 4.7.5 MX look-up of a.lab: bogus", true},
    {rule_on_policy_failure({ErrorKind::DnsFailure, "DANE error: SERVFAIL"}),
     "DANE error: 4.4.3 SERVFAIL", true},
    {rule_on_policy_failure({ErrorKind::DnsFailure, "not working (asked: 127.0.0.1@53)", true}),
     "DANE error: 4.4.3 not working (asked: 127.0.0.1@53)", false},
    {rule_on_trouble({SmtpStage::Handshake,
                      {ErrorKind::BadInput, "client certificate \"/etc/own.pem\": no", true},
                      std::nullopt,
                      "EHLO"}),
     "DANE error: 4.3.5 client certificate \"/etc/own.pem\": no", false},
    {rule_on_policy_failure({ErrorKind::TlsVerify, "DANE: no records"}), "DANE: 4.7.4 no records",
     true},
    {rule_on_policy_failure({ErrorKind::BadInput, "failed to expand option x"}),
     "DANE: 4.3.5 failed to expand option x", true},
    {rule_on_trouble(no_reply(SmtpStage::Mail, ErrorKind::Timeout)), "SMTP timeout after CMD",
     false},
};

START_TEST(what_a_dane_policy_makes_wait_has_a_status_code) {
  const FailureRuling told = under_dane(kCoded[_i].ruling);
  assert_text(told.verdict.text, kCoded[_i].text);
  ck_assert(told.verdict.text_is_for_sender == kCoded[_i].for_sender);
  ck_assert(told.verdict.status == Status::Deferred);
}
END_TEST

START_TEST(status_codes_are_for_now) {
  for (const auto& row : failure_rows())
    ck_assert(*row.policy_status == '\0' ||
              std::string(row.policy_status).compare(0, 2, "4.") == 0);
  for (const auto& row : policy_failure_rows())
    ck_assert(std::string(row.policy_status).compare(0, 2, "4.") == 0);
}
END_TEST

struct Required {
  const char* what;
  SmtpTrouble trouble;
  TlsPromise promise;
  FailureScope scope;
  const char* status;
};

const SmtpTrouble kOurs{SmtpStage::Handshake, {ErrorKind::BadInput, "our key", true}, {}, "EHLO"};

// Of a message that requires TLS: what nobody has promised is for good, and whatever is not of TLS
// is as ever.
const Required kRequired[] = {
    {"promised, and not offered", no_reply(SmtpStage::StartTls, ErrorKind::TlsHandshake),
     TlsPromise::Made, FailureScope::Message, "4.7.4"},
    {"promised, and an impostor", no_reply(SmtpStage::Verify, ErrorKind::TlsVerify),
     TlsPromise::Made, FailureScope::Message, "4.7.5"},
    {"not offered", no_reply(SmtpStage::StartTls, ErrorKind::TlsHandshake), TlsPromise::None,
     FailureScope::Unsuited, "4.7.10"},
    {"refused for good", refusal(SmtpStage::StartTls, 502), TlsPromise::None,
     FailureScope::Unsuited, "4.7.10"},
    {"not now", refusal(SmtpStage::StartTls, 454), TlsPromise::None, FailureScope::Message,
     "4.7.4"},
    {"another's certificate", no_reply(SmtpStage::Verify, ErrorKind::TlsVerify), TlsPromise::None,
     FailureScope::Unsuited, "4.7.10"},
    {"no handshake", no_reply(SmtpStage::Handshake, ErrorKind::TlsHandshake), TlsPromise::None,
     FailureScope::Unsuited, "4.7.10"},
    {"closed", no_reply(SmtpStage::Handshake, ErrorKind::Disconnected), TlsPromise::None,
     FailureScope::Message, "4.7.5"},
    {"silent", no_reply(SmtpStage::Handshake, ErrorKind::Timeout), TlsPromise::None,
     FailureScope::Message, "4.7.5"},
    {"a setting of ours", kOurs, TlsPromise::None, FailureScope::Message, "4.3.5"},
    {"greeting", refusal(SmtpStage::Greeting, 554), TlsPromise::None, FailureScope::Host, ""},
    {"EHLO", refusal(SmtpStage::Ehlo, 550), TlsPromise::None, FailureScope::Host, ""},
};

// tests D-194
START_TEST(what_a_message_that_requires_tls_makes_of_it) {
  const Required& row = kRequired[_i];
  const auto ruling = rule_on_required_tls(row.trouble, row.promise);
  ck_assert_msg(ruling.scope == row.scope, "%s", row.what);
  assert_text(ruling.policy_status, row.status);
  ck_assert(ruling.verdict.status == Status::Deferred);
}
END_TEST

// tests D-193
START_TEST(no_host_for_a_message_that_requires_tls) {
  const auto no_tls = rule_on_unsuited_host(Shortcoming::NoTls, "no STARTTLS");
  const auto no_word = rule_on_unsuited_host(Shortcoming::NoRequireTls, "no REQUIRETLS");
  // For now, whatever policy the host has.
  assert_text(under_dane(no_word).verdict.text, "REQUIRETLS: 4.7.30 no REQUIRETLS");
  ck_assert(under_dane(no_tls).verdict.text_is_for_sender);
  const auto end = rule_on_no_suited_host(no_tls);
  ck_assert(end.verdict.status == Status::Failed && end.verdict.text_is_for_sender);
  ck_assert(end.verdict.cause == Cause::NoSuitedHost);
  assert_text(end.verdict.text, "REQUIRETLS: 550 5.7.10 Encryption needed: no STARTTLS");
  assert_text(rule_on_no_suited_host(no_word).verdict.text,
              "REQUIRETLS: 550 5.7.30 REQUIRETLS support required: no REQUIRETLS");
}
END_TEST

// Exim's driver adds the system's word for a time-out to the host's line, and no code to its record
// of a greeting.
START_TEST(what_the_host_line_and_record_get) {
  auto silent = rule_on_trouble({SmtpStage::Mail, {ErrorKind::Timeout, "x"}, std::nullopt, "MAIL"});
  ck_assert_int_eq(silent.verdict.system_errno, ETIMEDOUT);
  auto refused = rule_on_trouble(
      {SmtpStage::Greeting, {ErrorKind::Protocol, "x"}, SmtpReply{450, std::nullopt, {"x"}}, "c"});
  ck_assert_int_eq(refused.verdict.reply_code, 0);
}
END_TEST

// One refusal, and nobody gets the message (mua_wrapper), though it was for now.
START_TEST(a_partial_refusal_is_final_for_all) {
  TransactionResult result;
  result.recipients = {{RecipientFate::Undecided, std::nullopt, "RCPT TO:<a@b>"},
                       {RecipientFate::Refused, reply(451, "later"), "RCPT TO:<c@d>"}};
  const auto ruling = rule_on_partial_refusal(result);
  ck_assert(ruling.scope == FailureScope::Delivery && ruling.verdict.status == Status::Failed);
  assert_text(ruling.verdict.text,
              "SMTP error from remote mail server after RCPT TO:<c@d>: 451 later");
}
END_TEST

struct Lost {
  const char* what;
  SmtpTrouble trouble;
  Custody custody;
  bool before_mail;
  Cause cause;
};

// The connection of an earlier message; and one that breaks when the message is already there.
const Lost kLost[] = {
    {"closed before MAIL", no_reply(SmtpStage::Mail, ErrorKind::Disconnected), Custody::NotTaken,
     true, Cause::Closed},
    {"a reply to nothing", no_reply(SmtpStage::Mail, ErrorKind::Protocol), Custody::NotTaken, true,
     Cause::Format},
    {"refused in words", refusal(SmtpStage::Mail, 451), Custody::NotTaken, false, Cause::Mail4xx},
    {"silent", no_reply(SmtpStage::Mail, ErrorKind::Timeout), Custody::NotTaken, false,
     Cause::Timeout},
    {"closed after RCPT", no_reply(SmtpStage::Rcpt, ErrorKind::Disconnected), Custody::NotTaken,
     false, Cause::Closed},
    {"closed, and it may have the message", no_reply(SmtpStage::Mail, ErrorKind::Disconnected),
     Custody::Unknown, false, Cause::Closed},
};

START_TEST(a_connection_that_breaks_in_a_transaction) {
  const Lost& row = kLost[_i];
  TransactionResult result;
  result.trouble = row.trouble;
  result.custody = row.custody;
  ck_assert_msg(was_lost_before_mail(result) == row.before_mail, "%s", row.what);
  const auto ruling = rule_on_transaction(result);
  ck_assert_msg(ruling.verdict.cause == row.cause, "%s: cause", row.what);
  // RFC 5321 4.5.4.1: whoever may have the message is not blamed as a host.
  if (row.custody == Custody::Unknown) ck_assert(ruling.scope == FailureScope::Message);
}
END_TEST

struct WithoutHost {
  FailureRuling ruling;
  Status status;
  Cause cause;
  const char* text;
  bool for_sender;
};

const WithoutHost kWithoutHost[] = {
    {rule_on_untried(NoHostReason::RetryTimes, "dom.lab"), Status::Deferred, Cause::HostRetry,
     "retry time not reached for any host for 'dom.lab'", false},
    {rule_on_untried(NoHostReason::AllExpired, "dom.lab", "why"), Status::Failed, Cause::HostRetry,
     "all hosts for 'dom.lab' have been failing for a long time (and retry time not reached): why",
     true},
    {rule_on_untried(NoHostReason::AllTried, "dom.lab"), Status::Failed, Cause::HostRetry,
     "all hosts for 'dom.lab' have been failing for a long time and were last tried after this "
     "message arrived",
     true},
    {rule_on_missing_address("mx.lab"), Status::Deferred, Cause::UnknownHost,
     "failed to lookup IP address for mx.lab", false},
    {rule_on_local_host("remote_smtp", "mx.lab"), Status::Deferred, Cause::HostIsLocal,
     "remote_smtp transport found host mx.lab to be local", false},
    {rule_on_failed_domain({ErrorKind::BadInput, "DANE: no list"}), Status::Deferred, Cause::Dns,
     "DANE: 4.3.5 no list", true},
    {rule_on_host_error({ErrorKind::TlsVerify, "x"}), Status::Deferred, Cause::TlsRequired, "x",
     false},
    {rule_on_host_error({ErrorKind::DnsFailure, "x"}), Status::Deferred, Cause::Dns, "x", false},
    {rule_on_host_error({ErrorKind::BadInput, "x"}), Status::Deferred, Cause::Expansion, "x",
     false},
    {rule_on_host_error({ErrorKind::Io, "x"}), Status::Deferred, Cause::None, "x", false},
    {rule_on_write_failure({WriteFailureKind::Headers, 0, "x"}), Status::Deferred, Cause::Headers,
     "x", false},
    {rule_on_write_failure({WriteFailureKind::Signing, 0, "x"}), Status::Deferred, Cause::None, "x",
     false},
    {rule_on_write_failure({WriteFailureKind::Io, EIO, "x"}), Status::Deferred, Cause::None, "x",
     false},
    {rule_on_missing_smtputf8(OtherHosts::None), Status::Failed, Cause::Utf8,
     "utf8 support required but not offered for forwarding", false},
    {rule_on_missing_smtputf8(OtherHosts::Remain), Status::Deferred, Cause::Utf8,
     "utf8 support required but not offered for forwarding", false},
};

START_TEST(without_a_reply_or_a_connection) {
  const WithoutHost& row = kWithoutHost[_i];
  assert_text(row.ruling.verdict.text, row.text);
  ck_assert(row.ruling.verdict.status == row.status);
  ck_assert(row.ruling.verdict.cause == row.cause);
  ck_assert(row.ruling.verdict.text_is_for_sender == row.for_sender);
}
END_TEST

int main() {
  Suite* suite = suite_create("failure_policy");
  TCase* tc = tcase_create("rows");
  tcase_add_loop_test(tc, trouble_row, 0, static_cast<int>(std::size(kRows)));
  tcase_add_test(tc, a_stage_and_happening_has_one_row);
  tcase_add_test(tc, nothing_before_mail_is_final);
  tcase_add_test(tc, recipients_are_refused_one_by_one);
  tcase_add_test(tc, connection_and_message);
  tcase_add_test(tc, going_down_at_rcpt_is_the_hosts);
  tcase_add_loop_test(tc, what_a_dane_policy_makes_wait_has_a_status_code, 0,
                      static_cast<int>(std::size(kCoded)));
  tcase_add_test(tc, status_codes_are_for_now);
  tcase_add_loop_test(tc, what_a_message_that_requires_tls_makes_of_it, 0,
                      static_cast<int>(std::size(kRequired)));
  tcase_add_test(tc, no_host_for_a_message_that_requires_tls);
  tcase_add_test(tc, what_the_host_line_and_record_get);
  tcase_add_test(tc, a_partial_refusal_is_final_for_all);
  tcase_add_loop_test(tc, a_connection_that_breaks_in_a_transaction, 0,
                      static_cast<int>(std::size(kLost)));
  tcase_add_loop_test(tc, without_a_reply_or_a_connection, 0,
                      static_cast<int>(std::size(kWithoutHost)));
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

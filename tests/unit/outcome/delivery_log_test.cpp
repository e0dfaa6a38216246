// SPDX-License-Identifier: GPL-2.0-or-later
// Every text about a delivery, to the letter: log tools and people search for them.
#include "outcome/delivery_log.h"

#include <iterator>

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

using enum ErrorKind;
using enum SmtpStage;

// Text of the server's, with an octet that no log line may have.
const char* const kRude = "no\x1b[1m";

SmtpReply reply(int code, std::vector<std::string> lines) {
  return {code, std::nullopt, std::move(lines)};
}

SmtpTrouble failed(SmtpStage stage, ErrorKind kind, const char* command) {
  return {stage, {kind, std::string("why\n") + kRude}, std::nullopt, command};
}

SmtpTrouble refused(SmtpStage stage, SmtpReply reply, const char* command) {
  return {stage, {Protocol, "refused"}, std::move(reply), command};
}

enum class Sent { Alone, InGroup };

struct Row {
  SmtpTrouble trouble;
  Sent sent;
  const char* text;
};

#define WHY "why\\nno\\033[1m"

const Row kTroubles[] = {
    // The server's own words, on one line.
    {refused(Rcpt, reply(550, {"no"}), "RCPT TO:<x@dom.lab>"), Sent::Alone,
     "SMTP error from remote mail server after RCPT TO:<x@dom.lab>: 550 no"},
    {refused(Rcpt, reply(550, {"no"}), "RCPT TO:<x@dom.lab>"), Sent::InGroup,
     "SMTP error from remote mail server after pipelined RCPT TO:<x@dom.lab>: 550 no"},
    {refused(Greeting, reply(554, {"go", "away"}), "initial connection"), Sent::Alone,
     "SMTP error from remote mail server after initial connection: 554-go\\n554 away"},
    {refused(EndOfData, reply(452, {kRude}), "end of data"), Sent::Alone,
     "SMTP error from remote mail server after end of data: 452 no\\033[1m"},
    {refused(Verify, reply(421, {"bye"}), "TLS"), Sent::Alone,
     "SMTP error from remote mail server after TLS: 421 bye"},
    {{Mail, {Disconnected, "bye"}, reply(421, {"bye"}), "MAIL FROM:<>"},
     Sent::InGroup,
     "SMTP error from remote mail server after pipelined MAIL FROM:<>: 421 bye"},
    // No words of the server's.
    {failed(Ehlo, Timeout, "EHLO me.lab"), Sent::Alone, "SMTP timeout after EHLO me.lab"},
    {failed(Data, Timeout, "DATA"), Sent::InGroup, "SMTP timeout after pipelined DATA"},
    {failed(Rcpt, Timeout, "RCPT TO:<x@dom.lab>"), Sent::InGroup,
     "SMTP timeout after RCPT TO:<x@dom.lab>"},
    {failed(Mail, Disconnected, "MAIL FROM:<>"), Sent::Alone,
     "Remote host closed connection in response to MAIL FROM:<>"},
    {failed(Rcpt, Disconnected, "RCPT TO:<x@dom.lab>"), Sent::InGroup,
     "Remote host closed connection in response to pipelined RCPT TO:<x@dom.lab>"},
    {failed(Ehlo, Protocol, "EHLO me.lab"), Sent::Alone,
     "Malformed SMTP reply in response to EHLO me.lab: " WHY},
    {failed(Data, Protocol, "DATA"), Sent::InGroup,
     "Malformed SMTP reply in response to pipelined DATA: " WHY},
    {failed(Connect, Io, "connect"), Sent::Alone, "connect failed: " WHY},
    {failed(Ehlo, BadInput, "EHLO me.lab"), Sent::Alone, "EHLO me.lab failed: " WHY},
    {failed(Auth, Internal, "AUTH"), Sent::Alone, "AUTH failed: " WHY},
    {failed(Connect, DnsBogus, "connect"), Sent::Alone, "connect failed: " WHY},
    {failed(Connect, DnsFailure, "connect"), Sent::Alone, "connect failed: " WHY},
    {failed(EndOfData, Io, "end of data"), Sent::InGroup, "pipelined end of data failed: " WHY},
    // TLS
    {failed(StartTls, TlsHandshake, "STARTTLS"), Sent::Alone,
     "a TLS session is required, but the server did not offer TLS support"},
    {failed(StartTls, Timeout, "STARTTLS"), Sent::Alone, "SMTP timeout after STARTTLS"},
    {failed(Handshake, TlsHandshake, "TLS"), Sent::Alone, "TLS session: " WHY},
    {failed(Handshake, Timeout, "TLS"), Sent::Alone, "TLS session: " WHY},
    {failed(Handshake, Disconnected, "TLS"), Sent::Alone, "TLS session: " WHY},
    {failed(Verify, TlsVerify, "TLS"), Sent::Alone, "TLS session: " WHY},
    {failed(Ehlo, TlsHandshake, "EHLO me.lab"), Sent::Alone, "TLS session: " WHY},
    {failed(Data, TlsVerify, "DATA"), Sent::InGroup, "TLS session: " WHY},
};

// What Exim shows to the sender stands behind the first ": ", the enhanced status code first.
struct Policy {
  const char* text;
  const char* with_status;
};

const Policy kPolicies[] = {
    {"TLS session: no", "TLS session: 4.7.5 no"},
    {"DANE error: no: at all", "DANE error: 4.7.5 no: at all"},
    {"DANE: no", "DANE: 4.7.5 no"},
    {"no", "DANE: 4.7.5 no"},
    {"not: DANE: no", "DANE: 4.7.5 not: DANE: no"},
    {"", "DANE: 4.7.5 "},
};

struct NoHost {
  NoHostReason reason;
  const char* text;
};

const NoHost kNoHosts[] = {
    {NoHostReason::RetryTimes, "retry time not reached for any host for 'dom.lab'"},
    {NoHostReason::AllExpired,
     "all hosts for 'dom.lab' have been failing for a long time (and retry time not reached)"},
    {NoHostReason::AllTried,
     "all hosts for 'dom.lab' have been failing for a long time and were last tried after this "
     "message arrived"},
    {NoHostReason::Busy, "connection limit reached for all hosts for 'dom.lab'"},
    {NoHostReason::Mixed,
     "some host address lookups failed and retry time not reached for other hosts or connection "
     "limit reached for 'dom.lab'"},
};

}  // namespace

START_TEST(troubles) {
  const Row& row = kTroubles[_i];
  SmtpTrouble trouble = row.trouble;
  trouble.in_group = row.sent == Sent::InGroup;
  assert_text(trouble_text(trouble), row.text);
}
END_TEST

START_TEST(confirmations) {
  assert_text(confirmation_text(reply(250, {"OK id=1"})), "250 OK id=1");
  assert_text(confirmation_text(reply(250, {"OK", kRude})), "250-OK\\n250 no\\033[1m");
  assert_text(confirmation_text(reply(250, {"mine"}), reply(251, {"of", "all"})),
              "250 mine\\n251-of\\n251 all");
}
END_TEST

START_TEST(refusals_of_the_message) {
  assert_text(message_refusal_text(reply(550, {"spam", kRude}), "DATA"),
              "PRDR error after DATA: 550-spam\\n550 no\\033[1m");
}
END_TEST

START_TEST(answers_of_events) {
  assert_text(event_answer_text("not\nnow"), "deferred by smtp:connect event expansion: not\\nnow");
  assert_text(denied_certificate_text("192.0.2.1", 2, "bad\nissuer"),
              "[192.0.2.1] cert denied by event-action: depth=2: bad\\nissuer");
}
END_TEST

START_TEST(what_the_server_lacks) {
  assert_text(missing_auth_text("host did not advertise AUTH support"),
              "authentication required but host did not advertise AUTH support");
  assert_text(missing_smtputf8_text(), "utf8 support required but not offered for forwarding");
}
END_TEST

START_TEST(policies) {
  const char* text = kPolicies[_i].text;
  assert_text(policy_failure_text("4.7.5", text, Reader::Anybody), kPolicies[_i].with_status);
  // Of our own machine: the beginning says so, whatever it was.
  const auto ours = policy_failure_text("4.7.5", text, Reader::Operator);
  assert_contains(ours, "DANE error: 4.7.5 ");
  assert_text(recorded_policy_failure("H=mx.lab [192.0.2.1]: " + ours), "");
}
END_TEST

START_TEST(no_host_was_tried) {
  const auto& [reason, text] = kNoHosts[_i];
  assert_text(no_host_text(reason, "dom.lab"), text);
  if (reason == NoHostReason::AllExpired || reason == NoHostReason::AllTried)
    assert_text(no_host_text(reason, "dom.lab", "why"), std::string(text) + ": why");
}
END_TEST

START_TEST(look_ups) {
  assert_text(no_address_text("mx.lab"), "failed to lookup IP address for mx.lab");
  assert_text(lookup_text("MX", "dom.lab", {DnsBogus, "signature\nexpired"}),
              "DANE error: MX look-up of dom.lab: signature\\nexpired");
}
END_TEST

int main() {
  Suite* suite = suite_create("delivery_log");
  TCase* tc = tcase_create("texts");
  tcase_add_loop_test(tc, troubles, 0, static_cast<int>(std::size(kTroubles)));
  tcase_add_test(tc, confirmations);
  tcase_add_test(tc, refusals_of_the_message);
  tcase_add_test(tc, answers_of_events);
  tcase_add_test(tc, what_the_server_lacks);
  tcase_add_loop_test(tc, policies, 0, static_cast<int>(std::size(kPolicies)));
  tcase_add_loop_test(tc, no_host_was_tried, 0, static_cast<int>(std::size(kNoHosts)));
  tcase_add_test(tc, look_ups);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/host_loop.h"

#include "fakes/fake_mail_server.h"
#include "fakes/proofs.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

// Plays the attempts: one line a host says how it ends.
class Attempts {
 public:
  std::map<HostIndex, AttemptEnd> ends;  // Worked, with nobody left waiting, if absent
  std::set<HostIndex> leaves_waiting;    // hosts that work, but defer their recipients
  std::set<HostIndex> tls_broken;        // until TLS is suppressed
  std::string policy_status;             // of a failure
  std::string tried;

  AttemptHost function() {
    return [this](MailServer& server, const AddressBatch&, const AttemptRequest& request) {
      return attempt(server, request);
    };
  }

 private:
  AttemptResult attempt(MailServer& server, const AttemptRequest& request) {
    const bool clear = request.tls == TlsChoice::Suppressed;
    tried += std::to_string(request.host.value()) + (clear ? "clear " : " ");
    AttemptResult result;
    result.end = ends.count(request.host) ? ends[request.host] : AttemptEnd::Worked;
    if (tls_broken.count(request.host) && !clear) {
      result.end = AttemptEnd::HostDeferred;
      result.tls_failed = true;
    }
    result.failure.verdict.text = "trouble";
    result.failure.policy_status = policy_status;
    const bool waits = result.end != AttemptEnd::Worked || leaves_waiting.count(request.host);
    RecipientOutcome outcome;
    outcome.verdict.status = waits ? Status::Deferred : Status::Delivered;
    outcome.verdict.text = "trouble";
    for (auto recipient : request.recipients) {
      server.set_outcome(recipient, outcome);
      if (waits) result.waiting.push_back(recipient);
    }
    return result;
  }
};

struct Scene {
  FakeMailServer server;
  AddressBatch batch;
  DomainPlan plan;
  Attempts attempts;

  explicit Scene(std::size_t hosts) : batch(make_batch(hosts, 2)) {
    plan.domain = "dom.lab";
    plan.recipients = {0, 1};
    for (const auto& host : batch.hosts) plan.hosts[{host.asked_name, 25}].policy = no_dane();
    server.flags = {{"delay_after_cutoff", true}, {"tls_tempfail_tryclear", true}};
  }
  void run() { try_hosts(server, batch, plan, attempts.function()); }
  const RecipientOutcome& outcome(RecipientIndex recipient) {
    return server.outcomes.at(recipient);
  }
};

}  // namespace

// tests D-211: whose policy forbids the host to one domain says nothing of it to another.
START_TEST(a_policy_of_a_domain_is_held_against_no_host) {
  struct Row {
    const char* status;
    std::optional<Enforcement> sts;
    const char* blamed;
  };
  for (const auto& row : {Row{"4.7.5", Enforcement::Full, "retry_message 0 0"},
                          Row{"", Enforcement::Full, "retry_host 0 0"},
                          Row{"4.7.5", Enforcement::Audit, "retry_host 0 0"},
                          Row{"4.7.5", std::nullopt, "retry_host 0 0"}}) {
    Scene scene(1);
    if (row.sts)
      scene.plan.hosts.begin()->second.sts =
          StsDemand{{"dom.lab", StsMode::Enforce, {"mx1.lab"}}, *row.sts};
    scene.attempts.ends = {{HostIndex(0), AttemptEnd::HostDeferred}};
    scene.attempts.policy_status = row.status;
    scene.run();
    const auto trace = scene.server.trace();
    assert_contains(trace, row.blamed);
    const bool host = trace.find("retry_host") != std::string::npos;
    ck_assert_msg(host != (trace.find("retry_message") != std::string::npos), "%s", trace.c_str());
  }
}
END_TEST

START_TEST(every_host_fails) {
  Scene scene(2);
  scene.attempts.ends = {{HostIndex(0), AttemptEnd::HostDeferred},
                         {HostIndex(1), AttemptEnd::HostDeferred}};
  scene.run();
  assert_text(scene.attempts.tried, "0 1 ");
  ck_assert(scene.outcome(0).verdict.status == Status::Deferred);
  assert_contains(scene.server.trace(), "log_host 0 trouble/0");
  assert_contains(scene.server.trace(), "retry_host 1 0");
  assert_contains(scene.server.trace(), "event msg:defer trouble");
}
END_TEST

START_TEST(the_next_host_takes_it) {
  Scene scene(3);
  scene.attempts.ends = {{HostIndex(0), AttemptEnd::HostDeferred}};
  scene.run();
  assert_text(scene.attempts.tried, "0 1 ");
  ck_assert(scene.outcome(1).verdict.status == Status::Delivered);
}
END_TEST

START_TEST(a_message_the_host_would_not_take_leaves_the_host_unpunished) {
  Scene scene(1);
  scene.attempts.ends = {{HostIndex(0), AttemptEnd::MessageDeferred}};
  scene.run();
  assert_contains(scene.server.trace(), "retry_message 0 0");
  ck_assert_msg(scene.server.trace().find("retry_host") == std::string::npos, "host punished");
}
END_TEST

// tests D-193
START_TEST(no_host_may_have_it) {
  Scene scene(3);
  scene.batch.hosts[1].lookup = AddressLookup::NoneByRouter;
  scene.server.states[1] = HostState::NoAddress;
  scene.server.numbers["hosts_max_try"] = 1;
  scene.attempts.ends = {{HostIndex(0), AttemptEnd::Unsuited},
                         {HostIndex(2), AttemptEnd::Unsuited}};
  scene.attempts.policy_status = "4.7.30";
  scene.run();
  assert_text(scene.attempts.tried, "0 2 ");
  for (auto recipient : {RecipientIndex(0), RecipientIndex(1)}) {
    const auto& verdict = scene.outcome(recipient).verdict;
    ck_assert(verdict.status == Status::Failed && verdict.cause == Cause::NoSuitedHost);
    ck_assert(verdict.text_is_for_sender);
    assert_text(verdict.text, "REQUIRETLS: 550 5.7.30 REQUIRETLS support required: trouble");
    ck_assert(scene.outcome(recipient).connection.host == HostIndex(2));
  }
  for (const char* blame : {"retry_host", "retry_message", "msg:defer", "msg:host:defer"})
    ck_assert_msg(scene.server.trace().find(blame) == std::string::npos, "%s", blame);
}
END_TEST

// While another one may be able to take it, when it is well again.
// tests D-194
START_TEST(another_host_may_have_it_later) {
  struct Row {
    const char* name;
    std::optional<AttemptEnd> end;
    HostState state;
    bool final;
  };
  const Row rows[] = {
      {"nobody", AttemptEnd::Unsuited, HostState::Usable, true},
      {"in trouble", AttemptEnd::HostDeferred, HostState::Usable, false},
      {"not now", AttemptEnd::MessageDeferred, HostState::Usable, false},
      {"its time has not come", std::nullopt, HostState::Waiting, false},
      {"its time is over", std::nullopt, HostState::Expired, false},
      {"no address for now", std::nullopt, HostState::AddressLater, false},
      {"no address", std::nullopt, HostState::NoAddress, false},
      {"used by others", std::nullopt, HostState::Busy, false},
  };
  const Row& row = rows[_i % 8];
  const std::size_t other = static_cast<std::size_t>(_i) / 8;
  Scene scene(2);
  scene.attempts.ends[HostIndex(1 - other)] = AttemptEnd::Unsuited;
  if (row.end) scene.attempts.ends[HostIndex(other)] = *row.end;
  scene.server.states[HostIndex(other)] = row.state;
  scene.run();
  const bool failed = scene.outcome(0).verdict.status == Status::Failed;
  ck_assert_msg(failed == row.final, "%s", row.name);
}
END_TEST

START_TEST(stop_tries_no_other_host) {
  Scene scene(2);
  scene.attempts.ends = {{HostIndex(0), AttemptEnd::Stop}};
  scene.run();
  assert_text(scene.attempts.tried, "0 ");
}
END_TEST

START_TEST(waiting_hosts_are_passed_over) {
  Scene scene(2);
  scene.server.states = {{HostIndex(0), HostState::Waiting}, {HostIndex(1), HostState::Waiting}};
  scene.run();
  assert_text(scene.attempts.tried, "");
  ck_assert(scene.outcome(0).verdict.cause == Cause::HostRetry);
  ck_assert(scene.outcome(0).verdict.status == Status::Deferred);
  assert_text(scene.outcome(0).verdict.text, "retry time not reached for any host for 'dom.lab'");
  assert_contains(scene.server.trace(), "retry_skipped 1");
}
END_TEST

// tests D-112: the retry rules are over
START_TEST(all_expired_is_final) {
  Scene scene(2);
  scene.server.states = {{HostIndex(0), HostState::Expired}, {HostIndex(1), HostState::Expired}};
  scene.run();
  ck_assert(scene.outcome(0).verdict.status == Status::Failed);
  assert_contains(scene.outcome(0).verdict.text, "failing for a long time");
}
END_TEST

// What the retry record keeps of the last attempt is for the sender where a DANE policy failed, and
// where nothing in it is of our own machine.
START_TEST(expired_hosts_name_the_policy_failure_on_record) {
  struct Row {
    const char* name;
    const char* record;
    const char* reason;
  };
  const Row rows[] = {
      {"a verdict", "H=mx1.lab [192.0.2.1]: TLS session: 4.7.5 DANE: no TLSA record matches",
       ": TLS session: 4.7.5 DANE: no TLSA record matches"},
      {"without a host", "DANE: 4.7.4 DANE is required", ": DANE: 4.7.4 DANE is required"},
      {"a look-up, without who was asked",
       "H=mx1.lab [2001:db8::1]: DANE: 4.4.3 TLSA of _25._tcp.mx1.lab: SERVFAIL (10.20.30.53)",
       ": DANE: 4.4.3 TLSA of _25._tcp.mx1.lab"},
      {"a bogus answer, cut by Exim",
       "H=mx1.lab [192.0.2.1]: DANE: 4.7.5 A of mx1.lab: no signatures from 10.20",
       ": DANE: 4.7.5 A of mx1.lab"},
      {"names our resolver, and its end is cut",
       "H=mx1.lab [192.0.2.1]: DANE error: 4.7.5 DNSSEC validation is not working: . DNSKEY: "
       "validation failure: no signatures from 10.20.30.53 for trust anchor .",
       ""},
      {"another message's domain",
       "H=mx1.lab [192.0.2.1]: DANE error: 4.7.5 mx1.lab is not a mail server of the signed domain "
       "private.example",
       ""},
      {"another message's data",
       "H=mx1.lab [192.0.2.1]: DANE: 4.3.5 failed to expand option tls_certificate: alice@b", ""},
      {"a look-up that is none of the host's", "H=mx1.lab [192.0.2.1]: DANE: 4.4.3 10.2.3.4", ""},
      {"a status code and no more", "H=mx1.lab [192.0.2.1]: DANE: 4.7", ""},
      {"no DANE", "H=mx1.lab [192.0.2.1]: Connection refused", ""},
      {"said by the server",
       "H=mx1.lab [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<a@b>: 450 DANE: "
       "4.7.5 no",
       ""},
      {"no status code", "H=mx1.lab [192.0.2.1]: TLS session: handshake failed", ""},
      {"nothing", "", ""},
  };
  for (const auto& row : rows)
    for (bool later : {false, true}) {
      Scene scene(2);
      scene.server.states = {{HostIndex(0), HostState::Expired},
                             {HostIndex(1), HostState::Expired}};
      scene.server.flags["delay_after_cutoff"] = !later;
      scene.server.tried_lately = {0, 1};
      scene.server.last_failures[0] = row.record;
      scene.run();
      const std::string expected = format(
          "all hosts for 'dom.lab' have been failing for a long time {}{}",
          later ? "and were last tried after this message arrived" : "(and retry time not reached)",
          row.reason);
      ck_assert_msg(scene.outcome(0).verdict.text == expected, "%s: %s", row.name,
                    scene.outcome(0).verdict.text.c_str());
      ck_assert(scene.outcome(0).verdict.text_is_for_sender);
      ck_assert(scene.outcome(0).connection.host.has_value() == (row.reason[0] != 0));
    }

  Scene both(2);
  both.server.states = {{HostIndex(0), HostState::Expired}, {HostIndex(1), HostState::Expired}};
  both.server.last_failures = {{HostIndex(0), "DANE: 4.7.4 the first"},
                               {HostIndex(1), "DANE: 4.7.5 the last"}};
  both.run();
  assert_contains(both.outcome(0).verdict.text, "the last");
}
END_TEST

START_TEST(one_waiting_host_keeps_expired_ones_from_being_final) {
  Scene scene(2);
  scene.server.states = {{HostIndex(0), HostState::Expired}, {HostIndex(1), HostState::Waiting}};
  scene.run();
  ck_assert(scene.outcome(0).verdict.status == Status::Deferred);
}
END_TEST

START_TEST(without_delay_after_cutoff_expired_hosts_get_a_try) {
  Scene scene(2);
  scene.server.flags["delay_after_cutoff"] = false;
  scene.server.states = {{HostIndex(0), HostState::Expired}, {HostIndex(1), HostState::Expired}};
  scene.server.tried_lately = {0};
  scene.run();
  assert_text(scene.attempts.tried, "1 ");
  ck_assert(scene.outcome(0).verdict.status == Status::Delivered);
}
END_TEST

START_TEST(look_up_failures_leave_a_routing_record) {
  Scene scene(2);
  scene.server.states = {{HostIndex(0), HostState::NoAddress},
                         {HostIndex(1), HostState::AddressLater}};
  scene.run();
  assert_contains(scene.server.trace(), "retry_routing 0 mx1.lab");
  assert_contains(scene.server.trace(), "retry_routing 0 mx2.lab");
  ck_assert(scene.outcome(0).verdict.status == Status::Deferred);
  ck_assert(scene.outcome(0).verdict.cause == Cause::UnknownHost);
  assert_text(scene.outcome(0).verdict.text, "failed to lookup IP address for mx2.lab");
}
END_TEST

// It is no host's fault, nor the DNS's.
START_TEST(an_interface_that_cannot_be_used) {
  Scene scene(2);
  scene.server.interface_error = Error{ErrorKind::BadInput, "option interface cannot be used: x"};
  scene.run();
  assert_text(scene.attempts.tried, "");
  ck_assert(scene.outcome(1).verdict.status == Status::Deferred);
  assert_text(scene.outcome(1).verdict.text, "option interface cannot be used: x");
  ck_assert_msg(scene.server.trace().find("retry_") == std::string::npos, "a retry record");
}
END_TEST

START_TEST(this_machine_is_never_tried) {
  Scene scene(2);
  scene.server.states = {{HostIndex(0), HostState::Local}};
  scene.run();
  assert_text(scene.attempts.tried, "");
  ck_assert(scene.outcome(1).verdict.cause == Cause::HostIsLocal);
}
END_TEST

START_TEST(hosts_max_try_reaches_the_next_preference) {
  Scene scene(4);
  for (HostIndex i; i < 4; ++i) scene.attempts.ends[i] = AttemptEnd::HostDeferred;
  scene.batch.hosts[1].mx = scene.batch.hosts[2].mx = 10;
  scene.server.numbers["hosts_max_try"] = 2;
  scene.run();
  assert_text(scene.attempts.tried, "0 1 3 ");  // 3 is the first of another preference
}
END_TEST

START_TEST(hosts_max_try_keeps_recipients_from_timing_out) {
  Scene scene(3);
  for (HostIndex i; i < 3; ++i) {
    scene.attempts.ends[i] = AttemptEnd::HostDeferred;
    scene.batch.hosts[i.value()].mx = 10;
  }
  scene.server.numbers["hosts_max_try"] = 2;
  scene.run();
  assert_text(scene.attempts.tried, "0 1 ");
  assert_contains(scene.server.trace(), "retry_skipped 0");
}
END_TEST

START_TEST(an_old_message_gets_every_host) {
  Scene scene(3);
  for (HostIndex i; i < 3; ++i) {
    scene.attempts.ends[i] = AttemptEnd::HostDeferred;
    scene.batch.hosts[i.value()].mx = 10;
    scene.server.too_old_for.insert(i);
  }
  scene.server.numbers["hosts_max_try"] = 1;
  scene.run();
  assert_text(scene.attempts.tried, "0 1 2 ");
}
END_TEST

START_TEST(the_hard_limit_is_hard) {
  Scene scene(3);
  for (HostIndex i; i < 3; ++i) scene.attempts.ends[i] = AttemptEnd::HostDeferred;
  scene.server.too_old_for = {0, 1, 2};
  scene.server.numbers["hosts_max_try_hardlimit"] = 1;
  scene.run();
  assert_text(scene.attempts.tried, "0 ");
  ck_assert_msg(scene.server.trace().find("retry_skipped") == std::string::npos, "must time out");
}
END_TEST

START_TEST(in_clear_only_without_a_dane_policy) {
  Scene scene(1);
  scene.attempts.tls_broken = {0};
  scene.run();
  assert_text(scene.attempts.tried, "0 0clear ");

  Scene with_policy(1);  // tests D-025: never in clear after a TLS failure under DANE
  with_policy.attempts.tls_broken = {0};
  with_policy.plan.hosts[{"mx1.lab", 25}].policy = EncryptOnly{*DnsName::parse("mx1.lab"), {}};
  with_policy.run();
  assert_text(with_policy.attempts.tried, "0 ");

  Scene required(1);
  required.attempts.tls_broken = {0};
  required.server.lists["hosts_require_tls"] = {0};
  required.run();
  assert_text(required.attempts.tried, "0 ");

  Scene switched_off(1);
  switched_off.attempts.tls_broken = {0};
  switched_off.server.flags["tls_tempfail_tryclear"] = false;
  switched_off.run();
  assert_text(switched_off.attempts.tried, "0 ");
}
END_TEST

START_TEST(serialised_hosts_are_left_again) {
  Scene scene(1);
  scene.run();
  assert_contains(scene.server.trace(), "leave 0");
  Scene busy(1);
  busy.server.states = {{HostIndex(0), HostState::Busy}};
  busy.run();
  assert_contains(busy.outcome(0).verdict.text, "connection limit reached");
}
END_TEST

// tests D-104: an open connection comes first, whatever its host's place; when it is not for this
// message the walk is as without it.
START_TEST(an_open_connection) {
  struct Row {
    const char* name;
    AttemptEnd end;
    HostState state;
    const char* hosts;  // in the order of the attempts, "o" behind one on the open connection
  };
  const Row rows[] = {
      {"is used", AttemptEnd::Worked, HostState::Usable, "1o"},
      {"is not for us", AttemptEnd::NotTried, HostState::Usable, "1o 0 1"},
      {"fails in the middle", AttemptEnd::HostDeferred, HostState::Usable, "1o"},
      {"the host's time has not come", AttemptEnd::Worked, HostState::Waiting, "0"},
  };
  const Row& row = rows[_i];
  FakeMailServer server;
  auto batch = make_batch(2, 1);
  server.open = OpenConnection{1, "mark", "TLS1.3:X:256", 1};
  server.states[1] = row.state;
  DomainPlan plan;
  plan.domain = "dom.lab";
  plan.recipients = {0};
  std::string hosts;
  try_hosts(
      server, batch, plan, [&](MailServer&, const AddressBatch&, const AttemptRequest& request) {
        const bool open = request.connection == ConnectionChoice::LeftOpen;
        hosts += format("{}{}{}", hosts.empty() ? "" : " ", request.host.value(), open ? "o" : "");
        AttemptResult result;
        result.end = open ? row.end : AttemptEnd::HostDeferred;
        if (result.end != AttemptEnd::Worked) result.waiting = request.recipients;
        return result;
      });
  assert_text(hosts, row.hosts);
  const bool blamed = server.trace().find("retry_host 1") != std::string::npos;
  ck_assert_msg(blamed == (row.end == AttemptEnd::NotTried), "%s", row.name);
}
END_TEST

int main() {
  Suite* suite = suite_create("host_loop");
  TCase* tc = tcase_create("hosts");
  tcase_add_test(tc, a_policy_of_a_domain_is_held_against_no_host);
  tcase_add_test(tc, every_host_fails);
  tcase_add_test(tc, the_next_host_takes_it);
  tcase_add_test(tc, a_message_the_host_would_not_take_leaves_the_host_unpunished);
  tcase_add_test(tc, no_host_may_have_it);
  tcase_add_loop_test(tc, another_host_may_have_it_later, 0, 16);
  tcase_add_test(tc, stop_tries_no_other_host);
  tcase_add_test(tc, waiting_hosts_are_passed_over);
  tcase_add_test(tc, all_expired_is_final);
  tcase_add_test(tc, expired_hosts_name_the_policy_failure_on_record);
  tcase_add_test(tc, one_waiting_host_keeps_expired_ones_from_being_final);
  tcase_add_test(tc, without_delay_after_cutoff_expired_hosts_get_a_try);
  tcase_add_test(tc, look_up_failures_leave_a_routing_record);
  tcase_add_test(tc, an_interface_that_cannot_be_used);
  tcase_add_test(tc, this_machine_is_never_tried);
  tcase_add_test(tc, hosts_max_try_reaches_the_next_preference);
  tcase_add_test(tc, hosts_max_try_keeps_recipients_from_timing_out);
  tcase_add_test(tc, an_old_message_gets_every_host);
  tcase_add_test(tc, the_hard_limit_is_hard);
  tcase_add_test(tc, in_clear_only_without_a_dane_policy);
  tcase_add_test(tc, serialised_hosts_are_left_again);
  tcase_add_loop_test(tc, an_open_connection, 0, 4);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

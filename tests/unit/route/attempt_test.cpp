// SPDX-License-Identifier: GPL-2.0-or-later
// One attempt on one host: what the server hears under each policy, and what the recipients get.
#include "route/attempt.h"

#include "fakes/fake_mail_server.h"
#include "fakes/proofs.h"
#include "fakes/scripted_peer.h"
#include "route/connection_mark.h"
#include "route/host_tls.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

using Script = ScriptedPeer::Script;

DnsName base() {
  return *DnsName::parse("mx1.lab");
}

HostPolicy encrypt() {
  return EncryptOnly{base(), {"usage 1"}};
}
// A digest that no certificate has.
HostPolicy authenticate() {
  return Authenticate{
      base(), {{TlsaUsage::DaneEe, TlsaSelector::PublicKey, TlsaMatching::Sha256, Bytes(32, 1)}}};
}

struct Scene {
  FakeMailServer server;
  AddressBatch batch;
  HostPlan plan;
  ScriptedPeer peer;

  Scene(std::size_t recipients, HostPolicy policy, Script script)
      : batch(make_batch(1, recipients)), peer(std::move(script)) {
    server.options["helo_data"] = "me.lab";
    server.numbers = {{"command_timeout", 2}, {"data_timeout", 2}, {"final_timeout", 2}};
    server.sockets[0] = peer.take_socket();
    plan.policy = std::move(policy);
    plan.mx = MxTrust::Secure;
  }
  AttemptResult run() {
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < batch.recipients.size(); ++i) all.push_back(i);
    return attempt_host(server, batch, {0, 25, plan, all, TlsChoice::AsPolicySays});
  }
  std::string heard() {
    std::string text;
    for (const auto& line : peer.heard()) text += (text.empty() ? "" : "|") + line;
    return text;
  }
};

void clear_greeting(PeerSide& peer, const char* ehlo = "250 mx1.lab\r\n") {
  peer.say("220 mx1.lab\r\n");
  peer.answer(ehlo);
}

// As far as TLS, then EHLO.
bool tls_greeting(PeerSide& peer) {
  clear_greeting(peer, "250-mx1.lab\r\n250 STARTTLS\r\n");
  peer.answer("220 go\r\n");
  if (!peer.start_tls({})) return false;
  peer.answer("250 mx1.lab\r\n");
  return true;
}

void take_message(PeerSide& peer, const char* last = "250 got it\r\n") {
  peer.answer("354 go on\r\n");
  peer.hear_message();
  peer.say(last);
}

const Script kNothing = [](PeerSide&) {};

}  // namespace

// tests D-023, D-025
START_TEST(no_starttls_under_dane_sends_nothing) {
  Scene scene(1, _i == 0 ? authenticate() : encrypt(), [](PeerSide& peer) {
    clear_greeting(peer);
    peer.answer("221 bye\r\n");
  });
  auto result = scene.run();
  ck_assert(result.end == AttemptEnd::HostDeferred);
  assert_text(scene.heard(), "EHLO me.lab|QUIT");
  ck_assert(scene.server.outcomes[0].cause == Cause::TlsRequired);
  assert_contains(scene.server.outcomes[0].text, "did not offer TLS support");
  assert_contains(scene.server.trace(), "event dane:fail starttls-not-supported");
}
END_TEST

// tests D-020, D-094, D-161, D-163
START_TEST(an_impostor_hears_nothing) {
  Scene scene(1, authenticate(), [](PeerSide& peer) {
    if (tls_greeting(peer)) peer.hear();
  });
  auto result = scene.run();
  ck_assert(result.end == AttemptEnd::HostDeferred && result.tls_failed);
  assert_text(scene.heard(), "EHLO me.lab|STARTTLS");
  ck_assert(scene.server.outcomes[0].cause == Cause::TlsFailure);
  ck_assert(scene.server.outcomes[0].trust == PeerTrust::None);
  assert_contains(scene.server.outcomes[0].text, "(presented: 3 1 1 ");  // D-161
  assert_contains(scene.server.trace(), "event dane:fail validation-failure");
}
END_TEST

START_TEST(a_host_to_skip_is_not_connected_to) {
  Scene scene(1, SkipHost{{ErrorKind::DnsBogus, "bogus TLSA"}, "dnssec-invalid"}, kNothing);
  auto result = scene.run();
  ck_assert(result.end == AttemptEnd::HostDeferred);
  ck_assert(scene.server.outcomes[0].cause == Cause::Dns);
  assert_text(scene.server.trace(), "event dane:fail dnssec-invalid");
}
END_TEST

// tests D-025
START_TEST(hosts_avoid_tls_does_not_beat_dane) {
  Scene scene(1, authenticate(), kNothing);
  scene.server.lists["hosts_avoid_tls"] = {0};
  ck_assert(scene.run().end == AttemptEnd::HostDeferred);
  assert_contains(scene.server.outcomes[0].text, "hosts_avoid_tls");
  ck_assert_msg(scene.server.trace().find("connect") == std::string::npos, "connected");
}
END_TEST

START_TEST(refused_connection) {
  Scene scene(1, no_dane(), kNothing);
  scene.server.sockets.clear();
  auto result = scene.run();
  ck_assert(result.end == AttemptEnd::HostDeferred);
  ck_assert_int_eq(scene.server.outcomes[0].system_errno, ECONNREFUSED);
}
END_TEST

// tests D-021, D-160: encrypted, and never called verified
START_TEST(unusable_records_mean_tls_without_authentication) {
  Scene scene(1, encrypt(), [](PeerSide& peer) {
    if (!tls_greeting(peer)) return;
    peer.answer("250 ok\r\n");
    peer.answer("250 ok\r\n");
    take_message(peer);
    peer.answer("221 bye\r\n");
  });
  ck_assert(scene.run().end == AttemptEnd::Worked);
  const auto& outcome = scene.server.outcomes[0];
  ck_assert(outcome.status == Status::Delivered && outcome.trust == PeerTrust::None);
  assert_contains(outcome.cipher, "TLS1.3:");
  assert_text(scene.server.steps, "ese");
}
END_TEST

// tests D-111: judged, told of, and sent all the same
START_TEST(audit_sends_to_a_server_that_fails) {
  Scene impostor(1, authenticate(), [](PeerSide& peer) {
    if (!tls_greeting(peer)) return;
    peer.answer("250 ok\r\n");
    peer.answer("250 ok\r\n");
    take_message(peer);
    peer.answer("221 bye\r\n");
  });
  impostor.plan.enforcement = Enforcement::Audit;
  ck_assert(impostor.run().end == AttemptEnd::Worked);
  ck_assert(impostor.server.outcomes[0].status == Status::Delivered);
  ck_assert(impostor.server.outcomes[0].trust == PeerTrust::None);
  assert_contains(impostor.server.trace(), "note DANE audit: H=mx1.lab [192.0.2.1]: DANE: no TLSA");
  assert_contains(impostor.server.trace(), "not enforced for dom.lab");
  assert_text(impostor.server.tls_variables.back().sni, "mx1.lab");

  Scene clear(1, encrypt(), [](PeerSide& peer) {
    clear_greeting(peer);
    peer.answer("250 ok\r\n");
    peer.answer("250 ok\r\n");
    take_message(peer);
    peer.answer("221 bye\r\n");
  });
  clear.plan.enforcement = Enforcement::Audit;
  ck_assert(clear.run().end == AttemptEnd::Worked);
  assert_contains(clear.server.trace(), "the session is not encrypted: not enforced for dom.lab");
}
END_TEST

// What options see: the policy's part before the connection, all of it after the verdict, and never
// a word of trust for a peer that nobody authenticated.
START_TEST(tls_variables_say_what_is_known) {
  Scene refused(1, authenticate(), [](PeerSide& peer) {
    if (tls_greeting(peer)) peer.hear();
  });
  refused.run();
  const auto& before = refused.server.tls_variables.front();
  assert_text(before.sni, "mx1.lab");
  ck_assert_uint_eq(before.tlsa_usages, 1U << 3);
  ck_assert(before.cipher.empty() && before.trust == PeerTrust::None);
  ck_assert(before.channel_binding.type == ChannelBindingType::None);
  const auto& after = refused.server.tls_variables.back();
  assert_contains(after.cipher, "TLS1.3:");
  assert_contains(after.peer_certificate, "-----BEGIN CERTIFICATE-----");
  ck_assert(after.trust == PeerTrust::None);
  ck_assert(after.channel_binding.type == ChannelBindingType::Exporter);

  Scene plain(1, no_dane(), [](PeerSide& peer) { clear_greeting(peer); });
  plain.run();
  const auto& none = plain.server.tls_variables.back();
  ck_assert(none.sni.empty() && none.tlsa_usages == 0 && none.cipher.empty());
}
END_TEST

START_TEST(each_recipient_has_its_own_result) {
  Scene scene(4, no_dane(), [](PeerSide& peer) {
    clear_greeting(peer, "250-mx1.lab\r\n250 PIPELINING\r\n");
    peer.answer("250 ok\r\n");
    peer.answer("550 no such user\r\n");
    peer.answer("250 ok\r\n");
    peer.answer("451 later\r\n");
    peer.answer("250 ok\r\n");
    take_message(peer, "250 got it\r\n");
    peer.answer("221 bye\r\n");
  });
  auto result = scene.run();
  ck_assert(result.end == AttemptEnd::Worked);
  ck_assert(result.waiting == std::vector<std::size_t>{2});
  ck_assert(scene.server.outcomes[0].status == Status::Failed);
  ck_assert(scene.server.outcomes[1].status == Status::Delivered);
  ck_assert(scene.server.outcomes[1].first_of_transaction);
  ck_assert(!scene.server.outcomes[3].first_of_transaction);
  ck_assert(scene.server.outcomes[2].status == Status::Deferred);
  ck_assert_int_eq(scene.server.outcomes[2].reply_code, 451);
  assert_text(scene.server.outcomes[1].text, "250 got it");
  assert_contains(scene.server.trace(), "journal 1; journal 3");
  assert_contains(scene.server.trace(), "retry_recipient 2");
  ck_assert_msg(scene.server.trace().find("retry_recipient 0") == std::string::npos, "5xx retried");
}
END_TEST

START_TEST(the_answer_to_the_dot_did_not_come) {
  Scene scene(1, no_dane(), [](PeerSide& peer) {
    clear_greeting(peer);
    peer.answer("250 ok\r\n");
    peer.answer("250 ok\r\n");
    peer.answer("354 go on\r\n");
    peer.hear_message();
    peer.drop();
  });
  auto result = scene.run();
  ck_assert(result.end == AttemptEnd::MessageDeferred);
  ck_assert(scene.server.outcomes[0].status == Status::Deferred);
  ck_assert_msg(scene.server.trace().find("journal") == std::string::npos, "journalled");
}
END_TEST

START_TEST(a_message_that_cannot_be_made_is_not_begun) {
  Scene scene(1, no_dane(), [](PeerSide& peer) {
    clear_greeting(peer);
    peer.answer("221 bye\r\n");
  });
  scene.server.no_message[0] = {WriteFailureKind::Filter, 0, "filter failed"};
  ck_assert(scene.run().end == AttemptEnd::Stop);
  assert_text(scene.heard(), "EHLO me.lab|QUIT");
  ck_assert(scene.server.outcomes[0].cause == Cause::Filter);
}
END_TEST

// RFC 6531 3.2: the next host may offer it; after the last one the sender is told.
START_TEST(smtputf8_is_asked_for_or_nothing_is_sent) {
  for (std::size_t hosts : {1U, 2U}) {
    Scene without(1, no_dane(), [](PeerSide& peer) {
      clear_greeting(peer);
      peer.answer("221 bye\r\n");
    });
    without.batch.smtputf8 = true;
    without.batch.hosts = make_batch(hosts, 1).hosts;
    auto result = without.run();
    assert_text(without.heard(), "EHLO me.lab|QUIT");
    ck_assert(without.server.outcomes[0].cause == Cause::Utf8);
    ck_assert((without.server.outcomes[0].status == Status::Failed) == (hosts == 1));
    ck_assert((result.end == AttemptEnd::MessageDeferred) == (hosts == 2));
  }

  Scene with(1, no_dane(), [](PeerSide& peer) {
    clear_greeting(peer, "250-mx1.lab\r\n250 SMTPUTF8\r\n");
    peer.answer("250 ok\r\n");
    peer.answer("250 ok\r\n");
    take_message(peer);
    peer.answer("221 bye\r\n");
  });
  with.batch.smtputf8 = true;
  ck_assert(with.run().end == AttemptEnd::Worked);
  assert_contains(with.heard(), "MAIL FROM:<alice@sender.lab> SMTPUTF8|");
}
END_TEST

// LIMITS MAILMAX and connection_max_messages: the rest goes over a connection of its own.
START_TEST(a_limit_of_messages_makes_another_connection) {
  auto script = [](PeerSide& peer) {
    clear_greeting(peer, "250-mx1.lab\r\n250 LIMITS MAILMAX=1 RCPTMAX=1\r\n");
    peer.answer("250 ok\r\n");
    peer.answer("250 ok\r\n");
    take_message(peer);
    peer.answer("221 bye\r\n");
  };
  Scene scene(2, no_dane(), script);
  ScriptedPeer second(script);
  scene.server.later_sockets.push_back(second.take_socket());
  ck_assert(scene.run().end == AttemptEnd::Worked);
  for (std::size_t i = 0; i < 2; ++i) {
    ck_assert(scene.server.outcomes[i].status == Status::Delivered);
    ck_assert(scene.server.outcomes[i].first_of_transaction);
  }
  const auto heard = join(second.heard(), "|");
  assert_contains(heard, "RCPT TO:<user2@dom.lab>|DATA|");
  assert_contains(scene.server.trace(),
                  "connect 0:25; journal 0; event tcp:close ; connect 0:25; journal 1");
}
END_TEST

// What is known of a peer is known of one connection: the next one may reach another machine.
START_TEST(nothing_of_a_peer_is_kept_for_the_next_connection) {
  auto one_message = [](PeerSide& peer) {
    peer.answer("250 ok\r\n");
    peer.answer("250 ok\r\n");
    take_message(peer);
    peer.answer("221 bye\r\n");
  };
  Scene scene(2, no_dane(), [=](PeerSide& peer) {
    clear_greeting(peer, "250-mx1.lab\r\n250 STARTTLS\r\n");
    peer.answer("220 go\r\n");
    if (!peer.start_tls({})) return;
    peer.answer("250-mx1.lab\r\n250-CHUNKING\r\n250 LIMITS MAILMAX=1 RCPTMAX=1\r\n");
    one_message(peer);
  });
  ScriptedPeer second([=](PeerSide& peer) {
    clear_greeting(peer);
    one_message(peer);
  });
  scene.server.later_sockets.push_back(second.take_socket());
  ck_assert(scene.run().end == AttemptEnd::Worked);
  assert_contains(scene.server.outcomes[0].cipher, "TLS1.3:");
  const auto& outcome = scene.server.outcomes[1];
  ck_assert(outcome.status == Status::Delivered && outcome.host == 0U);
  ck_assert(outcome.cipher.empty() && outcome.peer_dn.empty());
  ck_assert(scene.server.tls_variables.back().cipher.empty());
  ck_assert(scene.server.tls_variables.back().peer_certificate.empty());
}
END_TEST

// The connection of an earlier message, with the mark of this policy.
void leave_open(Scene& scene, const char* extensions) {
  const AttemptRequest request{0, 25, scene.plan, {0}, TlsChoice::AsPolicySays};
  PeerVerdict verdict;
  auto tls = tls_for_host(scene.server, scene.batch, request);
  auto settings = session_settings(scene.server, *tls, verdict);
  auto digest = policy_digest(scene.server, scene.batch, request, *tls, *settings);
  scene.server.open = {0, format("{}{}+{}+0+0", kMarkPrefix, *digest, extensions), "TLS1.3:X:256",
                       1};
  scene.server.open_socket = std::move(scene.server.sockets[0]);
}

AttemptResult run_on_open_connection(Scene& scene) {
  AttemptRequest request{0, 25, scene.plan, {0}, TlsChoice::AsPolicySays};
  request.connection = ConnectionChoice::LeftOpen;
  return attempt_host(scene.server, scene.batch, request);
}

// An earlier message's connection that broke before this one began is nobody's trouble: it is tried
// anew without a word. Not so once the server may have the message, which early BDAT brings about.
struct BrokenConnection {
  const char* what;
  const char* extensions;
  const char* reply;
  bool silent;
};
const BrokenConnection kBroken[] = {
    {"closed at MAIL", "P", "", true},
    {"421 to MAIL", "P", "421 enough\r\n", true},
    {"closed after the chunk", "PC", "", false},
    {"421 to MAIL, the chunk behind it", "PC", "421 enough\r\n", true},
};

START_TEST(what_the_server_may_have_is_not_sent_again_unseen) {
  const auto& row = kBroken[_i];
  Scene scene(1, encrypt(), [&row](PeerSide& peer) {
    for (int line = 0; line < 2; ++line) peer.hear();  // MAIL, RCPT
    if (row.extensions == std::string("PC")) peer.await("Hello.");
    peer.say(row.reply);
  });
  scene.server.lists["hosts_try_chunking"] = {0};
  leave_open(scene, row.extensions);
  const auto result = run_on_open_connection(scene);
  ck_assert_msg((result.end == AttemptEnd::NotTried) == row.silent, "%s", row.what);
  ck_assert_msg(row.silent == (scene.server.outcomes.count(0) == 0), "%s", row.what);
  if (!row.silent) ck_assert(scene.server.outcomes[0].status == Status::Deferred);
}
END_TEST

// A final refusal is the end of it: the second socket stays unused.
START_TEST(a_refused_message_makes_no_other_connection) {
  Scene scene(2, no_dane(), [](PeerSide& peer) {
    clear_greeting(peer);
    peer.answer("550 not from you\r\n");
    peer.answer("221 bye\r\n");
  });
  ScriptedPeer second(kNothing);
  scene.server.later_sockets.push_back(second.take_socket());
  ck_assert(scene.run().end == AttemptEnd::Worked);
  ck_assert_uint_eq(scene.server.later_sockets.size(), 1);
  for (std::size_t i = 0; i < 2; ++i) ck_assert(scene.server.outcomes[i].status == Status::Failed);
  scene.server.later_sockets.clear();
}
END_TEST

START_TEST(the_second_connection_can_fail) {
  Scene scene(2, no_dane(), [](PeerSide& peer) {
    clear_greeting(peer, "250-mx1.lab\r\n250 LIMITS MAILMAX=1 RCPTMAX=1\r\n");
    peer.answer("250 ok\r\n");
    peer.answer("250 ok\r\n");
    take_message(peer);
    peer.answer("221 bye\r\n");
  });
  auto result = scene.run();
  ck_assert(result.end == AttemptEnd::HostDeferred);
  ck_assert(scene.server.outcomes[0].status == Status::Delivered);
  ck_assert(scene.server.outcomes[1].status == Status::Deferred);
  ck_assert(result.waiting == std::vector<std::size_t>{1});
}
END_TEST

// RFC 5321 4.5.3.1.10: 452 for the second recipient; it goes in a transaction of its own.
START_TEST(too_many_recipients_go_in_the_next_transaction) {
  Scene scene(2, no_dane(), [](PeerSide& peer) {
    clear_greeting(peer);
    for (const char* second : {"452 too many\r\n", ""}) {
      peer.answer("250 ok\r\n");
      peer.answer("250 ok\r\n");
      if (*second != '\0') peer.answer(second);
      take_message(peer);
    }
    peer.answer("221 bye\r\n");
  });
  ck_assert(scene.run().end == AttemptEnd::Worked);
  for (std::size_t i = 0; i < 2; ++i)
    ck_assert(scene.server.outcomes[i].status == Status::Delivered);
  ck_assert_msg(scene.server.trace().find("retry") == std::string::npos, "a retry record");
}
END_TEST

// What is left for after the last transaction is deferred with its trouble, never forgotten.
START_TEST(too_many_recipients_and_then_trouble) {
  Scene scene(2, no_dane(), [](PeerSide& peer) {
    clear_greeting(peer);
    peer.answer("250 ok\r\n");
    peer.answer("250 ok\r\n");
    peer.answer("452 too many\r\n");
    take_message(peer, "451 not now\r\n");
    peer.answer("221 bye\r\n");
  });
  auto result = scene.run();
  ck_assert(result.end == AttemptEnd::MessageDeferred);
  ck_assert((result.waiting == std::vector<std::size_t>{0, 1}));
  for (std::size_t i = 0; i < 2; ++i)
    ck_assert(scene.server.outcomes[i].status == Status::Deferred);
}
END_TEST

START_TEST(a_message_by_bdat) {
  Scene scene(1, no_dane(), [](PeerSide& peer) {
    clear_greeting(peer, "250-mx1.lab\r\n250 CHUNKING\r\n");
    peer.answer("250 ok\r\n");
    peer.answer("250 ok\r\n");
    peer.hear();
    peer.hear_octets(22);
    peer.say("250 got it\r\n");
    peer.answer("221 bye\r\n");
  });
  scene.server.lists["hosts_try_chunking"] = {0};
  ck_assert(scene.run().end == AttemptEnd::Worked);
  assert_contains(scene.heard(), "|BDAT 22 LAST|Subject: x\r\n\r\nHello.\r\n|QUIT");
  ck_assert(scene.server.outcomes[0].chunked);
}
END_TEST

START_TEST(a_reply_for_each_recipient) {
  Scene scene(3, no_dane(), [](PeerSide& peer) {
    clear_greeting(peer, "250-mx1.lab\r\n250 PRDR\r\n");
    for (int i = 0; i < 4; ++i) peer.answer("250 ok\r\n");
    take_message(peer, "353 each\r\n250 a\r\n550 b\r\n450 c\r\n250 all\r\n");
    peer.answer("221 bye\r\n");
  });
  scene.server.lists["hosts_try_prdr"] = {0};
  auto result = scene.run();
  ck_assert(result.end == AttemptEnd::Worked);
  assert_contains(scene.heard(), "MAIL FROM:<alice@sender.lab> PRDR|");
  ck_assert(scene.server.outcomes[0].status == Status::Delivered && scene.server.outcomes[0].prdr);
  assert_text(scene.server.outcomes[0].text, "250 a\\n250 all");
  ck_assert(scene.server.outcomes[1].status == Status::Failed);
  assert_text(scene.server.outcomes[1].text, "PRDR error after DATA: 550 b");
  ck_assert(scene.server.outcomes[2].status == Status::Deferred);
  ck_assert_int_eq(scene.server.outcomes[2].reply_code, 450);
  ck_assert(result.waiting == std::vector<std::size_t>{2});
  assert_contains(scene.server.trace(), "journal 0; retry_recipient 2");
}
END_TEST

// The main log has the refusal if another host is to come; after the last, the recipient's line.
START_TEST(a_refusal_for_now_is_logged_once) {
  for (std::size_t hosts : {1U, 2U}) {
    Scene scene(1, no_dane(), [](PeerSide& peer) {
      clear_greeting(peer);
      peer.answer("250 ok\r\n");
      peer.answer("451 later\r\n");
      peer.answer("221 bye\r\n");
    });
    scene.batch.hosts = make_batch(hosts, 1).hosts;
    scene.run();
    const auto trace = scene.server.trace();
    ck_assert_int_eq(trace.find("log_refusal 0 SMTP error") != std::string::npos, hosts == 2);
    ck_assert_int_eq(trace.find("event msg:rcpt:defer") != std::string::npos, hosts == 1);
    assert_contains(trace, "log_message 0 SMTP error");
  }
}
END_TEST

START_TEST(max_rcpt_makes_several_transactions) {
  Scene scene(3, no_dane(), [](PeerSide& peer) {
    clear_greeting(peer);
    for (int recipients : {2, 1}) {
      peer.answer("250 ok\r\n");
      for (int i = 0; i < recipients; ++i) peer.answer("250 ok\r\n");
      take_message(peer);
    }
    peer.answer("221 bye\r\n");
  });
  scene.server.options["max_rcpt"] = "2";
  ck_assert(scene.run().end == AttemptEnd::Worked);
  for (std::size_t i = 0; i < 3; ++i)
    ck_assert(scene.server.outcomes[i].status == Status::Delivered);
  ck_assert(scene.server.outcomes[2].first_of_transaction);
}
END_TEST

START_TEST(an_option_that_cannot_be_expanded_defers) {
  Scene scene(1, authenticate(), kNothing);
  scene.server.broken_options = {"dane_require_tls_ciphers"};
  ck_assert(scene.run().end == AttemptEnd::HostDeferred);
  ck_assert(scene.server.outcomes[0].cause == Cause::Expansion);
  assert_contains(scene.server.outcomes[0].text, "dane_require_tls_ciphers");
}
END_TEST

int main() {
  Suite* suite = suite_create("attempt");
  TCase* tc = tcase_create("attempt");
  tcase_add_loop_test(tc, no_starttls_under_dane_sends_nothing, 0, 2);
  tcase_add_test(tc, an_impostor_hears_nothing);
  tcase_add_test(tc, a_host_to_skip_is_not_connected_to);
  tcase_add_test(tc, hosts_avoid_tls_does_not_beat_dane);
  tcase_add_test(tc, refused_connection);
  tcase_add_test(tc, unusable_records_mean_tls_without_authentication);
  tcase_add_test(tc, audit_sends_to_a_server_that_fails);
  tcase_add_test(tc, tls_variables_say_what_is_known);
  tcase_add_test(tc, each_recipient_has_its_own_result);
  tcase_add_test(tc, the_answer_to_the_dot_did_not_come);
  tcase_add_test(tc, a_message_that_cannot_be_made_is_not_begun);
  tcase_add_test(tc, smtputf8_is_asked_for_or_nothing_is_sent);
  tcase_add_test(tc, a_limit_of_messages_makes_another_connection);
  tcase_add_test(tc, nothing_of_a_peer_is_kept_for_the_next_connection);
  tcase_add_loop_test(tc, what_the_server_may_have_is_not_sent_again_unseen, 0,
                      static_cast<int>(std::size(kBroken)));
  tcase_add_test(tc, a_refused_message_makes_no_other_connection);
  tcase_add_test(tc, the_second_connection_can_fail);
  tcase_add_test(tc, too_many_recipients_go_in_the_next_transaction);
  tcase_add_test(tc, too_many_recipients_and_then_trouble);
  tcase_add_test(tc, a_message_by_bdat);
  tcase_add_test(tc, a_reply_for_each_recipient);
  tcase_add_test(tc, a_refusal_for_now_is_logged_once);
  tcase_add_test(tc, max_rcpt_makes_several_transactions);
  tcase_add_test(tc, an_option_that_cannot_be_expanded_defers);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// The connections of one attempt: a further one for the rest, one that an earlier message left
// open.
#include "route/attempt.h"

#include <iterator>

#include "route/connection_mark.h"
#include "route/host_tls.h"
#include "unit/route/attempt_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

// The connection of an earlier message, with the mark of this policy.
void leave_open(Scene& scene, const char* extensions) {
  const AttemptRequest request{0, 25, scene.plan, {0}, TlsChoice::AsPolicySays};
  auto tls = tls_for_host(scene.server, scene.batch, request);
  auto settings = session_settings(scene.server, *tls);
  auto digest = policy_digest(scene.server, scene.batch, request, *tls, *settings);
  scene.server.open = {0, format("{}{}+{}+0+0", kMarkPrefix, *digest, extensions), "TLS1.3:X:256",
                       1};
  scene.server.open_socket = std::move(scene.server.sockets[0]);
}

AttemptResult run_on_open_connection(Scene& scene) {
  AttemptRequest request{0, 25, scene.plan, {0}, TlsChoice::AsPolicySays};
  request.connection = ConnectionChoice::LeftOpen;
  return attempt_host(scene.server, scene.batch, request, scene.store);
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

}  // namespace

// What was begun for the events is ended for them too.
START_TEST(a_name_that_cannot_be_sent_ends_the_connection) {
  Scene scene(1, no_dane(), [](PeerSide&) {});
  scene.server.options["helo_data"] = "two words";
  ck_assert(scene.run().end == AttemptEnd::HostDeferred);
  assert_contains(scene.server.outcomes[RecipientIndex(0)].verdict.text, "option helo_data");
  assert_contains(scene.server.trace(), "connect 0:25; event tcp:close ");
}
END_TEST

// LIMITS MAILMAX and connection_max_messages: the rest goes over a connection of its own.
START_TEST(a_limit_of_messages_makes_another_connection) {
  auto script = [](PeerSide& peer) {
    clear_greeting(peer, "250-mx1.lab\r\n250 LIMITS MAILMAX=1 RCPTMAX=1\r\n");
    take_all(peer);
  };
  Scene scene(2, no_dane(), script);
  ScriptedPeer second(script);
  scene.server.later_sockets.push_back(second.take_socket());
  ck_assert(scene.run().end == AttemptEnd::Worked);
  for (RecipientIndex i; i < 2; ++i) {
    ck_assert(scene.server.outcomes[i].verdict.status == Status::Delivered);
    ck_assert(scene.server.outcomes[i].transaction.first);
  }
  const auto heard = join(second.heard(), "|");
  assert_contains(heard, "RCPT TO:<user2@dom.lab>|DATA|");
  assert_contains(scene.server.trace(),
                  "connect 0:25; journal 0; event tcp:close ; connect 0:25; journal 1");
}
END_TEST

// RFC 5321 4.1.1.5: RSET asks for nothing but to forget. Whoever is left has been refused by
// nobody.
START_TEST(a_refused_reset_bounces_nobody) {
  Scene scene(2, no_dane(), [](PeerSide& peer) {
    clear_greeting(peer, "250-mx1.lab\r\n250 LIMITS RCPTMAX=1\r\n");
    peer.answer("250 ok\r\n");
    peer.answer("550 no such user\r\n");
    peer.answer("500 RSET?\r\n");
    peer.answer("221 bye\r\n");
  });
  const auto result = scene.run();
  ck_assert(scene.server.outcomes[0].verdict.status == Status::Failed);
  const auto& left = scene.server.outcomes[1].verdict;
  ck_assert(left.status == Status::Deferred);
  assert_contains(left.text, "after RSET: 500 RSET?");
  ck_assert(result.end == AttemptEnd::MessageDeferred);
  ck_assert(result.waiting == std::vector<RecipientIndex>{1});
}
END_TEST

// mua_wrapper: all in one transaction, whatever the server likes better, or nobody.
START_TEST(one_refusal_is_one_for_all) {
  Scene scene(2, no_dane(), [](PeerSide& peer) {
    clear_greeting(peer, "250-mx1.lab\r\n250 LIMITS RCPTMAX=1\r\n");
    for (const char* reply : {"250 ok\r\n", "250 ok\r\n", "450 later\r\n", "221 bye\r\n"})
      peer.answer(reply);
  });
  scene.batch.all_or_nothing = true;
  ck_assert(scene.run().end == AttemptEnd::Stop);
  for (RecipientIndex i; i < 2; ++i) {
    ck_assert(scene.server.outcomes[i].verdict.status == Status::Failed);
    assert_contains(scene.server.outcomes[i].verdict.text, "450 later");
  }
  ck_assert(scene.heard().find("DATA") == std::string::npos);
}
END_TEST

// What is known of a peer is known of one connection: the next one may reach another machine.
START_TEST(nothing_of_a_peer_is_kept_for_the_next_connection) {
  Scene scene(2, no_dane(), [](PeerSide& peer) {
    clear_greeting(peer, "250-mx1.lab\r\n250 STARTTLS\r\n");
    peer.answer("220 go\r\n");
    if (!peer.start_tls({})) return;
    peer.answer("250-mx1.lab\r\n250-CHUNKING\r\n250 LIMITS MAILMAX=1 RCPTMAX=1\r\n");
    take_all(peer);
  });
  ScriptedPeer second([](PeerSide& peer) {
    clear_greeting(peer);
    take_all(peer);
  });
  scene.server.later_sockets.push_back(second.take_socket());
  ck_assert(scene.run().end == AttemptEnd::Worked);
  assert_contains(scene.server.outcomes[0].connection.cipher, "TLS1.3:");
  const auto& outcome = scene.server.outcomes[1];
  ck_assert(outcome.verdict.status == Status::Delivered && outcome.connection.host == HostIndex(0));
  ck_assert(outcome.connection.cipher.empty() && outcome.connection.peer_dn.empty());
  ck_assert(scene.server.tls_variables.back().cipher.empty());
  ck_assert(scene.server.tls_variables.back().peer_certificate.empty());
}
END_TEST

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
  if (!row.silent) ck_assert(scene.server.outcomes[0].verdict.status == Status::Deferred);
}
END_TEST

// QUIT goes out with the last message, before it is answered, and not while others wait.
START_TEST(quit_goes_with_the_last_message) {
  const bool others_wait = _i == 1;
  bool quit_was_there = false;
  Scene scene(1, encrypt(), [&](PeerSide& peer) {
    for (int line = 0; line < 3; ++line) peer.hear();
    peer.hear_octets(22);
    if (!others_wait) quit_was_there = peer.hear() == "QUIT";
    peer.say("250 a\r\n250 b\r\n250 got it\r\n");
    if (quit_was_there) peer.say("221 bye\r\n");
  });
  scene.server.lists["hosts_try_chunking"] = {0};
  scene.server.numbers["connection_max_messages"] = 10;
  scene.server.message_waits = others_wait;
  leave_open(scene, "PC");
  ck_assert(run_on_open_connection(scene).end == AttemptEnd::Worked);
  ck_assert(scene.server.outcomes[0].verdict.status == Status::Delivered);
  ck_assert(scene.server.left_open.has_value() == others_wait);
  scene.peer.heard();
  ck_assert(quit_was_there != others_wait);
}
END_TEST

// Messages that wait for the same server would lead to each other for ever.
START_TEST(a_deferred_message_leads_to_no_other) {
  Scene scene(1, encrypt(), [](PeerSide& peer) {
    peer.answer("250 ok\r\n");
    peer.answer("450 later\r\n");
    peer.answer("354 go on\r\n");
    peer.answer("554 nobody\r\n");
    peer.answer("221 bye\r\n");
  });
  scene.server.numbers["connection_max_messages"] = 10;
  scene.server.message_waits = true;
  leave_open(scene, "P");
  ck_assert(run_on_open_connection(scene).end == AttemptEnd::Worked);
  ck_assert(scene.server.outcomes[0].verdict.status == Status::Deferred);
  ck_assert(!scene.server.left_open.has_value());
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
  for (RecipientIndex i; i < 2; ++i)
    ck_assert(scene.server.outcomes[i].verdict.status == Status::Failed);
  scene.server.later_sockets.clear();
}
END_TEST

START_TEST(the_second_connection_can_fail) {
  Scene scene(2, no_dane(), [](PeerSide& peer) {
    clear_greeting(peer, "250-mx1.lab\r\n250 LIMITS MAILMAX=1 RCPTMAX=1\r\n");
    take_all(peer);
  });
  auto result = scene.run();
  ck_assert(result.end == AttemptEnd::HostDeferred);
  ck_assert(scene.server.outcomes[0].verdict.status == Status::Delivered);
  ck_assert(scene.server.outcomes[1].verdict.status == Status::Deferred);
  ck_assert(result.waiting == std::vector<RecipientIndex>{1});
}
END_TEST

int main() {
  Suite* suite = suite_create("attempt_connections");
  TCase* tc = tcase_create("attempt");
  tcase_add_test(tc, a_name_that_cannot_be_sent_ends_the_connection);
  tcase_add_test(tc, a_limit_of_messages_makes_another_connection);
  tcase_add_test(tc, a_refused_reset_bounces_nobody);
  tcase_add_test(tc, one_refusal_is_one_for_all);
  tcase_add_test(tc, nothing_of_a_peer_is_kept_for_the_next_connection);
  tcase_add_loop_test(tc, what_the_server_may_have_is_not_sent_again_unseen, 0,
                      static_cast<int>(std::size(kBroken)));
  tcase_add_loop_test(tc, quit_goes_with_the_last_message, 0, 2);
  tcase_add_test(tc, a_deferred_message_leads_to_no_other);
  tcase_add_test(tc, a_refused_message_makes_no_other_connection);
  tcase_add_test(tc, the_second_connection_can_fail);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// What each recipient gets from one attempt: its own result, and a transaction that takes it.
#include "route/attempt.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

#include "unit/route/attempt_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

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
  ck_assert(result.waiting == std::vector<RecipientIndex>{2});
  ck_assert(scene.server.outcomes[0].verdict.status == Status::Failed);
  ck_assert(scene.server.outcomes[1].verdict.status == Status::Delivered);
  ck_assert(scene.server.outcomes[1].transaction.first);
  ck_assert(!scene.server.outcomes[3].transaction.first);
  ck_assert(scene.server.outcomes[2].verdict.status == Status::Deferred);
  ck_assert_int_eq(scene.server.outcomes[2].verdict.reply_code, 451);
  assert_text(scene.server.outcomes[1].verdict.text, "250 got it");
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
  ck_assert(scene.server.outcomes[0].verdict.status == Status::Deferred);
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
  ck_assert(scene.server.outcomes[0].verdict.cause == Cause::Filter);
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
    ck_assert(without.server.outcomes[0].verdict.cause == Cause::Utf8);
    ck_assert((without.server.outcomes[0].verdict.status == Status::Failed) == (hosts == 1));
    ck_assert((result.end == AttemptEnd::MessageDeferred) == (hosts == 2));
  }

  Scene with(1, no_dane(), [](PeerSide& peer) {
    clear_greeting(peer, "250-mx1.lab\r\n250 SMTPUTF8\r\n");
    take_all(peer);
  });
  with.batch.smtputf8 = true;
  ck_assert(with.run().end == AttemptEnd::Worked);
  assert_contains(with.heard(), "MAIL FROM:<alice@sender.lab> SMTPUTF8|");
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
  for (RecipientIndex i; i < 2; ++i)
    ck_assert(scene.server.outcomes[i].verdict.status == Status::Delivered);
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
  ck_assert((result.waiting == std::vector<RecipientIndex>{0, 1}));
  for (RecipientIndex i; i < 2; ++i)
    ck_assert(scene.server.outcomes[i].verdict.status == Status::Deferred);
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
  ck_assert(scene.server.outcomes[0].connection.chunked);
}
END_TEST

// A large body is sent from the spool, to which the headers are written; where something changes it
// on its way, and a small one, all is written.
START_TEST(a_large_body_is_not_copied) {
  constexpr std::uint64_t kLarge = 64 * 1024;
  char name[] = "/tmp/attempt_recipients_test.XXXXXX";
  const UniqueFd spool(::mkstemp(name));
  ::unlink(name);
  ck_assert_int_eq(::write(spool.get(), "id-D\n.from the spool\n", 21), 21);
  Scene scene(1, no_dane(), [](PeerSide& peer) {
    clear_greeting(peer);
    take_all(peer);
  });
  scene.server.body = StoredBody{spool.get(), 5, LineEnds::Lf};
  if (_i == 1) scene.server.body.reset();
  scene.batch.message_size = _i == 2 ? kLarge - 1 : kLarge;
  if (_i == 3) ck_assert_int_eq(::ftruncate(spool.get(), 20), 0);  // no newline at its end
  ck_assert(scene.run().end == AttemptEnd::Worked);
  ck_assert(scene.server.outcomes[0].verdict.status == Status::Delivered);
  assert_contains(scene.heard(), _i == 0 ? "|DATA|Subject: x\r\n\r\n..from the spool\r\n.\r\n|QUIT"
                                         : "|DATA|Subject: x\r\n\r\nHello.\r\n.\r\n|QUIT");
}
END_TEST

START_TEST(a_large_message_without_its_headers_is_not_begun) {
  Scene scene(1, no_dane(), [](PeerSide& peer) {
    clear_greeting(peer);
    peer.answer("221 bye\r\n");
  });
  const UniqueFd empty(::memfd_create("body", MFD_CLOEXEC));
  scene.server.body = StoredBody{empty.get(), 0, LineEnds::Lf};
  scene.batch.message_size = 64 * 1024;
  scene.server.no_message[0] = {WriteFailureKind::Headers, 0, "why"};
  scene.run();
  ck_assert(scene.server.outcomes[0].verdict.status == Status::Deferred);
  assert_text(scene.heard(), "EHLO me.lab|QUIT");
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
  ck_assert(scene.server.outcomes[0].verdict.status == Status::Delivered &&
            scene.server.outcomes[0].transaction.prdr);
  assert_text(scene.server.outcomes[0].verdict.text, "250 a\\n250 all");
  ck_assert(scene.server.outcomes[1].verdict.status == Status::Failed);
  assert_text(scene.server.outcomes[1].verdict.text, "PRDR error after DATA: 550 b");
  ck_assert(scene.server.outcomes[2].verdict.status == Status::Deferred);
  ck_assert_int_eq(scene.server.outcomes[2].verdict.reply_code, 450);
  ck_assert(result.waiting == std::vector<RecipientIndex>{2});
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
  for (RecipientIndex i; i < 3; ++i)
    ck_assert(scene.server.outcomes[i].verdict.status == Status::Delivered);
  ck_assert(scene.server.outcomes[2].transaction.first);
}
END_TEST

int main() {
  Suite* suite = suite_create("attempt_recipients");
  TCase* tc = tcase_create("attempt");
  tcase_add_test(tc, each_recipient_has_its_own_result);
  tcase_add_test(tc, the_answer_to_the_dot_did_not_come);
  tcase_add_test(tc, a_message_that_cannot_be_made_is_not_begun);
  tcase_add_test(tc, smtputf8_is_asked_for_or_nothing_is_sent);
  tcase_add_test(tc, too_many_recipients_go_in_the_next_transaction);
  tcase_add_test(tc, too_many_recipients_and_then_trouble);
  tcase_add_test(tc, a_message_by_bdat);
  tcase_add_loop_test(tc, a_large_body_is_not_copied, 0, 4);
  tcase_add_test(tc, a_large_message_without_its_headers_is_not_begun);
  tcase_add_test(tc, a_reply_for_each_recipient);
  tcase_add_test(tc, a_refusal_for_now_is_logged_once);
  tcase_add_test(tc, max_rcpt_makes_several_transactions);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// One message: several on a connection, and what does not go well between them. Every reply at
// every place: data_replies_test, bdat_replies_test, recipient_replies_test; what goes out when:
// envelope_writes_test; the file: message_content_test.
#include "smtp/transaction.h"

#include <iterator>

#include "unit/smtp/transaction_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

// RFC 5321 4.2.1: whoever says yes and no may have taken the recipient; a dot alone would be a
// message to it.
START_TEST(no_dot_for_a_recipient_in_doubt) {
  auto file = file_of(kMessage);
  std::string behind_data = "?";
  Dialogue dialogue([&](PeerSide& side) {
    for (const char* reply : {"250 a\r\n", "250-yes\r\n550 no\r\n", "354 go on\r\n"})
      side.answer(reply);
    behind_data = side.hear();
  });
  auto result = run_transaction(dialogue.session, envelope(1),
                                {{file.get(), std::string_view(kMessage).size()}}, ignore);
  assert_text(fates(result), "R451");
  ck_assert(!dialogue.session.usable());
  dialogue.peer.heard();
  assert_text(behind_data, "");
}
END_TEST

// All or nobody: DATA waits for every reply, or it would invite a message that is for some.
START_TEST(one_refusal_is_one_for_all) {
  auto file = file_of(kMessage);
  Dialogue dialogue([](PeerSide& side) {
    for (const char* reply : {"250 a\r\n", "250 b\r\n", "550 c\r\n", "221 bye\r\n"})
      side.answer(reply);
  });
  auto asked = envelope(2);
  asked.partial = Partial::Forbidden;
  auto result = run_transaction(dialogue.session, asked,
                                {{file.get(), std::string_view(kMessage).size()}}, ignore);
  assert_text(fates(result), "U R550");
  ck_assert(!result.trouble && result.custody == Custody::NotTaken && !result.pipelined);
  dialogue.session.quit();
  ck_assert(joined(dialogue.peer.heard()).find("DATA") == std::string::npos);
}
END_TEST

// The reply would pass for MAIL's, and so on to the final one.
START_TEST(nothing_begins_over_an_unasked_reply) {
  auto file = file_of(kMessage);
  ScriptedPeer peer([](PeerSide& side) {
    side.say("220 mx.lab\r\n");
    side.answer("250 mx.lab\r\n250 unasked\r\n");
    side.hear();
  });
  RecordingLog log;
  SmtpSession session(LineChannel(peer.take_socket()), short_settings(), log);
  ck_assert(session.open().has_value());
  auto result = run_transaction(session, envelope(1),
                                {{file.get(), std::string_view(kMessage).size()}}, ignore);
  assert_text(fates(result), "U");
  ck_assert(result.custody == Custody::NotTaken && !session.usable());
  ck_assert(result.trouble && result.trouble->stage == SmtpStage::Mail &&
            result.trouble->error.kind == ErrorKind::Protocol);
  ck_assert_msg(joined(peer.heard()).find("MAIL") == std::string::npos, "MAIL was sent");
}
END_TEST

START_TEST(two_messages_with_and_without_reset) {
  auto file = file_of(kMessage);
  MessageData message{{file.get(), std::string_view(kMessage).size()}};
  std::vector<std::string> heard;
  {
    Dialogue dialogue([&heard](PeerSide& side) {
      for (int i = 0; i < 2; ++i) {
        for (int n = 0; n < 3; ++n) side.hear();
        side.say("250 a\r\n250 b\r\n354 c\r\n");
        side.hear_message();
        side.say("250 d\r\n");
      }
      for (int n = 0; n < 3; ++n) side.hear();
      side.say("250 a\r\n550 b\r\n503 c\r\n");
      side.answer("250 reset\r\n");
      side.answer("221 bye\r\n");
      heard = side.heard();
    });
    assert_text(fates(run_transaction(dialogue.session, envelope(1), message, ignore)), "D250");
    assert_text(fates(run_transaction(dialogue.session, envelope(1), message, ignore)), "D250");
    assert_text(fates(run_transaction(dialogue.session, envelope(1), message, ignore)), "R550");
    ck_assert(dialogue.session.reset().has_value());
    dialogue.session.quit();
    dialogue.peer.heard();
  }
  ck_assert_uint_eq(heard.size(), 14);
  assert_text(heard[12], "RSET");
}
END_TEST

struct Reset {
  const char* reply;
  ExpectedTrouble trouble;
};

const Reset kResets[] = {
    {"500 what?\r\n", {SmtpStage::Mail, ErrorKind::Protocol, 500}},
    {"421 bye\r\n", {SmtpStage::Mail, ErrorKind::Disconnected, 421}},
    {"", {SmtpStage::Mail, ErrorKind::Disconnected}},
};

START_TEST(a_reset_can_fail) {
  const auto& row = kResets[_i];
  Dialogue dialogue([&row](PeerSide& side) {
    side.hear();
    side.say(row.reply);
  });
  auto done = dialogue.session.reset();
  ck_assert(!done);
  assert_trouble(done.error(), row.trouble);
}
END_TEST

// The final reply is on record before QUIT is sent.
START_TEST(the_caller_hears_at_once) {
  auto file = file_of(kMessage);
  Dialogue dialogue([](PeerSide& side) {
    for (int n = 0; n < 3; ++n) side.hear();
    side.say("250 a\r\n250 b\r\n354 c\r\n");
    side.hear_message();
    side.say("250 d\r\n");
    side.hear();
  });
  std::string last;
  auto result = run_transaction(dialogue.session, envelope(1),
                                {{file.get(), std::string_view(kMessage).size()}},
                                [&](const TransactionResult& done) {
                                  ck_assert(done.recipients[0].fate == RecipientFate::Delivered);
                                  last = dialogue.log.lines.back();
                                });
  dialogue.session.quit();
  assert_text(fates(result), "D250");
  assert_text(last, "SMTP<< 250 d");
}
END_TEST

int main() {
  Suite* suite = suite_create("transaction");
  TCase* tc = tcase_create("run");
  tcase_set_timeout(tc, 20);
  tcase_add_test(tc, no_dot_for_a_recipient_in_doubt);
  tcase_add_test(tc, one_refusal_is_one_for_all);
  tcase_add_test(tc, nothing_begins_over_an_unasked_reply);
  tcase_add_test(tc, two_messages_with_and_without_reset);
  tcase_add_loop_test(tc, a_reset_can_fail, 0, static_cast<int>(std::size(kResets)));
  tcase_add_test(tc, the_caller_hears_at_once);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

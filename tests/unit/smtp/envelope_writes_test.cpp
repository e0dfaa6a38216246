// SPDX-License-Identifier: GPL-2.0-or-later
// What is written at once, and what waits for a reply: the envelope, and BDAT with it (RFC 2920,
// RFC 3030).
#include "smtp/transaction.h"

#include "unit/smtp/transaction_support.h"

using namespace danesmtp;
using namespace danesmtp::test;
using namespace std::chrono_literals;

// hosts_avoid_pipelining: PIPELINING is on offer and not used.
START_TEST(one_by_one_although_offered) {
  auto file = file_of(kMessage);
  std::string all;
  Dialogue dialogue([&all](PeerSide& side) {
    for (const char* reply : {"250 a\r\n", "550 b\r\n"}) {
      all += side.hear() + "|";
      side.say(reply);
    }
    side.answer("221 bye\r\n");
  });
  auto asked = envelope(1);
  asked.grouping = Grouping::OneByOne;
  auto result = run_transaction(dialogue.session, asked,
                                {{file.get(), std::string_view(kMessage).size()}}, ignore);
  assert_text(fates(result), "R550");
  ck_assert(!result.pipelined);
  dialogue.session.quit();
  dialogue.peer.heard();
  assert_text(all, "MAIL FROM:<s@me.lab>|RCPT TO:<r1@mx.lab>|");
}
END_TEST

// The envelope of a server with PIPELINING is one write; nothing is answered before it is all
// there.
START_TEST(the_envelope_is_one_write) {
  auto file = file_of(kMessage);
  std::string all;
  Dialogue dialogue([&all](PeerSide& side) {
    for (int i = 0; i < 5; ++i) all += side.hear() + "|";
    side.say("250 a\r\n250 b\r\n550 c\r\n250 d\r\n354 e\r\n");
    side.hear_message();
    side.say("250 f\r\n");
    side.hear();
  });
  auto result = run_transaction(dialogue.session, envelope(3),
                                {{file.get(), std::string_view(kMessage).size()}}, ignore);
  assert_text(fates(result), "D250 R550 D250");
  assert_text(result.recipients[1].reply->lines[0], "c");
  assert_text(result.recipients[1].command, "RCPT TO:<r2@mx.lab>");
  assert_text(result.recipients[2].reply->lines[0], "f");
  dialogue.session.quit();
  dialogue.peer.heard();
  assert_text(
      all,
      "MAIL FROM:<s@me.lab>|RCPT TO:<r1@mx.lab>|RCPT TO:<r2@mx.lab>|RCPT TO:<r3@mx.lab>|DATA|");
}
END_TEST

// RFC 3030 4.2: the envelope, BDAT and the message; with one packet and one TLS record the server
// has all of it or nothing.
START_TEST(a_small_message_by_bdat_is_one_write) {
  const std::string content = std::string(static_cast<std::size_t>(_i), 'x') + "\r\n";
  auto file = file_of(content);
  int writes = 0;
  Dialogue dialogue(
      [&](PeerSide& side) {
        const int before = side.reads();
        for (int i = 0; i < 3; ++i) side.hear();
        side.hear_octets(std::stoul(side.hear().substr(5)));
        writes = side.reads() - before;
        side.say("250 a\r\n250 b\r\n550 c\r\n250 d\r\n");
        side.hear();
      },
      short_settings(), SOCK_SEQPACKET);
  auto result = run_transaction(dialogue.session, envelope(2),
                                {{file.get(), content.size()}, MessageForm::Plain}, ignore);
  assert_text(fates(result), "D250 R550");
  dialogue.session.quit();
  assert_text(joined(dialogue.peer.heard()),
              "EHLO me.lab|MAIL FROM:<s@me.lab>|RCPT TO:<r1@mx.lab>|RCPT TO:<r2@mx.lab>|BDAT " +
                  std::to_string(content.size()) + " LAST|" + content + "|QUIT");
  ck_assert_int_eq(writes, 1);
}
END_TEST

// One that waited for a recipient: BDAT and the first octets of the message.
START_TEST(a_chunk_begins_in_the_write_of_its_command) {
  const std::string content = std::string(9000, 'x') + "\r\n";
  auto file = file_of(content);
  int writes = 0;
  Dialogue dialogue(
      [&](PeerSide& side) {
        side.answer("250 a\r\n");
        side.answer("250 b\r\n");
        const int before = side.reads();
        side.hear_octets(std::stoul(side.hear().substr(5)));
        writes = side.reads() - before;
        side.say("250 c\r\n");
        side.hear();
      },
      short_settings(), SOCK_SEQPACKET);
  auto result = run_transaction(dialogue.session, envelope(1),
                                {{file.get(), content.size()}, MessageForm::Plain}, ignore);
  assert_text(fates(result), "D250");
  dialogue.session.quit();
  ck_assert(dialogue.peer.heard().at(4) == content);
  ck_assert_int_eq(writes, 1);
}
END_TEST

// RFC 3030 4.2: a small message goes out with its envelope, in one breath; a larger one waits for
// a recipient, so that nothing is sent for nobody. The line is at 8192 octets.
START_TEST(a_large_chunk_waits_for_a_recipient) {
  const std::string content = std::string(_i == 0 ? 8190 : 8191, 'x') + "\r\n";
  auto file = file_of(content);
  Dialogue dialogue([](PeerSide& side) {
    side.answer("250 a\r\n");
    side.answer("550 b\r\n");
    std::string next = side.hear();
    if (next == "QUIT") return;
    side.hear_octets(std::stoul(next.substr(5)));
    side.say("503 c\r\n");
    side.hear();
  });
  auto result = run_transaction(dialogue.session, envelope(1),
                                {{file.get(), content.size()}, MessageForm::Plain}, ignore);
  assert_text(fates(result), "R550");
  ck_assert(!result.trouble && dialogue.session.usable());
  dialogue.session.quit();
  const auto heard = joined(dialogue.peer.heard());
  ck_assert_int_eq(heard.find("|BDAT 8192 LAST|") != std::string::npos, _i == 0);
  ck_assert_int_eq(heard.find("BDAT 8193") != std::string::npos, 0);
}
END_TEST

// RFC 2920 3.1: a large envelope must not fill both directions: this server answers each command
// with 500 octets at once and reads no more until its reply is gone.
START_TEST(a_large_envelope_does_not_deadlock) {
  const std::size_t count = static_cast<std::size_t>(_i);
  auto file = file_of(kMessage);
  std::string answer = "250 " + std::string(500, 'x') + "\r\n";
  Dialogue dialogue(
      [&](PeerSide& side) {
        for (std::size_t i = 0; i <= count; ++i) side.answer(i % 7 == 3 ? "550 no\r\n" : answer);
        side.answer("354 go\r\n");
        side.hear_message();
        side.say("250 ok\r\n");
        side.hear();
      },
      [] {
        auto s = short_settings();
        s.timeouts.command = s.timeouts.final_reply = 5s;
        return s;
      }());
  auto result = run_transaction(dialogue.session, envelope(count),
                                {{file.get(), std::string_view(kMessage).size()}}, ignore);
  ck_assert(!result.trouble);
  ck_assert(result.custody == Custody::Taken);
  for (std::size_t i = 0; i < count; ++i)
    ck_assert(result.recipients[i].fate ==
              ((i + 1) % 7 == 3 ? RecipientFate::Refused : RecipientFate::Delivered));
}
END_TEST

// What the socket does not take at once: nothing was sent to its end.
START_TEST(a_server_that_is_gone_has_no_message) {
  auto file = file_of(kPlainMessage);
  Dialogue dialogue([](PeerSide& side) { side.drop(); });
  dialogue.peer.heard();
  auto result = run_transaction(
      dialogue.session, envelope(1),
      {{file.get(), std::string_view(kPlainMessage).size()}, MessageForm::Plain}, ignore);
  assert_text(fates(result), "U");
  ck_assert(result.trouble.has_value());
  assert_trouble(*result.trouble, {SmtpStage::Mail, ErrorKind::Disconnected});
  ck_assert(result.custody == Custody::NotTaken && result.trouble->in_group);
}
END_TEST

START_TEST(nothing_is_sent_of_a_bad_envelope) {
  auto file = file_of(kMessage);
  MessageData message{{file.get(), std::string_view(kMessage).size()}};
  Dialogue dialogue([](PeerSide& side) { side.answer("221 bye\r\n"); });
  auto injected = envelope(3);
  injected.recipients[2].recipient = "x@y.lab>\r\nDATA";
  for (const auto& bad : {injected, envelope(0)}) {
    auto result = run_transaction(dialogue.session, bad, message, ignore);
    ck_assert(result.trouble.has_value());
    assert_trouble(*result.trouble, {SmtpStage::Mail, ErrorKind::BadInput});
    ck_assert_uint_eq(result.recipients.size(), bad.recipients.size());
  }
  dialogue.session.quit();
  assert_text(joined(dialogue.peer.heard()), "EHLO me.lab|QUIT");
}
END_TEST

int main() {
  Suite* suite = suite_create("envelope_writes");
  TCase* tc = tcase_create("run");
  tcase_set_timeout(tc, 20);
  tcase_add_test(tc, one_by_one_although_offered);
  tcase_add_test(tc, the_envelope_is_one_write);
  for (int size : {0, 1900, 8190})
    tcase_add_loop_test(tc, a_small_message_by_bdat_is_one_write, size, size + 1);
  tcase_add_test(tc, a_chunk_begins_in_the_write_of_its_command);
  tcase_add_loop_test(tc, a_large_chunk_waits_for_a_recipient, 0, 2);
  // The last one is more than the socket holds in either direction.
  for (int count : {1, 126, 127, 128, 254, 255, 256, 12000})
    tcase_add_loop_test(tc, a_large_envelope_does_not_deadlock, count, count + 1);
  tcase_add_test(tc, a_server_that_is_gone_has_no_message);
  tcase_add_test(tc, nothing_is_sent_of_a_bad_envelope);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

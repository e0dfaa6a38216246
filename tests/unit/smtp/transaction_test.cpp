// SPDX-License-Identifier: GPL-2.0-or-later
// One message: groups, chunks, several messages on a connection, and what does not go well between
// them. Every reply at every place: data_replies_test, bdat_replies_test, recipient_replies_test.
#include "smtp/transaction.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <iterator>

#include "unit/smtp/time_limit.h"
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

START_TEST(the_message_must_end_with_a_dot) {
  const std::string bad[] = {"",         ".",          ".\r",      "x.\r\n",      "a\r\n",
                             "a\r\n.\r", "a\r\n.\n\n", "a\n.\r\n", "a\r\n..\r\n", "a\r\n.\r\nb"};
  Dialogue dialogue([](PeerSide& side) { side.hear(); });
  for (const auto& text : bad) {
    auto file = file_of(text);
    auto result =
        run_transaction(dialogue.session, envelope(1), {{file.get(), text.size()}}, ignore);
    ck_assert_msg(result.trouble.has_value(), "sent: %s", text.c_str());
    assert_trouble(*result.trouble, {SmtpStage::Mail, ErrorKind::BadInput});
    ck_assert(dialogue.session.usable());
  }
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

// Nothing has gone out yet, not even MAIL.
START_TEST(an_early_chunk_that_cannot_be_read) {
  auto file = file_of("short");
  Dialogue dialogue([](PeerSide& side) { side.hear(); });
  auto result =
      run_transaction(dialogue.session, envelope(1), {{file.get(), 6}, MessageForm::Plain}, ignore);
  ck_assert(result.trouble.has_value());
  assert_trouble(*result.trouble, {SmtpStage::Data, ErrorKind::Io});
  ck_assert(result.custody == Custody::NotTaken && !dialogue.session.usable());
  assert_text(joined(dialogue.peer.heard()), "EHLO me.lab");
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

// A message that the server does not read: the limit is for each block.
START_TEST(data_that_is_not_read) {
  std::string content(8 << 20, 'x');
  content += "\r\n.\r\n";
  auto file = file_of(content);
  bool hangs_up = _i == 1;
  Dialogue dialogue([hangs_up](PeerSide& side) {
    for (int n = 0; n < 3; ++n) side.hear();
    side.say("250 a\r\n250 b\r\n354 c\r\n");
    if (hangs_up) return;
    std::this_thread::sleep_for(600ms);
  });
  TimeLimit limit(kCommandTimeout, _i == 0 ? TimeUse::All : TimeUse::Part);
  auto result =
      run_transaction(dialogue.session, envelope(1), {{file.get(), content.size()}}, ignore);
  limit.check();
  ck_assert(result.trouble.has_value());
  assert_trouble(*result.trouble,
                 {SmtpStage::Data, _i == 0 ? ErrorKind::Timeout : ErrorKind::Disconnected});
  ck_assert(result.custody == Custody::NotTaken);  // the dot was not sent
  ck_assert(!dialogue.session.usable());
}
END_TEST

// Nor does it read a message that comes with its envelope: MAIL and RCPT are not what takes so
// long.
START_TEST(an_early_chunk_that_is_not_read) {
  const std::string content(8000, 'x');
  auto file = file_of(content);
  ScriptedPeer peer([](PeerSide& side) {
    side.say("220 mx.lab\r\n");
    side.answer("250-mx.lab\r\n250-PIPELINING\r\n250 CHUNKING\r\n");
    std::this_thread::sleep_for(600ms);
  });
  auto socket = peer.take_socket();
  const int least = 1;
  ck_assert_int_eq(::setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &least, sizeof(least)), 0);
  RecordingLog log;
  SmtpSession session(LineChannel(std::move(socket)), short_settings(), log);
  ck_assert(session.open().has_value());
  auto result = run_transaction(session, envelope(1),
                                {{file.get(), content.size()}, MessageForm::Plain}, ignore);
  ck_assert(result.trouble.has_value());
  assert_trouble(*result.trouble, {SmtpStage::Data, ErrorKind::Timeout});
  assert_text(result.trouble->command, "message data");
  ck_assert(result.custody == Custody::NotTaken);
  ck_assert(!session.usable());
}
END_TEST

// A file that can no longer be read after DATA: the connection ends without a dot, never with half
// a message that looks whole.
START_TEST(a_message_that_cannot_be_read) {
  auto file = file_of(std::string(100000, 'x') + "\r\n.\r\n");
  std::string got = "nothing heard";
  {
    Dialogue dialogue([&](PeerSide& side) {
      for (int n = 0; n < 3; ++n) side.hear();
      static_cast<void>(!::ftruncate(file.get(), 70000));
      side.say("250 a\r\n250 b\r\n354 c\r\n");
      got = side.hear_message();
    });
    auto result = run_transaction(dialogue.session, envelope(1), {{file.get(), 100005}}, ignore);
    ck_assert(result.trouble.has_value());
    assert_trouble(*result.trouble, {SmtpStage::Data, ErrorKind::Io});
    ck_assert(result.custody == Custody::NotTaken);
    dialogue.session.quit();
    dialogue.peer.heard();
  }
  assert_text(got, "");
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

// AddressSanitizer keeps freed memory for a while.
#if defined(__SANITIZE_ADDRESS__)
constexpr long kMostGrowth = 1024 << 10;
#else
constexpr long kMostGrowth = 8 << 10;  // KiB
#endif

// 100 MB, in clear and over TLS: memory stays where it was.
START_TEST(memory_stays_flat) {
  UniqueFd file(::memfd_create("message", MFD_CLOEXEC));
  const std::size_t size = 100 << 20;
  ck_assert_int_eq(::ftruncate(file.get(), static_cast<off_t>(size)), 0);
  ck_assert_int_eq(::pwrite(file.get(), "\r\n.\r\n", 5, static_cast<off_t>(size - 5)), 5);
  auto settings = short_settings();
  settings.timeouts.data_block = settings.timeouts.final_reply = 5s;
  bool over_tls = _i == 1;
  ScriptedPeer peer([over_tls](PeerSide& side) {
    side.say("220 mx.lab\r\n");
    side.answer(over_tls ? "250-mx.lab\r\n250 STARTTLS\r\n" : "250 mx.lab\r\n");
    if (over_tls) {
      side.answer("220 go ahead\r\n");
      if (!side.start_tls({})) return;
      side.answer("250 mx.lab\r\n");
    }
    side.answer("250 a\r\n");
    side.answer("250 b\r\n");
    side.answer("354 c\r\n");
    if (side.take(size)) side.say("250 d\r\n");
    side.hear();
  });
  RecordingLog log;
  SmtpSession session(LineChannel(peer.take_socket()), settings, log);
  ck_assert(session.open().has_value());
  rusage before{};
  rusage after{};
  ::getrusage(RUSAGE_SELF, &before);
  auto result = run_transaction(session, envelope(1), {{file.get(), size}}, ignore);
  ::getrusage(RUSAGE_SELF, &after);
  ck_assert(result.custody == Custody::Taken);
  ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, kMostGrowth);
}
END_TEST

int main() {
  Suite* suite = suite_create("transaction");
  TCase* tc = tcase_create("run");
  tcase_set_timeout(tc, 20);
  tcase_add_test(tc, one_by_one_although_offered);
  tcase_add_test(tc, no_dot_for_a_recipient_in_doubt);
  tcase_add_test(tc, one_refusal_is_one_for_all);
  tcase_add_loop_test(tc, a_large_chunk_waits_for_a_recipient, 0, 2);
  tcase_add_test(tc, nothing_begins_over_an_unasked_reply);
  tcase_add_test(tc, the_message_must_end_with_a_dot);
  tcase_add_test(tc, nothing_is_sent_of_a_bad_envelope);
  tcase_add_test(tc, the_envelope_is_one_write);
  for (int size : {0, 1900, 8190})
    tcase_add_loop_test(tc, a_small_message_by_bdat_is_one_write, size, size + 1);
  tcase_add_test(tc, a_chunk_begins_in_the_write_of_its_command);
  tcase_add_test(tc, a_server_that_is_gone_has_no_message);
  tcase_add_test(tc, an_early_chunk_that_cannot_be_read);
  // The last one is more than the socket holds in either direction.
  for (int count : {1, 126, 127, 128, 254, 255, 256, 12000})
    tcase_add_loop_test(tc, a_large_envelope_does_not_deadlock, count, count + 1);
  tcase_add_test(tc, two_messages_with_and_without_reset);
  tcase_add_loop_test(tc, a_reset_can_fail, 0, static_cast<int>(std::size(kResets)));
  tcase_add_loop_test(tc, data_that_is_not_read, 0, 2);
  tcase_add_test(tc, an_early_chunk_that_is_not_read);
  tcase_add_test(tc, a_message_that_cannot_be_read);
  tcase_add_test(tc, the_caller_hears_at_once);
  tcase_add_loop_test(tc, memory_stays_flat, 0, 2);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

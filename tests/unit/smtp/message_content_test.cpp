// SPDX-License-Identifier: GPL-2.0-or-later
// The message itself: a file that is no message, that changes or is large, and a server that does
// not read it.
#include "smtp/transaction.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <latch>

#include "unit/smtp/time_limit.h"
#include "unit/smtp/transaction_support.h"

using namespace danesmtp;
using namespace danesmtp::test;
using namespace std::chrono_literals;

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

// A message that the server does not read: the limit is for each block.
START_TEST(data_that_is_not_read) {
  std::string content(8 << 20, 'x');
  content += "\r\n.\r\n";
  auto file = file_of(content);
  bool hangs_up = _i == 1;
  std::latch ended(1);
  Dialogue dialogue([&ended, hangs_up](PeerSide& side) {
    for (int n = 0; n < 3; ++n) side.hear();
    side.say("250 a\r\n250 b\r\n354 c\r\n");
    if (!hangs_up) ended.wait();
  });
  TimeLimit limit(kCommandTimeout, _i == 0 ? TimeUse::All : TimeUse::Part);
  auto result =
      run_transaction(dialogue.session, envelope(1), {{file.get(), content.size()}}, ignore);
  limit.check();
  ended.count_down();
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
  std::latch ended(1);
  ScriptedPeer peer([&ended](PeerSide& side) {
    side.say("220 mx.lab\r\n");
    side.answer("250-mx.lab\r\n250-PIPELINING\r\n250 CHUNKING\r\n");
    ended.wait();
  });
  auto socket = peer.take_socket();
  const int least = 1;
  ck_assert_int_eq(::setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &least, sizeof(least)), 0);
  RecordingLog log;
  SmtpSession session(LineChannel(std::move(socket)), short_settings(), log);
  ck_assert(session.open().has_value());
  auto result = run_transaction(session, envelope(1),
                                {{file.get(), content.size()}, MessageForm::Plain}, ignore);
  ended.count_down();
  ck_assert(result.trouble.has_value());
  assert_trouble(*result.trouble, {SmtpStage::Data, ErrorKind::Timeout});
  assert_text(result.trouble->command, "message data");
  ck_assert(result.custody == Custody::NotTaken);
  ck_assert(!session.usable());
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
  Suite* suite = suite_create("message_content");
  TCase* tc = tcase_create("run");
  tcase_set_timeout(tc, 20);
  tcase_add_test(tc, the_message_must_end_with_a_dot);
  tcase_add_test(tc, an_early_chunk_that_cannot_be_read);
  tcase_add_test(tc, a_message_that_cannot_be_read);
  tcase_add_loop_test(tc, data_that_is_not_read, 0, 2);
  tcase_add_test(tc, an_early_chunk_that_is_not_read);
  tcase_add_loop_test(tc, memory_stays_flat, 0, 2);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

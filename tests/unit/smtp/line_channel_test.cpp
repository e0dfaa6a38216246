// SPDX-License-Identifier: GPL-2.0-or-later
// The channel in clear against a peer that misbehaves; over TLS it is driven by session_test.
#include "smtp/line_channel.h"

#include <sys/mman.h>

#include <iterator>
#include <latch>

#include "fakes/scripted_peer.h"
#include "unit/check_support.h"
#include "unit/smtp/time_limit.h"

using namespace danesmtp;
using namespace danesmtp::test;
using namespace std::chrono_literals;

namespace {

constexpr auto kShort = 150ms;

UniqueFd file_of(std::string_view content) {
  UniqueFd fd(::memfd_create("message", MFD_CLOEXEC));
  ck_assert_int_eq(::write(fd.get(), content.data(), content.size()),
                   static_cast<ssize_t>(content.size()));
  return fd;
}

const std::string kLongest(LineChannel::kMaxLine, 'x');

struct Lines {
  const char* why;
  std::string octets;
  std::vector<std::string> lines;
};

const Lines kLines[] = {
    {"one", "a\r\n", {"a"}},
    {"several at once", "a\r\nb\r\n\r\nc\r\n", {"a", "b", "", "c"}},
    {"bare LF", "a\nb\n", {"a", "b"}},
    {"a CR inside", "a\rb\r\n", {"a\rb"}},
    {"two CR", "a\r\r\n", {"a\r"}},
    {"a NUL inside", std::string("a\0b\r\n", 5), {std::string("a\0b", 3)}},
    {"the longest", kLongest + "\r\n", {kLongest}},
    {"the longest with a bare LF", kLongest + "\n", {kLongest}},
};

struct Failure {
  const char* why;
  ScriptedPeer::Script script;
  ErrorKind kind;
  bool waits;  // it takes the whole time limit
};

const Failure kFailures[] = {
    {"silence", [](PeerSide& peer) { peer.wait_for_hangup(); }, ErrorKind::Timeout, true},
    {"silence in a line",
     [](PeerSide& peer) {
       peer.say("220 he");
       peer.wait_for_hangup();
     },
     ErrorKind::Timeout, true},
    {"one octet at a time, without end",
     [](PeerSide& peer) {
       for (int i = 0; i < 60; ++i) {
         peer.say("x");
         std::this_thread::sleep_for(10ms);
       }
     },
     ErrorKind::Timeout, true},
    {"closed", [](PeerSide& peer) { peer.drop(); }, ErrorKind::Disconnected, false},
    {"closed in a line",
     [](PeerSide& peer) {
       peer.say("220 he");
       peer.drop();
     },
     ErrorKind::Disconnected, false},
    {"closed before the LF",
     [](PeerSide& peer) {
       peer.say("220 he\r");
       peer.drop();
     },
     ErrorKind::Disconnected, false},
    {"one octet too long",
     [](PeerSide& peer) {
       peer.say(kLongest + "x\r\n");
       peer.wait_for_hangup();
     },
     ErrorKind::Protocol, false},
    {"too long without an end",
     [](PeerSide& peer) {
       for (int i = 0; i < 64; ++i) peer.say(kLongest);
     },
     ErrorKind::Protocol, false},
};

}  // namespace

START_TEST(reads_lines) {
  const auto& row = kLines[_i];
  ScriptedPeer peer([&row](PeerSide& side) {
    side.say(row.octets);
    side.wait_for_hangup();
  });
  LineChannel channel(peer.take_socket());
  for (const auto& line : row.lines)
    ck_assert(assert_ok(channel.read_line(Deadline::in(5s))) == line);
  ck_assert(!channel.pending_input());
}
END_TEST

START_TEST(reads_the_same_lines_octet_by_octet) {
  const auto& row = kLines[_i];
  ScriptedPeer peer([&row](PeerSide& side) {
    side.say_octet_by_octet(row.octets);
    side.wait_for_hangup();
  });
  LineChannel channel(peer.take_socket());
  for (const auto& line : row.lines)
    ck_assert(assert_ok(channel.read_line(Deadline::in(5s))) == line);
}
END_TEST

START_TEST(fails) {
  const auto& row = kFailures[_i];
  ScriptedPeer peer(row.script);
  LineChannel channel(peer.take_socket());
  TimeLimit limit(kShort, row.waits ? TimeUse::All : TimeUse::Part);
  assert_error(channel.read_line(Deadline::in(kShort)), row.kind);
  limit.check();
  ck_assert_msg(!channel.open(), "%s: still open", row.why);
  assert_error(channel.read_line(Deadline::in(kShort)), ErrorKind::Disconnected);
  assert_error(channel.write_all(as_bytes("QUIT\r\n"), Deadline::in(kShort)),
               ErrorKind::Disconnected);
}
END_TEST

START_TEST(a_line_before_the_end_of_the_stream_is_still_read) {
  ScriptedPeer peer([](PeerSide& side) {
    side.say("421 bye\r\nrest");
    side.drop();
  });
  LineChannel channel(peer.take_socket());
  assert_text(assert_ok(channel.read_line(Deadline::in(5s))), "421 bye");
  assert_error(channel.read_line(Deadline::in(5s)), ErrorKind::Disconnected);
}
END_TEST

// A write to a closed connection is an error, not the signal SIGPIPE (which would end this test).
START_TEST(a_write_to_nobody_fails) {
  ScriptedPeer peer([](PeerSide& side) { side.drop(); });
  auto socket = peer.take_socket();
  peer.heard();  // the peer has gone
  LineChannel channel(std::move(socket));
  assert_error(channel.write_all(as_bytes("EHLO me\r\n"), Deadline::in(kShort)),
               ErrorKind::Disconnected);
  ck_assert(!channel.open());
}
END_TEST

START_TEST(a_write_that_is_not_read_ends_in_time) {
  int ends[2];
  ck_assert_int_eq(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const UniqueFd peer(ends[1]);
  LineChannel channel{UniqueFd(ends[0])};
  std::string much(8 << 20, 'x');
  TimeLimit limit(kShort, TimeUse::All);
  assert_error(channel.write_all(as_bytes(much), Deadline::in(kShort)), ErrorKind::Timeout);
  limit.check();
}
END_TEST

START_TEST(sends_a_file_as_it_is) {
  std::string content;
  for (int i = 0; content.size() < 200000; ++i) content += std::to_string(i) + "\r\n";
  content += ".\r\n";
  auto file = file_of(content);
  ScriptedPeer peer([](PeerSide& side) { side.hear_message(); });
  {
    LineChannel channel(peer.take_socket());
    assert_ok(channel.send_message({{file.get(), content.size()}}, 5s));
    ck_assert_int_eq(::lseek(file.get(), 0, SEEK_CUR), static_cast<off_t>(content.size()));
  }
  ck_assert(peer.heard().at(0) == content);
}
END_TEST

START_TEST(a_file_that_ends_early_closes) {
  auto file = file_of("short");
  ScriptedPeer peer([](PeerSide& side) { side.hear_message(); });
  LineChannel channel(peer.take_socket());
  assert_error(channel.send_message({{file.get(), 6}}, 5s), ErrorKind::Io);
  ck_assert(!channel.open());
}
END_TEST

START_TEST(a_file_that_cannot_be_read_closes) {
  ScriptedPeer peer([](PeerSide& side) { side.hear_message(); });
  LineChannel channel(peer.take_socket());
  assert_error(channel.send_message({{-1, 6}}, 5s), ErrorKind::Io);
  ck_assert(!channel.open());
}
END_TEST

// The limit is for a block: the whole may take longer, but no block may stand still.
START_TEST(each_block_has_its_time) {
  std::string content(3 << 20, 'x');
  auto file = file_of(content);
  ScriptedPeer slow([](PeerSide& side) {
    for (int i = 0; i < 6; ++i) {
      std::this_thread::sleep_for(60ms);
      side.take(512 << 10);
    }
  });
  {
    LineChannel channel(slow.take_socket());
    TimeLimit limit(kShort, TimeUse::MoreForSeveral);
    assert_ok(channel.send_message({{file.get(), content.size()}}, kShort));
    limit.check();
  }
  std::latch ended(1);
  ScriptedPeer stuck([&ended](PeerSide& side) {
    side.take(512 << 10);
    ended.wait();
  });
  LineChannel channel(stuck.take_socket());
  assert_error(channel.send_message({{file.get(), content.size()}}, kShort), ErrorKind::Timeout);
  ended.count_down();
}
END_TEST

// tests D-026
START_TEST(tls_does_not_start_over_early_octets) {
  ScriptedPeer peer([](PeerSide& side) {
    side.say("220 go ahead\r\n250-mx.lab\r\n");
    side.wait_for_hangup();
  });
  LineChannel channel(peer.take_socket());
  assert_text(assert_ok(channel.read_line(Deadline::in(5s))), "220 go ahead");
  ck_assert(channel.pending_input());
  assert_error(channel.start_tls({}, Deadline::in(5s)), ErrorKind::Protocol);
  ck_assert(!channel.open());
  ck_assert(!channel.pending_input());
}
END_TEST

// tests D-026: the same when they come in a later packet, but before the handshake
START_TEST(tls_does_not_start_over_octets_in_the_socket) {
  ScriptedPeer peer([](PeerSide& side) {
    side.say("220 go ahead\r\n");
    side.hear();
    side.say("2");
    side.wait_for_hangup();
  });
  LineChannel channel(peer.take_socket());
  assert_text(assert_ok(channel.read_line(Deadline::in(5s))), "220 go ahead");
  assert_ok(channel.write_all(as_bytes("NOOP\r\n"), Deadline::in(5s)));
  for (int tries = 0; tries < 500 && !channel.pending_input(); ++tries)
    std::this_thread::sleep_for(1ms);
  assert_error(channel.start_tls({}, Deadline::in(5s)), ErrorKind::Protocol);
  ck_assert(!channel.open());
}
END_TEST

// A reply in a record of its own, which nobody has decrypted yet; session tickets are none.
START_TEST(what_waits_in_a_record_of_its_own_is_pending) {
  ScriptedPeer peer([](PeerSide& side) {
    if (!side.start_tls({})) return;
    side.hear();
    side.say("250 one\r\n");
    side.say("250 two\r\n");
    side.wait_for_hangup();
  });
  LineChannel channel(peer.take_socket());
  ck_assert(channel.start_tls({}, Deadline::in(5s)).has_value());
  std::this_thread::sleep_for(20ms);
  ck_assert(!channel.pending_input());
  assert_ok(channel.write_all(as_bytes("NOOP\r\n"), Deadline::in(5s)));
  assert_text(assert_ok(channel.read_line(Deadline::in(5s))), "250 one");
  int tries = 0;
  while (tries < 500 && !channel.pending_input()) {
    std::this_thread::sleep_for(1ms);
    ++tries;
  }
  ck_assert_int_lt(tries, 500);
  assert_text(assert_ok(channel.read_line(Deadline::in(5s))), "250 two");
}
END_TEST

int main() {
  Suite* suite = suite_create("line_channel");
  TCase* tc = tcase_create("clear");
  tcase_add_loop_test(tc, reads_lines, 0, static_cast<int>(std::size(kLines)));
  tcase_add_loop_test(tc, reads_the_same_lines_octet_by_octet, 0,
                      static_cast<int>(std::size(kLines)));
  tcase_add_loop_test(tc, fails, 0, static_cast<int>(std::size(kFailures)));
  tcase_add_test(tc, a_line_before_the_end_of_the_stream_is_still_read);
  tcase_add_test(tc, a_write_to_nobody_fails);
  tcase_add_test(tc, a_write_that_is_not_read_ends_in_time);
  tcase_add_test(tc, sends_a_file_as_it_is);
  tcase_add_test(tc, a_file_that_ends_early_closes);
  tcase_add_test(tc, a_file_that_cannot_be_read_closes);
  tcase_add_test(tc, each_block_has_its_time);
  tcase_add_test(tc, tls_does_not_start_over_early_octets);
  tcase_add_test(tc, tls_does_not_start_over_octets_in_the_socket);
  tcase_add_test(tc, what_waits_in_a_record_of_its_own_is_pending);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

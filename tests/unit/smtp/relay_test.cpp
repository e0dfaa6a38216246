// SPDX-License-Identifier: GPL-2.0-or-later
// A lent connection: what the borrower says and hears, how each ending looks to it and to us, and
// that the channel is as usable afterwards as it was before.
#include "smtp/relay.h"

#include <poll.h>
#include <signal.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <iterator>

#include "fakes/scripted_peer.h"
#include "net/socket_io.h"
#include "unit/net/confinement_support.h"
#include "unit/own_directory.h"

using namespace danesmtp;
using namespace danesmtp::test;
using namespace std::chrono_literals;

namespace {

Deadline in_five_seconds() {
  return Deadline::in(5s);
}

// What arrives at the borrower until CRLF, or until the stream ends.
std::string hear_line(int fd) {
  std::string line;
  char octet = 0;
  while (line.find("\r\n") == std::string::npos && ::read(fd, &octet, 1) == 1) line += octet;
  return line;
}

void say(int fd, std::string_view octets) {
  ck_assert_int_eq(::send(fd, octets.data(), octets.size(), MSG_NOSIGNAL),
                   static_cast<ssize_t>(octets.size()));
}

struct Ending {
  const char* name;
  ScriptedPeer::Script script;  // after the borrower has said "AUTH X"
  const char* heard;            // by the borrower
  bool works;
  ErrorKind kind;
};

const Ending kEndings[] = {
    {"an answer", [](PeerSide& peer) { peer.answer("235 ok\r\n"); }, "235 ok\r\n", true,
     ErrorKind::Internal},
    {"two answers in one go", [](PeerSide& peer) { peer.answer("235 ok\r\n250 more\r\n"); },
     "235 ok\r\n", false, ErrorKind::Protocol},
    {"gone without a word",
     [](PeerSide& peer) {
       peer.hear();
       peer.drop();
     },
     "", false, ErrorKind::Disconnected},
    {"gone in a line",
     [](PeerSide& peer) {
       peer.answer("235");
       peer.drop();
     },
     "235", false, ErrorKind::Disconnected},
};

class Lent {
 public:
  Lent(bool tls, ScriptedPeer::Script script)
      : peer([tls, run = std::move(script)](PeerSide& side) {
          if (!tls || side.start_tls({})) run(side);
          side.wait_for_hangup();
        }),
        channel(peer.take_socket()) {
    TlsSettings settings;
    if (tls) ck_assert(channel.start_tls(settings, in_five_seconds()).has_value());
  }

  ScriptedPeer peer;
  LineChannel channel;
};

std::atomic<pthread_t> interrupted;

// How many filters of system calls a process has ("" for one that is gone).
std::string filter_count(const std::string& pid) {
  const std::string status = content_of("/proc/" + pid + "/status");
  const std::string name = "\nSeccomp_filters:\t";
  const auto start = status.find(name);
  if (start == std::string::npos) return "";
  const auto value = start + name.size();
  return status.substr(value, status.find('\n', value) - value);
}

// Of the process group's other processes how many have so many.
int others_with_filters(long count) {
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    const auto pid = static_cast<pid_t>(std::strtol(name.c_str(), nullptr, 10));
    if (pid <= 0 || pid == ::getpid() || ::getpgid(pid) != ::getpgrp()) continue;
    if (filter_count(name) == std::to_string(count)) ++found;
  }
  return found;
}

}  // namespace

START_TEST(each_ending) {
  const auto& row = kEndings[static_cast<std::size_t>(_i) / 2];
  Lent lent(_i % 2 == 1, row.script);
  std::string heard;
  auto result = lend_channel(lent.channel, [&](int fd) {
    say(fd, "AUTH X\r\n");
    heard = hear_line(fd);
    pollfd later{fd, POLLIN, 0};
    if (!row.works) ::poll(&later, 1, 2000);  // what comes too much has to come first
  });
  assert_text(heard, row.heard);
  ck_assert_msg(result.has_value() == row.works, "%s", row.name);
  if (!row.works)
    ck_assert_msg(result.error().kind == row.kind, "%s: %s", row.name, result.error().text.c_str());
  ck_assert_msg(lent.channel.open() == row.works, "%s", row.name);
}
END_TEST

START_TEST(the_channel_is_ours_again) {
  Lent lent(_i == 1, [](PeerSide& peer) {
    peer.say("220 hello\r\n");
    for (int i = 0; i < 3; ++i) peer.answer("250 ok\r\n");
  });
  ck_assert(lent.channel.read_line(in_five_seconds()).has_value());
  for (int i = 0; i < 2; ++i) {
    auto result = lend_channel(lent.channel, [&](int fd) {
      say(fd, "STEP\r\n");
      assert_text(hear_line(fd), "250 ok\r\n");
    });
    ck_assert(result.has_value());
  }
  ck_assert(lent.channel.write_all(as_bytes("MAIL\r\n"), in_five_seconds()).has_value());
  assert_text(*lent.channel.read_line(in_five_seconds()), "250 ok");
  lent.channel.close();
  ck_assert_uint_eq(lent.peer.heard().size(), 3);
}
END_TEST

START_TEST(a_borrower_that_says_nothing) {
  Lent lent(true, [](PeerSide&) {});
  ck_assert(lend_channel(lent.channel, [](int) {}).has_value());
  ck_assert(lent.channel.open());
}
END_TEST

// The relay is at work, and waits for a peer that reads nothing: it ends with the borrower.
START_TEST(a_borrower_that_throws) {
  Lent lent(_i == 1, [](PeerSide& peer) { peer.hear(); });
  bool thrown = false;
  try {
    static_cast<void>(lend_channel(lent.channel, [](int fd) {
      const std::string octets(65536, 'x');
      for (int idle = 0; idle < 10;)
        if (::send(fd, octets.data(), octets.size(), MSG_DONTWAIT) < 0 && ++idle > 0)
          ::usleep(20000);
      throw std::bad_alloc();
    }));
  } catch (const std::bad_alloc&) {
    thrown = true;
  }
  ck_assert(thrown);
}
END_TEST

START_TEST(much_goes_both_ways) {
  constexpr std::size_t kOctets = 3 * 1000 * 1000;
  Lent lent(_i == 1, [](PeerSide& peer) {
    peer.take(kOctets);
    peer.say(std::string(kOctets, 'y'));
  });
  std::size_t heard = 0;
  auto result = lend_channel(lent.channel, [&](int fd) {
    say(fd, std::string(kOctets, 'x'));
    char block[65536];
    for (ssize_t got = 1; got > 0 && heard < kOctets; heard += static_cast<std::size_t>(got))
      got = std::max<ssize_t>(::read(fd, block, sizeof block), 0);
  });
  ck_assert(result.has_value());
  ck_assert_uint_eq(heard, kOctets);
}
END_TEST

// Exim's handlers must run in Exim's thread.
START_TEST(signals_go_to_the_thread_that_lends) {
  struct sigaction note {};
  note.sa_handler = [](int) { interrupted = ::pthread_self(); };
  sigaction(SIGUSR1, &note, nullptr);
  Lent lent(true, [](PeerSide& peer) { peer.answer("250 ok\r\n"); });
  auto result = lend_channel(lent.channel, [](int fd) {
    ::kill(::getpid(), SIGUSR1);
    say(fd, "STEP\r\n");
    hear_line(fd);
  });
  ck_assert(result.has_value());
  ck_assert(::pthread_equal(interrupted, ::pthread_self()) != 0);
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  ck_assert_int_eq(sigismember(&mask, SIGUSR1), 0);
}
END_TEST

START_TEST(a_silent_relay_ends) {
  Lent lent(true, [](PeerSide&) {});
  int ends[2];
  ck_assert_int_eq(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  UniqueFd ours(ends[0]), theirs(ends[1]);
  auto result = relay_octets(lent.channel, ours.get(), 100ms);
  ck_assert(!result && result.error().kind == ErrorKind::Timeout);
}
END_TEST

// Before the peer's octets came to it, or after.
START_TEST(who_does_not_read_what_the_peer_says) {
  const bool came = _i == 1;
  Lent lent(false, [came](PeerSide& peer) {
    if (!came) peer.say("250 more\r\n");
  });
  int ends[2];
  ck_assert_int_eq(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  UniqueFd ours(ends[0]), theirs(ends[1]);
  if (came) say(ours.get(), "250 more\r\n");
  theirs.reset();
  if (!came)
    ck_assert(wait_for(lent.channel.descriptor(), SocketEvent::Readable, in_five_seconds()));
  auto result = relay_octets(lent.channel, ours.get(), 2s);
  ck_assert(!result && result.error().kind == ErrorKind::Protocol);
}
END_TEST

START_TEST(a_process_goes_on_with_the_connection) {
  const bool server_ends = _i == 1;
  Lent lent(true, [server_ends](PeerSide& peer) {
    for (int i = 0; i < 2; ++i) peer.answer("250 ok\r\n");
    if (server_ends) peer.drop();
  });
  auto plain = hand_to_process(lent.channel, 2s);
  ck_assert(plain.has_value());
  ck_assert(!lent.channel.open());
  for (int i = 0; i < 2; ++i) {
    say(plain->get(), "STEP\r\n");
    assert_text(hear_line(plain->get()), "250 ok\r\n");
  }
  if (server_ends)
    assert_text(hear_line(plain->get()), "");  // the end of the stream
  else
    plain->reset();
  ck_assert_uint_eq(lent.peer.heard().size(), 2);  // ends when the connection does
}
END_TEST

// It has answered once, so it is past its beginning.
START_TEST(the_process_is_confined) {
  Lent lent(true, [](PeerSide& peer) { peer.answer("250 ok\r\n"); });
  auto plain = hand_to_process(lent.channel, 2s);
  ck_assert(plain.has_value());
  say(plain->get(), "STEP\r\n");
  assert_text(hear_line(plain->get()), "250 ok\r\n");
  const long own = std::strtol(filter_count("self").c_str(), nullptr, 10);
  ck_assert_int_eq(others_with_filters(own + 1), 1);
}
END_TEST

// Nobody says anything: it is not for ever.
START_TEST(a_forgotten_process_ends) {
  Lent lent(true, [](PeerSide&) {});
  auto plain = hand_to_process(lent.channel, 200ms);
  ck_assert(plain.has_value());
  assert_text(hear_line(plain->get()), "");
}
END_TEST

int main() {
  Suite* suite = suite_create("relay");
  TCase* tc = tcase_create("relay");
  tcase_set_timeout(tc, 20);
  tcase_add_loop_test(tc, each_ending, 0, static_cast<int>(std::size(kEndings)) * 2);
  tcase_add_loop_test(tc, the_channel_is_ours_again, 0, 2);
  tcase_add_test(tc, a_borrower_that_says_nothing);
  tcase_add_loop_test(tc, a_borrower_that_throws, 0, 2);
  tcase_add_loop_test(tc, much_goes_both_ways, 0, 2);
  tcase_add_test(tc, signals_go_to_the_thread_that_lends);
  tcase_add_test(tc, a_silent_relay_ends);
  tcase_add_loop_test(tc, who_does_not_read_what_the_peer_says, 0, 2);
  tcase_add_loop_test(tc, a_process_goes_on_with_the_connection, 0, 2);
  if (filters_here()) tcase_add_test(tc, the_process_is_confined);
  tcase_add_test(tc, a_forgotten_process_ends);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

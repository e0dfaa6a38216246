// SPDX-License-Identifier: GPL-2.0-or-later
// tests D-186: a daemon that is not there, says nothing, says it slowly, breaks off or floods. The
// call comes back in its time with an error; the test's own limit would end it otherwise.
#include "sts/socketmap.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <iterator>

#include "sts/netstring.h"
#include "unit/sts/policy_daemon.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

constexpr std::chrono::milliseconds kShort{300};

Result<std::string> ask(const PolicyDaemon& daemon,
                        std::chrono::milliseconds time = std::chrono::seconds(5)) {
  return ask_socketmap(daemon.map(), "dom.lab", Deadline::in(time));
}

void wait_for_end(int fd) {
  char octet = 0;
  while (::recv(fd, &octet, 1, 0) > 0) continue;
}

struct Hostile {
  const char* what;
  PolicyDaemon::Answer answer;
  ErrorKind kind;
};

const Hostile kHostile[] = {
    {"silence", wait_for_end, ErrorKind::Timeout},
    {"a length and no more",
     [](int fd) {
       PolicyDaemon::say(fd, "20:OK");
       wait_for_end(fd);
     },
     ErrorKind::Timeout},
    {"an octet now and then",
     [](int fd) {
       const std::string octets = "60:OK secure match=mx.dom.lab servername=hostname aaaaaaaa";
       for (const char octet : octets) {
         PolicyDaemon::say(fd, std::string(1, octet));
         std::this_thread::sleep_for(std::chrono::milliseconds(20));
       }
     },
     ErrorKind::Timeout},
    {"the end at once", [](int) {}, ErrorKind::Disconnected},
    {"half an answer", [](int fd) { PolicyDaemon::say(fd, "20:OK secure"); },
     ErrorKind::Disconnected},
    {"half a connection",
     [](int fd) {
       PolicyDaemon::say(fd, "9:NOTFOUND ");
       ::shutdown(fd, SHUT_WR);
       wait_for_end(fd);
     },
     ErrorKind::Disconnected},
    {"a huge length", [](int fd) { PolicyDaemon::say(fd, "999999999:"); }, ErrorKind::Protocol},
    {"no end of digits",
     [](int fd) {
       for (int i = 0; i < 1000; ++i) PolicyDaemon::say(fd, "1111111111");
     },
     ErrorKind::Protocol},
    {"no comma", [](int fd) { PolicyDaemon::say(fd, "9:NOTFOUND ;"); }, ErrorKind::Protocol},
    {"another protocol", [](int fd) { PolicyDaemon::say(fd, "220 mx.lab ESMTP\r\n"); },
     ErrorKind::Protocol},
    {"two answers", [](int fd) { PolicyDaemon::say(fd, "9:NOTFOUND ,9:NOTFOUND ,"); },
     ErrorKind::Protocol},
};

UniqueFd listen_at_loopback(int family, std::uint16_t& port) {
  UniqueFd listener(::socket(family, SOCK_STREAM, 0));
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_addr = in6addr_loopback;
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool is_six = family == AF_INET6;
  auto* address = is_six ? reinterpret_cast<sockaddr*>(&six) : reinterpret_cast<sockaddr*>(&four);
  socklen_t size = is_six ? sizeof(six) : sizeof(four);
  if (::bind(listener.get(), address, size) != 0 || ::listen(listener.get(), 1) != 0) return {};
  ck_assert_int_eq(::getsockname(listener.get(), address, &size), 0);
  port = ntohs(is_six ? six.sin6_port : four.sin_port);
  return listener;
}

}  // namespace

START_TEST(hostile) {
  const Hostile& row = kHostile[_i];
  PolicyDaemon daemon;
  daemon.serve({row.answer});
  const auto answer =
      ask(daemon, row.kind == ErrorKind::Timeout ? kShort : std::chrono::seconds(5));
  ck_assert_msg(!answer, "%s: \"%s\"", row.what, answer.value_or("").c_str());
  ck_assert_msg(answer.error().kind == row.kind, "%s: %s", row.what, answer.error().text.c_str());
}
END_TEST

START_TEST(nobody_is_there) {
  danesmtp_socketmap map{};
  OwnDirectory directory;
  ck_assert_ptr_null(danesmtp_read_socketmap(("unix:" + directory.file()).c_str(), &map));
  const auto end = [] { return Deadline::in(std::chrono::seconds(5)); };
  auto error = assert_error(ask_socketmap(map, "x", end()), ErrorKind::Io);
  assert_text(error.text, "No such file or directory");
  write_file(directory.file(), "no socket");
  error = assert_error(ask_socketmap(map, "x", end()), ErrorKind::Io);
  assert_text(error.text, "Connection refused");
  ck_assert_ptr_null(danesmtp_read_socketmap("inet:127.0.0.1:1", &map));
  error = assert_error(ask_socketmap(map, "x", end()), ErrorKind::Io);
  assert_text(error.text, "Connection refused");
}
END_TEST

// Nobody accepts, and the queue is full.
START_TEST(nobody_accepts) {
  PolicyDaemon daemon;
  std::vector<UniqueFd> waiting;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, daemon.path().c_str(), daemon.path().size());
  for (int i = 0; i < 20; ++i) {
    waiting.emplace_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
    static_cast<void>(::connect(waiting.back().get(), reinterpret_cast<const sockaddr*>(&address),
                                sizeof(address)));
  }
  const auto error = assert_error(ask(daemon, kShort), ErrorKind::Timeout);
  assert_text(error.text, "timeout while connecting");
}
END_TEST

START_TEST(answered) {
  PolicyDaemon daemon;
  daemon.serve("23:OK secure match=mx.lab ,");
  assert_text(assert_ok(ask(daemon)), "OK secure match=mx.lab ");
  const auto heard = daemon.end();
  ck_assert_uint_eq(heard.size(), 1);
  assert_text(heard[0], "15:postfix dom.lab,");
}
END_TEST

START_TEST(the_longest_answer) {
  PolicyDaemon daemon;
  const std::string longest(kLongestAnswer, 'x');
  daemon.serve(netstring_of(longest));
  assert_text(assert_ok(ask(daemon)), longest);
}
END_TEST

START_TEST(by_an_address) {
  const int family = _i == 0 ? AF_INET : AF_INET6;
  std::uint16_t port = 0;
  const UniqueFd listener = listen_at_loopback(family, port);
  if (!listener && family == AF_INET6) return;  // a machine without IPv6
  std::thread server([&] {
    const UniqueFd fd(::accept(listener.get(), nullptr, nullptr));
    char question[100];
    if (::recv(fd.get(), question, sizeof(question), 0) > 0)
      PolicyDaemon::say(fd.get(), "9:NOTFOUND ,");
  });
  danesmtp_socketmap map{};
  const auto text = (_i == 0 ? "inet:localhost:" : "inet:[::1]:") + std::to_string(port) + ":map";
  ck_assert_ptr_null(danesmtp_read_socketmap(text.c_str(), &map));
  const auto answer = ask_socketmap(map, "dom.lab", Deadline::in(std::chrono::seconds(5)));
  server.join();
  assert_text(assert_ok(answer), "NOTFOUND ");
  assert_contains(to_text(map), _i == 0 ? "inet:127.0.0.1:" : "inet:[::1]:");
}
END_TEST

int main() {
  Suite* suite = suite_create("socketmap");
  TCase* tc = tcase_create("questions");
  tcase_add_loop_test(tc, hostile, 0, std::size(kHostile));
  tcase_add_test(tc, nobody_is_there);
  tcase_add_test(tc, nobody_accepts);
  tcase_add_test(tc, answered);
  tcase_add_test(tc, the_longest_answer);
  tcase_add_loop_test(tc, by_an_address, 0, 2);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/unbound_questions.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <new>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/format.h"
#include "net/unique_fd.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

constexpr std::chrono::seconds kLong{20};
constexpr std::chrono::milliseconds kShort{50};
constexpr int kNames = 200;

std::string name_of(int number) {
  return format("n{}.here.test", number);
}

std::string address_of(int number) {
  return format("192.0.2.{}", number);
}

// A name server that is silent.
class Silence {
 public:
  Silence() : socket_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* address = reinterpret_cast<sockaddr*>(&at);
    socklen_t size = sizeof(at);
    ck_assert_int_eq(::bind(socket_.get(), address, size), 0);
    ck_assert_int_eq(::getsockname(socket_.get(), address, &size), 0);
    text = format("127.0.0.1@{}", ntohs(at.sin_port));
  }
  // The next new name that it is asked for.
  std::string question() {
    constexpr std::size_t header = 12;
    std::uint8_t octets[512];
    std::string name;
    do {
      const auto size = ::recv(socket_.get(), octets, sizeof(octets), 0);
      ck_assert_int_gt(size, static_cast<int>(header));
      name.assign(reinterpret_cast<char*>(octets) + header + 1, octets[header]);
    } while (!seen_.insert(name).second);
    return name;
  }
  std::string text;

 private:
  std::set<std::string> seen_;
  UniqueFd socket_;
};

// Knows the names below here.test by itself; of all others it asks the silent server.
class Questions {
 public:
  Questions() : unbound_(*assert_ok(unbound_library())), asked_(unbound_, context()) {}

  Result<std::string> address(const std::string& name, std::chrono::milliseconds time) {
    auto result = asked_.ask({name, RrType::A}, Deadline::in(time));
    if (!result) return tl::unexpected(result.error());
    char text[INET_ADDRSTRLEN] = "";
    if ((*result)->havedata) ::inet_ntop(AF_INET, (*result)->data[0], text, sizeof(text));
    return std::string(text);
  }
  void expect(const std::string& name, UnboundQuestions::Then then = {}) {
    asked_.expect({name, RrType::A}, std::move(then));
  }
  std::size_t count() { return asked_.count(); }
  std::string seen_by_the_silent_server() { return silence_.question(); }

 private:
  UnboundContext context() {
    UnboundContext made(unbound_.ctx_create(), {&unbound_});
    ck_assert(made != nullptr);
    unbound_.ctx_debugout(made.get(), nullptr);
    unbound_.ctx_async(made.get(), 1);
    set(made, "do-not-query-localhost:", "no");
    set(made, "local-zone:", "here.test. static");
    for (int i = 0; i < kNames; ++i)
      set(made, "local-data:", format("{}. A {}", name_of(i), address_of(i)));
    ck_assert_int_eq(unbound_.ctx_set_fwd(made.get(), silence_.text.c_str()), 0);
    return made;
  }

  void set(const UnboundContext& made, const char* option, const std::string& value) {
    ck_assert_int_eq(unbound_.ctx_set_option(made.get(), option, value.c_str()), 0);
  }

  const UnboundTable& unbound_;
  Silence silence_;
  UnboundQuestions asked_;
};

}  // namespace

START_TEST(an_answer) {
  Questions questions;
  assert_text(assert_ok(questions.address(name_of(7), kLong)), address_of(7));
  assert_text(assert_ok(questions.address("other.here.test", kLong)), "");
}
END_TEST

START_TEST(no_answer_in_time) {
  Questions questions;
  assert_error(questions.address("silence.example", kShort), ErrorKind::Timeout);
  assert_text(assert_ok(questions.address(name_of(1), kLong)), address_of(1));
}
END_TEST

START_TEST(those_given_up_are_forgotten) {
  Questions questions;
  for (int i = 0; i < 5; ++i)
    assert_error(questions.address(format("silence{}.example", i), kShort), ErrorKind::Timeout);
  ck_assert_uint_le(questions.count(), 1);
  assert_text(assert_ok(questions.address(name_of(1), kLong)), address_of(1));
  ck_assert_uint_eq(questions.count(), 0);
}
END_TEST

// Nobody waits for the first two: the socket of the name server alone tells of them.
START_TEST(what_is_expected_is_asked_at_once) {
  Questions questions;
  std::set<std::string> seen;
  for (const char* name : {"one.example", "two.example", "one.example", "three.example"})
    questions.expect(name);
  for (int i = 0; i < 3; ++i) seen.insert(questions.seen_by_the_silent_server());
  ck_assert(seen == (std::set<std::string>{"one", "two", "three"}));
  assert_error(questions.address("two.example", kShort), ErrorKind::Timeout);
}
END_TEST

START_TEST(an_expected_answer_and_what_follows) {
  Questions questions;
  int followed = 0;
  questions.expect(name_of(1), [&](const ub_result& said) {
    ck_assert(said.havedata);
    ++followed;
    questions.expect(name_of(2));
  });
  assert_text(assert_ok(questions.address(name_of(1), kLong)), address_of(1));
  ck_assert_int_eq(followed, 1);
  assert_text(assert_ok(questions.address(name_of(2), kLong)), address_of(2));
  assert_text(assert_ok(questions.address(name_of(1), kLong)), address_of(1));
  ck_assert_int_eq(followed, 1);
}
END_TEST

START_TEST(nothing_is_thrown_through_libunbound) {
  Questions questions;
  questions.expect(name_of(1), [](const ub_result&) { throw std::bad_alloc(); });
  assert_text(assert_ok(questions.address(name_of(1), kLong)), address_of(1));
}
END_TEST

START_TEST(more_than_may_be_expected) {
  Questions questions;
  int followed = 0;
  for (int i = 0; i < kNames; ++i)
    questions.expect(name_of(i), [&](const ub_result&) { ++followed; });
  for (int i = 0; i < kNames; ++i)
    assert_text(assert_ok(questions.address(name_of(i), kLong)), address_of(i));
  ck_assert_int_gt(followed, 0);
  ck_assert_int_lt(followed, kNames);
}
END_TEST

START_TEST(a_name_that_is_none) {
  Questions questions;
  assert_error(questions.address("a..b", kLong), ErrorKind::DnsFailure);
  assert_text(assert_ok(questions.address(name_of(1), kLong)), address_of(1));
}
END_TEST

START_TEST(each_thread_gets_its_own_answers) {
  constexpr int threads = 8;
  Questions questions;
  std::atomic<int> right{0};
  {
    std::vector<std::jthread> asking;
    for (int first = 0; first < threads; ++first)
      asking.emplace_back([&questions, &right, first] {
        for (int i = first; i < kNames; i += threads)
          if (questions.address(name_of(i), kLong).value_or("") == address_of(i)) ++right;
      });
  }
  ck_assert_int_eq(right, kNames);
}
END_TEST

// The threads that give up are, by turns, the one that reads for all.
START_TEST(who_gives_up_reading_leaves_it_to_another) {
  constexpr int impatient = 4;
  Questions questions;
  std::atomic<int> late{0};
  std::atomic<int> right{0};
  {
    std::vector<std::jthread> asking;
    for (int i = 0; i < impatient; ++i)
      asking.emplace_back([&questions, &late, i] {
        const auto none = questions.address(format("silence{}.example", i), kShort * (i + 1));
        if (!none && none.error().kind == ErrorKind::Timeout) ++late;
      });
    for (int i = 0; i < impatient; ++i)
      asking.emplace_back([&questions, &late, &right, i] {
        while (late < impatient) {
          if (questions.address(name_of(i), kLong).value_or("") != address_of(i)) return;
        }
        ++right;
      });
  }
  ck_assert_int_eq(late, impatient);
  ck_assert_int_eq(right, impatient);
}
END_TEST

int main() {
  TCase* questions = tcase_create("unbound_questions");
  tcase_add_test(questions, an_answer);
  tcase_add_test(questions, no_answer_in_time);
  tcase_add_test(questions, those_given_up_are_forgotten);
  tcase_add_test(questions, what_is_expected_is_asked_at_once);
  tcase_add_test(questions, an_expected_answer_and_what_follows);
  tcase_add_test(questions, nothing_is_thrown_through_libunbound);
  tcase_add_test(questions, more_than_may_be_expected);
  tcase_add_test(questions, a_name_that_is_none);
  tcase_add_test(questions, each_thread_gets_its_own_answers);
  tcase_add_test(questions, who_gives_up_reading_leaves_it_to_another);
  Suite* suite = suite_create("unbound_questions");
  suite_add_tcase(suite, questions);
  return run_suite(suite);
}

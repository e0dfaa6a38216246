// SPDX-License-Identifier: GPL-2.0-or-later
// Reply lines: what is refused, what is accepted next to it, and that formatting and parsing agree.
#include "smtp/reply.h"

#include <iterator>
#include <random>

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

// Feeds lines; the reply of the last one. No line before it may complete a reply.
Result<std::optional<SmtpReply>> feed(ReplyAssembler& assembler,
                                      const std::vector<std::string>& lines) {
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
    auto part = assembler.add(lines[i]);
    if (!part) return part;
    ck_assert_msg(!part->has_value(), "complete too early: %s", lines[i].c_str());
  }
  return assembler.add(lines.back());
}

SmtpReply assert_reply(const std::vector<std::string>& lines) {
  ReplyAssembler assembler;
  auto reply = assert_ok(feed(assembler, lines));
  ck_assert_msg(reply.has_value(), "not complete");
  return *reply;
}

struct Refused {
  const char* why;
  std::vector<std::string> lines;
};

const Refused kRefused[] = {
    {"empty", {""}},
    {"two digits", {"25"}},
    {"two digits and a space", {"25 0"}},
    {"no digits", {"hello"}},
    {"a space first", {" 250 ok"}},
    {"four digits", {"2500 ok"}},
    {"a tab as separator", {"250\tok"}},
    {"a dot as separator", {"250.ok"}},
    {"a sign", {"-50 ok"}},
    {"below 200", {"199 ok"}},
    {"above 599", {"600 ok"}},
    {"000", {"000 ok"}},
    {"a NUL in the text", {std::string("250 a\0b", 7)}},
    {"a NUL at the end", {std::string("250 a\0", 6)}},
    {"a line without a code in the middle", {"250-a", "b"}},
    {"a blank line in the middle", {"250-a", ""}},
    {"more than 64 KiB, of short lines", std::vector<std::string>(11000, "250-")},
    {"more than 64 KiB", std::vector<std::string>(17, "250-" + std::string(4000, 'x'))},
};

struct Accepted {
  const char* why;
  std::vector<std::string> lines;
  SmtpReply reply;
};

const Accepted kAccepted[] = {
    {"code and text", {"250 ok"}, {250, {}, {"ok"}}},
    {"code alone", {"250"}, {250, {}, {""}}},
    {"code and space", {"354 "}, {354, {}, {""}}},
    {"lowest code", {"200 a"}, {200, {}, {"a"}}},
    {"highest code", {"599 a"}, {599, {}, {"a"}}},
    {"an odd code", {"571 no"}, {571, {}, {"no"}}},
    {"several lines", {"250-a", "250-", "250 c"}, {250, {}, {"a", "", "c"}}},
    {"last line without text", {"250-a", "250"}, {250, {}, {"a", ""}}},
    {"UTF-8 text", {"250 gr\xc3\xbc\xc3\x9f"}, {250, {}, {"gr\xc3\xbc\xc3\x9f"}}},
    {"enhanced", {"550 5.7.1 no"}, {550, EnhancedStatus{5, 7, 1}, {"5.7.1 no"}}},
    {"enhanced, no text", {"250 2.0.0"}, {250, EnhancedStatus{2, 0, 0}, {"2.0.0"}}},
    {"enhanced, long", {"450 4.123.999 x"}, {450, EnhancedStatus{4, 123, 999}, {"4.123.999 x"}}},
    {"enhanced in the first of two",
     {"550-5.1.1 a", "550 b"},
     {550, EnhancedStatus{5, 1, 1}, {"5.1.1 a", "b"}}},
    {"enhanced of another class", {"550 2.0.0 x"}, {550, {}, {"2.0.0 x"}}},
    {"an address, not a status", {"250 2.0.0.1 x"}, {250, {}, {"2.0.0.1 x"}}},
    {"four digits, not a status", {"250 2.0.1234 x"}, {250, {}, {"2.0.1234 x"}}},
    {"cut short", {"250 2.0. x"}, {250, {}, {"2.0. x"}}},
    {"1000 lines", std::vector<std::string>(999, "220-a"), {220, {}, {}}},
    // RFC 5321 4.2.1: one class, the last line has the word
    {"another code in the last line", {"250-a", "251 b"}, {251, {}, {"a", "b"}, {250, 251}}},
    {"another code in the first line",
     {"554-5.7.1 a", "550-b", "550 c"},
     {550, EnhancedStatus{5, 7, 1}, {"5.7.1 a", "b", "c"}, {554, 550, 550}}},
    // across classes: for now
    {"yes, then no", {"250-2.1.5 a", "550 b"}, {451, {}, {"2.1.5 a", "b"}, {250, 550}}},
    {"no, then yes", {"550-5.1.1 no", "250 yes"}, {451, {}, {"5.1.1 no", "yes"}, {550, 250}}},
    {"for good, for now", {"550-a", "451 b"}, {451, {}, {"a", "b"}, {550, 451}}},
};

}  // namespace

START_TEST(refuses) {
  ReplyAssembler assembler;
  assert_error(feed(assembler, kRefused[_i].lines), ErrorKind::Protocol);
  // and nothing of it is left for the next reply
  auto next = assert_ok(assembler.add("221 bye"));
  ck_assert(next.has_value());
  ck_assert(*next == (SmtpReply{221, {}, {"bye"}}));
}
END_TEST

START_TEST(accepts) {
  auto lines = kAccepted[_i].lines;
  auto expected = kAccepted[_i].reply;
  if (expected.lines.empty()) {
    lines.push_back("220 a");
    expected.lines.assign(1000, "a");
  }
  auto reply = assert_reply(lines);
  ck_assert_msg(reply == expected, "%s", to_text(reply).c_str());
}
END_TEST

START_TEST(a_contradiction_is_told_whole) {
  const auto reply = assert_reply({"550-5.1.1 no", "250 such user"});
  ck_assert(reply.contradicts() && reply.transient());
  assert_text(to_text(reply), "550-5.1.1 no\n250 such user");
  ck_assert(!assert_reply({"250-a", "251 b"}).contradicts());
  ck_assert(!assert_reply({"250-a", "250 b"}).contradicts());
}
END_TEST

START_TEST(kinds_of_codes) {
  ck_assert(assert_reply({"250 a"}).positive() && !assert_reply({"250 a"}).refused());
  ck_assert(assert_reply({"354 a"}).intermediate() && !assert_reply({"354 a"}).refused());
  ck_assert(assert_reply({"450 a"}).transient() && assert_reply({"450 a"}).refused());
  ck_assert(assert_reply({"550 a"}).permanent() && assert_reply({"550 a"}).refused());
}
END_TEST

// What to_text() writes, the assembler reads: for any reply.
START_TEST(round_trip) {
  std::mt19937 random(20240106);
  auto upto = [&](unsigned most) { return static_cast<unsigned>(random() % (most + 1)); };
  for (int round = 0; round < 500; ++round) {
    std::vector<std::string> lines(1 + upto(20));
    int code = 200 + static_cast<int>(upto(399));
    std::string text;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      std::string words = i == 0 && upto(1) == 0 ? std::to_string(code / 100) + ".1.2 " : "";
      for (unsigned n = upto(60); n > 0; --n) words += static_cast<char>(1 + upto(254));
      lines[i] = std::to_string(code) + (i + 1 < lines.size() ? "-" : " ") + words;
      text += lines[i] + (i + 1 < lines.size() ? "\n" : "");
    }
    auto reply = assert_reply(lines);
    ck_assert(to_text(reply) == text);
    ck_assert_int_eq(reply.code, code);
  }
}
END_TEST

int main() {
  Suite* suite = suite_create("reply");
  TCase* tc = tcase_create("assemble");
  tcase_add_loop_test(tc, refuses, 0, static_cast<int>(std::size(kRefused)));
  tcase_add_loop_test(tc, accepts, 0, static_cast<int>(std::size(kAccepted)));
  tcase_add_test(tc, kinds_of_codes);
  tcase_add_test(tc, a_contradiction_is_told_whole);
  tcase_add_test(tc, round_trip);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

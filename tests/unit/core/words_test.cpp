// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/words.h"

#include <string>

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

struct Line {
  const char* text;
  const char* separators;
  const char* words;  // with a bar after each
};
const Line kLines[] = {
    {"", " ", ""},
    {" \t ", " \t", ""},
    {"one", " ", "one|"},
    {"  one\t two  ", " \t", "one|two|"},
    {"one\ttwo", " ", "one\ttwo|"},
    {":a/b::c:", ":/", "a|b|c|"},
};

START_TEST(no_word_is_empty) {
  std::string found;
  for (auto word : words_of(kLines[_i].text, kLines[_i].separators))
    found += std::string(word) + '|';
  assert_text(found, kLines[_i].words);
}
END_TEST

START_TEST(words_are_parts_of_the_text) {
  const std::string text = " one two";
  const auto words = words_of(text);
  ck_assert_uint_eq(words.size(), 2);
  ck_assert_ptr_eq(words[1].data(), text.data() + 5);
}
END_TEST

const Line kEnds[] = {
    {"", " \t", "||"},
    {" \t", " \t", "||"},
    {"one", " \t", "one||one"},
    {"\tone two ", " \t", "one| two |one two"},
    {" one\r\n", " \t\r\n", "one|\r\n|one"},
    {" one\r\n", " \t", "one\r\n||one\r\n"},
};

START_TEST(the_first_word_is_taken_and_the_ends_are_trimmed) {
  std::string_view rest = kEnds[_i].text;
  std::string found(take_word(rest, kEnds[_i].separators));
  found += '|' + std::string(rest) + '|';
  found += trimmed(kEnds[_i].text, kEnds[_i].separators);
  assert_text(found, kEnds[_i].words);
}
END_TEST

int main() {
  Suite* suite = suite_create("words");
  TCase* tc = tcase_create("words");
  tcase_add_loop_test(tc, no_word_is_empty, 0, std::size(kLines));
  tcase_add_loop_test(tc, the_first_word_is_taken_and_the_ends_are_trimmed, 0, std::size(kEnds));
  tcase_add_test(tc, words_are_parts_of_the_text);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

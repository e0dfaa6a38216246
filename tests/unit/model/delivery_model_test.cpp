// SPDX-License-Identifier: GPL-2.0-or-later
// Deliveries in every way that they can go, against the table (doc/decisions/0041): to up to three
// recipients, each manner with so many by `delivery_model_test 3 2`, one of them by
// `delivery_model_test 3 2 0`.
#include "unit/model/delivery_model.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

// How a message can go to a server.
std::vector<Scenario> manners(std::size_t recipients, std::size_t hosts) {
  std::vector<Scenario> all;
  for (const bool pipelining : {false, true})
    for (const Form form : {Form::Data, Form::SmallChunk, Form::LargeChunk})
      for (const bool prdr : {false, true}) {
        Scenario one;
        one.recipients = recipients;
        one.hosts = hosts;
        one.pipelining = pipelining;
        one.form = form;
        one.prdr = prdr;
        all.push_back(one);
      }
  return all;
}

// ... with several transactions on a connection, and several connections to a host.
std::vector<Scenario> several_transactions(std::size_t recipients, std::size_t hosts) {
  std::vector<Scenario> all;
  for (const bool pipelining : {false, true})
    for (const Form form : {Form::Data, Form::SmallChunk})
      for (const auto left_open : {LeftOpen::None, LeftOpen::OfNoPolicy, LeftOpen::OfPolicy})
        for (const int most_messages : {0, 1}) {
          if (left_open != LeftOpen::None && most_messages > 0) continue;
          Scenario one;
          one.recipients = recipients;
          one.hosts = hosts;
          one.pipelining = pipelining;
          one.form = form;
          one.most_recipients = static_cast<int>(recipients) - 1;
          one.most_messages = most_messages;
          one.left_open = left_open;
          all.push_back(one);
        }
  return all;
}

std::vector<Scenario> all_of(std::size_t recipients, std::size_t hosts) {
  auto all = manners(recipients, hosts);
  if (recipients > 1)
    for (const auto& one : several_transactions(recipients, hosts)) all.push_back(one);
  return all;
}

void show(const Walk& walk, const char* what) {
  std::printf("%9zu runs %6zu states met %8zu times, %9zu kills, %6zu ledgers  %s\n", walk.runs,
              walk.states, walk.met_again, walk.seen.kills, walk.ledgers, what);
  static_cast<void>(std::fflush(stdout));
}

Walk walk_all(const std::vector<Scenario>& scenarios) {
  Walk all;
  for (const auto& scenario : scenarios) {
    const auto one = walk(scenario);
    show(one, to_text(scenario).c_str());
    all += one;
    if (!all.fault.empty()) break;
  }
  show(all, "all");
  return all;
}

std::string unused_rows(const Walk& walk) {
  std::string text;
  for (std::size_t i = 0; i < kRows.size(); ++i)
    if (walk.seen.rows[i] == 0)
      text +=
          std::string(name_of(kRows[i].from)) + ", " + std::string(name_of(kRows[i].event)) + "; ";
  return text;
}

std::optional<std::size_t> number_in(const std::string& text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole ? std::optional(number) : std::nullopt;
}

int whole(const std::vector<Scenario>& scenarios) {
  const auto all = walk_all(scenarios);
  for (std::size_t i = 0; i < kRows.size(); ++i)
    std::printf(
        "%10zu  %-10s  %-16s  %s\n", all.seen.rows[i], std::string(name_of(kRows[i].from)).c_str(),
        std::string(name_of(kRows[i].event)).c_str(), std::string(name_of(kRows[i].to)).c_str());
  std::printf("%s\n", all.fault.c_str());
  return all.fault.empty() ? EXIT_SUCCESS : EXIT_FAILURE;
}

// RECIPIENTS HOSTS [MANNER]
int by_hand(const std::vector<std::string>& words) {
  std::vector<std::size_t> numbers;
  for (const auto& word : words)
    if (const auto number = number_in(word)) numbers.push_back(*number);
  if (numbers.size() != words.size() || words.size() > 3) {
    std::fprintf(stderr, "delivery_model_test RECIPIENTS HOSTS [MANNER]: all numbers\n");
    return EXIT_FAILURE;
  }
  auto all = all_of(numbers[0], numbers[1]);
  if (numbers.size() > 2 && numbers[2] >= all.size()) {
    std::fprintf(stderr, "manner %zu: the last is %zu\n", numbers[2], all.size() - 1);
    return EXIT_FAILURE;
  }
  if (numbers.size() > 2) all = {all[numbers[2]]};
  return whole(all);
}

}  // namespace

// A table that says two things of one case says nothing.
START_TEST(the_table_is_one) {
  for (std::size_t i = 0; i < kRows.size(); ++i)
    ck_assert_uint_eq(*row_of(kRows[i].from, kRows[i].event), i);
}
END_TEST

// Every way, and every row of the table was needed.
START_TEST(two_recipients_and_one_host) {
  const auto all = walk_all(all_of(2, 1));
  ck_assert_msg(all.fault.empty(), "%s", all.fault.c_str());
  assert_text(unused_rows(all), "");
}
END_TEST

START_TEST(two_recipients_and_two_hosts) {
  Scenario pipelined;
  pipelined.recipients = 2;
  pipelined.pipelining = true;
  Scenario chunked = pipelined;
  chunked.form = Form::SmallChunk;
  Scenario one_by_one;
  one_by_one.recipients = 2;
  Scenario two_transactions = pipelined;
  two_transactions.most_recipients = 1;
  Scenario two_messages = two_transactions;
  two_messages.left_open = LeftOpen::OfPolicy;
  const auto all = walk_all({pipelined, chunked, one_by_one, two_transactions, two_messages});
  ck_assert_msg(all.fault.empty(), "%s", all.fault.c_str());
}
END_TEST

START_TEST(three_recipients_and_two_hosts) {
  Scenario one_a_transaction;
  one_a_transaction.most_recipients = 1;
  const auto all = walk_all({one_a_transaction});
  ck_assert_msg(all.fault.empty(), "%s", all.fault.c_str());
}
END_TEST

// delivery_model_test RECIPIENTS HOSTS [MANNER]: all of it for so many, and how often each row was
// used.
int main(int argc, char** argv) {
  if (argc >= 3) return by_hand({argv + 1, argv + argc});
  Suite* suite = suite_create("delivery_model");
  TCase* tc = tcase_create("model");
  tcase_set_timeout(tc, 0);  // the limit is CTest's
  tcase_add_test(tc, the_table_is_one);
  tcase_add_test(tc, two_recipients_and_one_host);
  tcase_add_test(tc, two_recipients_and_two_hosts);
  tcase_add_test(tc, three_recipients_and_two_hosts);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

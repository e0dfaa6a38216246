// SPDX-License-Identifier: GPL-2.0-or-later
// Recipients that fare differently: a reply for each after the message (PRDR), and 452 to those
// that are too many for one transaction.
#include <iterator>

#include "unit/smtp/transaction_row_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

using enum ErrorKind;
using enum SmtpStage;

// PRDR was asked for. Without a 353 it is as ever.
const Row kPrdr[] = {
    {"each accepted", "250 250 250 354 353+250+250+250", "D250 D250", kTaken},
    {"one refuses the message", "250 250 250 354 353+550+250+250", "M550 D250", kTaken},
    {"one refuses it for now", "250 250 250 354 353+250+450+250", "D250 M450", kTaken},
    {"a refused recipient has no reply", "250 550 250 354 353+250+250", "R550 D250", kTaken},
    {"both refuse it", "250 250 250 354 353+550+450+550", "M550 M450", kNotTaken},
    {"refused as a whole after all",
     "250 250 250 354 353+550+250+451",
     "M550 U",
     kNotTaken,
     {{EndOfData, Protocol, 451}}},
    {"no 353: one reply for all", "250 250 250 354 250", "D250 D250", kTaken},
    {"no 353: refused", "250 250 250 354 554", "U U", kNotTaken, {{EndOfData, Protocol, 554}}},
    {"drop after the first of them",
     "250 250 250 354 353+250!",
     "U U",
     kInDoubt,
     {{EndOfData, Disconnected}}},
    {"drop before the last reply",
     "250 250 250 354 353+250+550!",
     "U U",
     kInDoubt,
     {{EndOfData, Disconnected}}},
    {"354 for a recipient",
     "250 250 250 354 353+354+250+250",
     "U U",
     kInDoubt,
     {{EndOfData, Protocol, 354}}},
    {"421 for a recipient",
     "250 250 250 354 353+250+421",
     "U U",
     kInDoubt,
     {{EndOfData, Disconnected, 421}}},
    {"354 for the whole",
     "250 250 250 354 353+250+250+354",
     "U U",
     kInDoubt,
     {{EndOfData, Protocol, 354}}},
};

// RFC 5321 4.5.3.1.10: three recipients; both ways of sending.
const Row kTooMany[] = {
    {"452 after one was accepted", "250 250 452 354 250", "D250 N N", kTaken},
    {"452 after one was refused: no DATA",
     "250 550 452",
     "R550 N N",
     kNotTaken,
     {},
     "RCPT TO:<r2@mx.lab>"},
    {"452 first is like any 4xx", "250 452 250 452 354 250", "R452 D250 N", kTaken},
    {"452 to all", "250 452 452 452", "R452 R452 R452", kNotTaken},
    {"450 is not 452", "250 250 450 250 354 250", "D250 R450 D250", kTaken},
    {"451 to DATA then", "250 250 452 451", "U N N", kNotTaken, {{Data, Protocol, 451}}},
};

const Row kTooManyPipelined[] = {
    {"452 in the middle", "250 250 452 250 354 250", "D250 N D250", kTaken},
    {"452 to the rest", "250 550 452 452 554", "R550 N N", kNotTaken, {}, "DATA"},
    {"452 first", "250 452 250 452 354 250", "R452 D250 N", kTaken},
};

}  // namespace

START_TEST(replies_of_recipients) {
  check_row(kPrdr[_i], {.prdr = PerRecipientReplies::Yes});
}
END_TEST

START_TEST(too_many_recipients) {
  check_row(kTooMany[_i], {.recipients = 3});
}
END_TEST

START_TEST(too_many_recipients_pipelined) {
  check_row(kTooManyPipelined[_i], {.pipelining = true, .recipients = 3});
}
END_TEST

int main() {
  Suite* suite = suite_create("replies to recipients");
  TCase* tc = tcase_create("replies");
  tcase_set_timeout(tc, 20);
  tcase_add_loop_test(tc, replies_of_recipients, 0, static_cast<int>(std::size(kPrdr)));
  tcase_add_loop_test(tc, too_many_recipients, 0, static_cast<int>(std::size(kTooMany)));
  tcase_add_loop_test(tc, too_many_recipients_pipelined, 0,
                      static_cast<int>(std::size(kTooManyPipelined)));
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

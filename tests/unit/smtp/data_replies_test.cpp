// SPDX-License-Identifier: GPL-2.0-or-later
// Every reply at every place of a transaction with DATA: one by one, and in a group.
#include <iterator>

#include "unit/smtp/transaction_row_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

using enum ErrorKind;
using enum SmtpStage;

// Two recipients, no PIPELINING. The client must send nothing after what decides.
const Row kSerial[] = {
    {"drop at MAIL", "drop", "U U", kCutOff, {{Mail, Disconnected}}},
    {"silence at MAIL", "silence", "U U", kCutOff, {{Mail, Timeout}}},
    {"451 at MAIL", "451", "U U", kNotTaken, {{Mail, Protocol, 451}}, "MAIL FROM:<s@me.lab>"},
    {"550 at MAIL", "550", "U U", kNotTaken, {{Mail, Protocol, 550}}},
    {"421 at MAIL", "421", "U U", kCutOff, {{Mail, Disconnected, 421}}},
    {"354 at MAIL", "354", "U U", kCutOff, {{Mail, Protocol, 354}}},
    {"junk at MAIL", "yes", "U U", kCutOff, {{Mail, Protocol}}},
    {"drop at the first RCPT", "250 drop", "U U", kCutOff, {{Rcpt, Disconnected}}},
    {"drop at the second RCPT", "250 250 drop", "U U", kCutOff, {{Rcpt, Disconnected}}},
    {"drop after a refused RCPT", "250 550 drop", "R550 U", kCutOff, {{Rcpt, Disconnected}}},
    {"421 after a refused RCPT", "250 550 421", "R550 U", kCutOff, {{Rcpt, Disconnected, 421}}},
    {"silence at RCPT", "250 silence", "U U", kCutOff, {{Rcpt, Timeout}}},
    {"354 at RCPT", "250 354", "U U", kCutOff, {{Rcpt, Protocol, 354}}},
    // RFC 5321 4.2.1
    {"a RCPT that is both refused and taken", "250 550-250 250 354 250", "R451 D250", kTaken},
    {"two codes of one class at RCPT", "250 250-251 554-550 354 250", "D250 R550", kTaken},
    {"two minds at MAIL", "250-550", "U U", kCutOff, {{Mail, Protocol, 451}}},
    {"two minds at DATA", "250 250 250 354-554", "U U", kCutOff, {{Data, Protocol, 451}}},
    {"two minds at the end of data",
     "250 250 250 354 250-451",
     "U U",
     kInDoubt,
     {{EndOfData, Protocol, 451}}},
    {"all refused", "250 550 450", "R550 R450", kNotTaken, {}, "RCPT TO:<r2@mx.lab>"},
    {"drop at DATA", "250 250 550 drop", "U R550", kCutOff, {{Data, Disconnected}}},
    {"silence at DATA", "250 250 250 silence", "U U", kCutOff, {{Data, Timeout}}},
    {"451 at DATA", "250 250 250 451", "U U", kNotTaken, {{Data, Protocol, 451}}, "DATA"},
    {"554 at DATA", "250 250 550 554", "U R550", kNotTaken, {{Data, Protocol, 554}}},
    {"421 at DATA", "250 250 250 421", "U U", kCutOff, {{Data, Disconnected, 421}}},
    {"250 at DATA", "250 250 250 250", "U U", kCutOff, {{Data, Protocol, 250}}},
    {"the end is answered before it was sent",
     "250 250 250 354+250 554",
     "U U",
     kCutOff,
     {{Data, Protocol}}},
    {"drop after the dot", "250 250 250 354 drop", "U U", kInDoubt, {{EndOfData, Disconnected}}},
    {"silence after the dot",
     "250 250 550 354 silence",
     "U R550",
     kInDoubt,
     {{EndOfData, Timeout}}},
    {"junk after the dot", "250 250 250 354 yes", "U U", kInDoubt, {{EndOfData, Protocol}}},
    {"half an answer after the dot",
     "250 250 250 354 250-!",
     "U U",
     kInDoubt,
     {{EndOfData, Disconnected}}},
    {"354 after the dot", "250 250 250 354 354", "U U", kInDoubt, {{EndOfData, Protocol, 354}}},
    {"421 after the dot", "250 250 250 354 421", "U U", kCutOff, {{EndOfData, Disconnected, 421}}},
    {"451 after the dot", "250 250 250 354 451", "U U", kNotTaken, {{EndOfData, Protocol, 451}}},
    {"554 after the dot", "250 250 550 354 554", "U R550", kNotTaken, {{EndOfData, Protocol, 554}}},
    {"delivered", "250 250 250 354 250", "D250 D250", kTaken, {}, kMessage},
    {"delivered to one", "250 452 250 354 250", "R452 D250", kTaken},
    {"251 and 252 accept", "250 251 252 354 250", "D250 D250", kTaken},
    {"drop after the final reply", "250 250 250 354 250!", "D250 D250", kTaken},
};

// Two recipients, PIPELINING: all four replies come, unless the server leaves.
const Row kPipelined[] = {
    {"drop at MAIL", "drop", "U U", kCutOff, {{Mail, Disconnected}}},
    {"550 at MAIL, the rest follows", "550 503 503 503", "U U", kNotTaken, {{Mail, Protocol, 550}}},
    {"550 at MAIL, then a drop", "550 503 drop", "U U", kCutOff, {{Mail, Protocol, 550}}},
    {"550 at MAIL, and all else accepted",
     "550 250 250 354 250",
     "U U",
     kCutOff,
     {{Mail, Protocol, 550}}},
    {"421 in the middle", "250 550 421", "R550 U", kCutOff, {{Rcpt, Disconnected, 421}}},
    {"drop in the middle", "250 250 drop", "U U", kCutOff, {{Rcpt, Disconnected}}},
    {"silence in the middle", "250 550 silence", "R550 U", kCutOff, {{Rcpt, Timeout}}},
    {"junk in the middle", "250 250 yes", "U U", kCutOff, {{Rcpt, Protocol}}},
    {"all refused, DATA too", "250 550 450 554", "R550 R450", kNotTaken, {}, "DATA"},
    {"all refused but 354: a lone dot", "250 550 450 354 554", "R550 R450", kNotTaken, {}, ".\r\n"},
    {"all refused but 354, and the dot accepted",
     "250 550 450 354 250",
     "R550 R450",
     kNotTaken,
     {},
     ".\r\n"},
    {"all refused but 354, then a drop", "250 550 450 354 drop", "R550 R450", kCutOff, {}, ".\r\n"},
    {"all refused and DATA gets 250",
     "250 550 550 250",
     "R550 R550",
     kCutOff,
     {{Data, Protocol, 250}}},
    {"451 at DATA", "250 250 550 451", "U R550", kNotTaken, {{Data, Protocol, 451}}},
    {"drop after the dot", "250 250 550 354 drop", "U R550", kInDoubt, {{EndOfData, Disconnected}}},
    {"delivered to one", "250 250 550 354 250", "D250 R550", kTaken, {}, kMessage},
};

}  // namespace

START_TEST(one_by_one) {
  check_row(kSerial[_i], {});
}
END_TEST

START_TEST(pipelined) {
  check_row(kPipelined[_i], {.pipelining = true});
}
END_TEST

int main() {
  Suite* suite = suite_create("replies to DATA");
  TCase* tc = tcase_create("replies");
  tcase_set_timeout(tc, 20);
  tcase_add_loop_test(tc, one_by_one, 0, static_cast<int>(std::size(kSerial)));
  tcase_add_loop_test(tc, pipelined, 0, static_cast<int>(std::size(kPipelined)));
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

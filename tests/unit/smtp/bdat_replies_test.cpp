// SPDX-License-Identifier: GPL-2.0-or-later
// Every reply at every place of a transaction with BDAT: one by one, and in a group.
#include <iterator>

#include "unit/smtp/transaction_row_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

using enum ErrorKind;
using enum SmtpStage;

// RFC 3030: two recipients and BDAT, not pipelined.
const Row kChunked[] = {
    {"delivered", "250 250 250 250", "D250 D250", kTaken, {}, kPlainMessage},
    {"delivered to one", "250 550 250 250", "R550 D250", kTaken},
    {"all refused: no BDAT", "250 550 450", "R550 R450", kNotTaken, {}, "RCPT TO:<r2@mx.lab>"},
    {"550 at MAIL", "550", "U U", kNotTaken, {{Mail, Protocol, 550}}},
    {"451 to BDAT", "250 250 250 451", "U U", kNotTaken, {{EndOfData, Protocol, 451}}},
    {"552 to BDAT", "250 250 550 552", "U R550", kNotTaken, {{EndOfData, Protocol, 552}}},
    {"354 to BDAT", "250 250 250 354", "U U", kInDoubt, {{EndOfData, Protocol, 354}}},
    {"421 to BDAT", "250 250 250 421", "U U", kCutOff, {{EndOfData, Disconnected, 421}}},
    {"drop after BDAT", "250 250 250 drop", "U U", kInDoubt, {{EndOfData, Disconnected}}},
    {"silence after BDAT", "250 250 550 silence", "U R550", kInDoubt, {{EndOfData, Timeout}}},
    {"junk after BDAT", "250 250 250 yes", "U U", kInDoubt, {{EndOfData, Protocol}}},
};

// The same pipelined: the message has gone before anything was answered.
const Row kChunkedPipelined[] = {
    {"delivered", "250 250 250 250", "D250 D250", kTaken, {}, kPlainMessage},
    {"delivered to one", "250 250 550 250", "D250 R550", kTaken},
    {"all refused, BDAT too", "250 550 450 503", "R550 R450", kNotTaken, {}, kPlainMessage},
    {"all refused, BDAT accepted", "250 550 450 250", "R550 R450", kInDoubtGoesOn},
    {"550 at MAIL, the rest follows", "550 503 503 503", "U U", kNotTaken, {{Mail, Protocol, 550}}},
    {"550 at MAIL, and all else accepted",
     "550 250 250 250",
     "U U",
     kInDoubtGoesOn,
     {{Mail, Protocol, 550}}},
    {"drop in the middle", "250 250 drop", "U U", kInDoubt, {{Rcpt, Disconnected}}},
    {"421 in the middle", "250 550 421", "R550 U", kInDoubt, {{Rcpt, Disconnected, 421}}},
    {"junk in the middle", "250 yes 250 250", "U U", kInDoubt, {{Rcpt, Protocol}}},
    {"552 to BDAT", "250 250 550 552", "U R550", kNotTaken, {{EndOfData, Protocol, 552}}},
    {"drop instead of the reply to BDAT",
     "250 250 550 drop",
     "U R550",
     kInDoubt,
     {{EndOfData, Disconnected}}},
};

// The same with QUIT behind the message: what the replies mean is no other, and nothing more can be
// said.
const Row kChunkedWithQuit[] = {
    {"delivered", "250 250 250 250", "D250 D250", kTakenAndOver, {}, kPlainMessage},
    {"delivered to one", "250 250 550 250", "D250 R550", kTakenAndOver},
    {"all refused, BDAT too", "250 550 450 503", "R550 R450", kNotTakenAndOver},
    {"all refused, BDAT accepted", "250 550 450 250", "R550 R450", kInDoubt},
    {"550 at MAIL", "550 503 503 503", "U U", kNotTakenAndOver, {{Mail, Protocol, 550}}},
    {"drop in the middle", "250 250 drop", "U U", kInDoubt, {{Rcpt, Disconnected}}},
    {"421 in the middle", "250 550 421", "R550 U", kInDoubt, {{Rcpt, Disconnected, 421}}},
    {"552 to BDAT", "250 250 550 552", "U R550", kNotTakenAndOver, {{EndOfData, Protocol, 552}}},
    {"drop instead of the reply to BDAT",
     "250 250 550 drop",
     "U R550",
     kInDoubt,
     {{EndOfData, Disconnected}}},
    {"hangs up after the reply to BDAT", "250 250 250 250!", "D250 D250", kTakenAndOver},
    {"the reply to QUIT in the place of BDAT's",
     "250 250 250 221",
     "U U",
     kInDoubt,
     {{EndOfData, Protocol, 221}}},
    {"the same, all refused", "250 550 550 221", "R550 R550", kInDoubt},
};

}  // namespace

START_TEST(chunked_with_quit) {
  check_row(kChunkedWithQuit[_i],
            {.pipelining = true, .form = MessageForm::Plain, .farewell = Farewell::BehindMessage});
}
END_TEST

START_TEST(chunked) {
  check_row(kChunked[_i], {.form = MessageForm::Plain});
}
END_TEST

START_TEST(chunked_pipelined) {
  check_row(kChunkedPipelined[_i], {.pipelining = true, .form = MessageForm::Plain});
}
END_TEST

int main() {
  Suite* suite = suite_create("replies to BDAT");
  TCase* tc = tcase_create("replies");
  tcase_set_timeout(tc, 20);
  tcase_add_loop_test(tc, chunked, 0, static_cast<int>(std::size(kChunked)));
  tcase_add_loop_test(tc, chunked_pipelined, 0, static_cast<int>(std::size(kChunkedPipelined)));
  tcase_add_loop_test(tc, chunked_with_quit, 0, static_cast<int>(std::size(kChunkedWithQuit)));
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// Commands: their exact text, and that no argument can leave its place.
#include "smtp/command.h"

#include <iterator>

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

struct Injection {
  const char* why;
  std::string text;
};

// Refused in any argument.
const Injection kInjections[] = {
    {"CRLF", "a@b.lab\r\nRCPT TO:<x@y.lab"},
    {"CR", "a\rb"},
    {"LF", "a\nb"},
    {"LF at the end", "a@b.lab\n"},
    {"NUL", std::string("a\0b", 3)},
    {"NUL at the end", std::string("a@b.lab\0", 8)},
    {"escape", "a\x1b[1mb"},
    {"DEL", "a\x7f"},
    {"a tab", "a\tb"},
    {"a space", "a b"},
};

// Refused in an address.
const Injection kNoPath[] = {
    {"a parameter after the path", "a@b.lab> SIZE=1"},
    {"a bracket", "a>b"},
    {"an opening bracket", "<a@b.lab"},
    {"a quote that does not end", "\"a@b.lab"},
    {"a bracket after a quoted string", "\"a\">@b.lab"},
    {"a quote that only seems to end", "\"a\\\" b@b.lab"},
    {"a backslash outside quotes", "a\\>b"},
    {"a backslash at the end", "\"a\\"},
    {"CRLF in quotes", "\"a\r\nb\"@b.lab"},
    {"a quoted LF", "\"a\\\nb\"@b.lab"},
};

struct Mail {
  const char* text;
  MailArguments arguments;
};

const Mail kMails[] = {
    {"MAIL FROM:<>", {.sender = ""}},
    {"MAIL FROM:<a@b.lab>", {.sender = "a@b.lab"}},
    {"MAIL FROM:<\"a > b\"@b.lab>", {.sender = "\"a > b\"@b.lab"}},
    {"MAIL FROM:<\"a\\\" b\"@b.lab>", {.sender = "\"a\\\" b\"@b.lab"}},
    {"MAIL FROM:<gr\xc3\xbc\xc3\x9f@b.lab> SMTPUTF8",
     {.sender = "gr\xc3\xbc\xc3\x9f@b.lab", .smtputf8 = SmtpUtf8::Yes}},
    {"MAIL FROM:<a@b.lab> AUTH=x+2By@b.lab", {.sender = "a@b.lab", .auth = "x+2By@b.lab"}},
    {"MAIL FROM:<a@b.lab> AUTH=<>", {.sender = "a@b.lab", .auth = "<>"}},
    {"MAIL FROM:<a@b.lab> SIZE=0", {.sender = "a@b.lab", .size = 0}},
    {"MAIL FROM:<a@b.lab> SIZE=18446744073709551615", {.sender = "a@b.lab", .size = UINT64_MAX}},
    {"MAIL FROM:<a@b.lab> PRDR", {.sender = "a@b.lab", .prdr = PerRecipientReplies::Yes}},
    // tests D-190
    {"MAIL FROM:<a@b.lab> REQUIRETLS",
     {.sender = "a@b.lab", .requiretls = RequireTlsParameter::Yes}},
    {"MAIL FROM:<> SMTPUTF8 REQUIRETLS RET=HDRS",
     {.smtputf8 = SmtpUtf8::Yes, .requiretls = RequireTlsParameter::Yes, .ret = "HDRS"}},
    {"MAIL FROM:<a@b.lab> SIZE=5 PRDR SMTPUTF8 RET=HDRS ENVID=QQ314159",
     {.sender = "a@b.lab",
      .size = 5,
      .prdr = PerRecipientReplies::Yes,
      .smtputf8 = SmtpUtf8::Yes,
      .ret = "HDRS",
      .envid = "QQ314159"}},
};

struct Rcpt {
  const char* text;
  RcptArguments arguments;
};

const Rcpt kRcpts[] = {
    {"RCPT TO:<a@b.lab>", {.recipient = "a@b.lab"}},
    {"RCPT TO:<postmaster>", {.recipient = "postmaster"}},
    {"RCPT TO:<a@b.lab> NOTIFY=SUCCESS,FAILURE",
     {.recipient = "a@b.lab", .notify = "SUCCESS,FAILURE"}},
    {"RCPT TO:<a@b.lab> NOTIFY=NEVER ORCPT=rfc822;a+2Bc@b.lab",
     {.recipient = "a@b.lab", .notify = "NEVER", .orcpt = "rfc822;a+2Bc@b.lab"}},
};

}  // namespace

START_TEST(no_argument_can_hold_more_than_itself) {
  const std::string& text = kInjections[_i].text;
  assert_error(hello_command("EHLO", text), ErrorKind::BadInput);
  assert_error(mail_command({.sender = text}), ErrorKind::BadInput);
  assert_error(mail_command({.sender = "a@b.lab", .ret = text}), ErrorKind::BadInput);
  assert_error(mail_command({.sender = "a@b.lab", .envid = text}), ErrorKind::BadInput);
  assert_error(rcpt_command({.recipient = text}), ErrorKind::BadInput);
  assert_error(rcpt_command({.recipient = "a@b.lab", .notify = text}), ErrorKind::BadInput);
  auto error =
      assert_error(rcpt_command({.recipient = "a@b.lab", .orcpt = text}), ErrorKind::BadInput);
  ck_assert_msg(error.text.find_first_of("\r\n") == std::string::npos, "an error of two lines");
}
END_TEST

START_TEST(no_address_ends_early) {
  assert_error(mail_command({.sender = kNoPath[_i].text}), ErrorKind::BadInput);
  assert_error(rcpt_command({.recipient = kNoPath[_i].text}), ErrorKind::BadInput);
}
END_TEST

START_TEST(mail) {
  assert_text(assert_ok(mail_command(kMails[_i].arguments)), kMails[_i].text);
}
END_TEST

START_TEST(rcpt) {
  assert_text(assert_ok(rcpt_command(kRcpts[_i].arguments)), kRcpts[_i].text);
}
END_TEST

START_TEST(only_a_sender_can_be_empty) {
  assert_error(rcpt_command({.recipient = ""}), ErrorKind::BadInput);
  assert_error(hello_command("EHLO", ""), ErrorKind::BadInput);
}
END_TEST

START_TEST(hello) {
  assert_text(assert_ok(hello_command("EHLO", "me.lab")), "EHLO me.lab");
  assert_text(assert_ok(hello_command("HELO", "[192.0.2.1]")), "HELO [192.0.2.1]");
}
END_TEST

int main() {
  Suite* suite = suite_create("command");
  TCase* tc = tcase_create("format");
  tcase_add_loop_test(tc, no_argument_can_hold_more_than_itself, 0,
                      static_cast<int>(std::size(kInjections)));
  tcase_add_loop_test(tc, no_address_ends_early, 0, static_cast<int>(std::size(kNoPath)));
  tcase_add_loop_test(tc, mail, 0, static_cast<int>(std::size(kMails)));
  tcase_add_loop_test(tc, rcpt, 0, static_cast<int>(std::size(kRcpts)));
  tcase_add_test(tc, only_a_sender_can_be_empty);
  tcase_add_test(tc, hello);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// The reply to EHLO: each extension in the forms that servers use, and what must not pass for it.
#include "smtp/ehlo.h"

#include <iterator>

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

using Change = void (*)(EhloCapabilities&);

struct Row {
  const char* why;
  std::vector<std::string> lines;  // after the first
  Change change;                   // what is offered besides nothing
};

const Change kNothing = [](EhloCapabilities&) {};

const Row kRows[] = {
    {"nothing", {}, kNothing},
    {"junk", {"", " ", "\t", "=", "-", "XFOO", "\xff\xfe", "250-STARTTLS"}, kNothing},
    {"starttls", {"STARTTLS"}, [](EhloCapabilities& c) { c.starttls = true; }},
    {"starttls in lower case", {"starttls"}, [](EhloCapabilities& c) { c.starttls = true; }},
    {"starttls with spaces", {" StartTLS  "}, [](EhloCapabilities& c) { c.starttls = true; }},
    {"not quite starttls",
     {"STARTTLSX", "XSTARTTLS", "X STARTTLS", "STARTTLS=1", "START TLS"},
     kNothing},
    {"pipelining", {"PIPELINING"}, [](EhloCapabilities& c) { c.pipelining = true; }},
    {"not quite pipelining", {"PIPELINING-", "X-PIPELINING"}, kNothing},
    {"prdr", {"PRDR"}, [](EhloCapabilities& c) { c.prdr = true; }},
    {"requiretls", {"requiretls"}, [](EhloCapabilities& c) { c.requiretls = true; }},
    {"no requiretls", {"REQUIRETLSX", "X-REQUIRETLS"}, [](EhloCapabilities&) {}},
    {"not quite 8bitmime", {"BITMIME", "8 BITMIME"}, kNothing},
    {"chunking", {"CHUNKING"}, [](EhloCapabilities& c) { c.chunking = true; }},
    {"smtputf8", {"SMTPUTF8"}, [](EhloCapabilities& c) { c.smtputf8 = true; }},
    {"not quite smtputf8", {"UTF8SMTP"}, kNothing},
    {"dsn", {"dsn"}, [](EhloCapabilities& c) { c.dsn = true; }},
    {"size",
     {"SIZE 1000"},
     [](EhloCapabilities& c) {
       c.size = true;
       c.size_limit = 1000;
     }},
    {"size above 32 bits",
     {"SIZE 5000000000"},
     [](EhloCapabilities& c) {
       c.size = true;
       c.size_limit = 5000000000;
     }},
    {"size alone", {"SIZE"}, [](EhloCapabilities& c) { c.size = true; }},
    {"size 0 is no limit", {"SIZE 0"}, [](EhloCapabilities& c) { c.size = true; }},
    {"size with junk", {"SIZE 10k"}, [](EhloCapabilities& c) { c.size = true; }},
    {"size below 0", {"SIZE -5"}, [](EhloCapabilities& c) { c.size = true; }},
    {"size above 64 bits",
     {"SIZE 99999999999999999999"},
     [](EhloCapabilities& c) { c.size = true; }},
    {"auth",
     {"AUTH PLAIN login"},
     [](EhloCapabilities& c) {
       c.auth_mechanisms = {"PLAIN", "LOGIN"};
     }},
    {"auth of old",
     {"AUTH=PLAIN LOGIN"},
     [](EhloCapabilities& c) {
       c.auth_mechanisms = {"PLAIN", "LOGIN"};
     }},
    {"auth twice",
     {"AUTH PLAIN", "AUTH=PLAIN LOGIN"},
     [](EhloCapabilities& c) {
       c.auth_mechanisms = {"PLAIN", "LOGIN"};
     }},
    {"auth without mechanisms", {"AUTH", "AUTH="}, kNothing},
    {"limits",
     {"LIMITS MAILMAX=5 rcptmax=100 RCPTDOMAINMAX=1"},
     [](EhloCapabilities& c) {
       c.limits = {5, 100, 1};
     }},
    {"limits with junk", {"LIMITS MAILMAX=0 RCPTMAX= RCPTDOMAINMAX=1x FOO=3 BAR"}, kNothing},
};

}  // namespace

START_TEST(offers) {
  SmtpReply reply{250, {}, {"mx.lab at your service"}};
  reply.lines.insert(reply.lines.end(), kRows[_i].lines.begin(), kRows[_i].lines.end());
  EhloCapabilities expected;
  expected.server_name = "mx.lab";
  kRows[_i].change(expected);
  ck_assert_msg(parse_ehlo(reply) == expected, "%s", kRows[_i].why);
}
END_TEST

START_TEST(the_first_line_offers_nothing) {
  ck_assert(parse_ehlo({250, {}, {"STARTTLS"}}) == (EhloCapabilities{.server_name = "STARTTLS"}));
  ck_assert(parse_ehlo({250, {}, {""}}) == EhloCapabilities());
}
END_TEST

int main() {
  Suite* suite = suite_create("ehlo");
  TCase* tc = tcase_create("parse");
  tcase_add_loop_test(tc, offers, 0, static_cast<int>(std::size(kRows)));
  tcase_add_test(tc, the_first_line_offers_nothing);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

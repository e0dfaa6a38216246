// SPDX-License-Identifier: GPL-2.0-or-later
// Does the model notice? Stories of a delivery that must not be, told to the ledger as a run tells
// them, and one of each kind that may (doc/decisions/0041).
#include "unit/model/ledger.h"

#include <sys/socket.h>

#include <array>
#include <iterator>
#include <string>

#include "unit/check_support.h"
#include "unit/model/prompt_peer.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

using Custody = Ledger::Custody;

RecipientVerdict verdict(Status status, const std::string& text = "") {
  RecipientVerdict made;
  made.status = status;
  made.text = text;
  return made;
}

void accepted(Ledger& story) {
  for (const auto event : {Event::HostTried, Event::RcptSent, Event::RcptYes})
    story.happens(0, event);
}

// To one host, to the last octet of the message.
void sent(Ledger& story) {
  accepted(story);
  story.happens(0, Event::MessageSent);
}

void taken(Ledger& story) {
  sent(story);
  story.server_has(0, Custody::Certain);
  story.happens(0, Event::MessageYes);
}

void journalled(Ledger& story) {
  taken(story);
  story.before_effect(true);
  story.journalled(0);
}

void in_doubt(Ledger& story) {
  sent(story);
  story.server_has(0, Custody::Possible);
  story.happens(0, Event::ConnectionLost);
}

struct Story {
  const char* name;
  void (*tell)(Ledger& story);
  const char* fault;  // part of what is found; empty: nothing
};

const Story kStories[] = {
    {"taken, on record, told",
     [](Ledger& story) {
       journalled(story);
       story.told(0, verdict(Status::Delivered));
     },
     ""},
    {"in doubt, and delivered by the next host",
     [](Ledger& story) {
       in_doubt(story);
       story.before_effect(false);
       journalled(story);
       story.told(0, verdict(Status::Delivered));
     },
     ""},
    {"on record without a reply",
     [](Ledger& story) {
       sent(story);
       story.journalled(0);
     },
     "(sent): journal written, which the table has not"},
    {"on record by a 250 that no server meant for the message",
     [](Ledger& story) {
       sent(story);
       story.happens(0, Event::MessageYes);
       story.journalled(0);
     },
     "on record, and no server has said 250"},
    {"on record twice",
     [](Ledger& story) {
       journalled(story);
       story.journalled(0);
     },
     "(journalled): journal written, which the table has not"},
    {"delivered, and not on record",
     [](Ledger& story) {
       taken(story);
       story.told(0, verdict(Status::Delivered));
     },
     "(delivered): the outcome is"},
    {"something else before the journal",
     [](Ledger& story) {
       taken(story);
       story.before_effect(false);
     },
     "something was done before it was put on record"},
    {"told nothing", sent, "Exim was told nothing"},
    {"told too early",
     [](Ledger& story) {
       story.told(0, verdict(Status::Deferred));
       journalled(story);
     },
     "the last outcome is"},
    {"bounced, and nobody refused it",
     [](Ledger& story) {
       in_doubt(story);
       story.told(0, verdict(Status::Failed));
     },
     "(in doubt): the outcome is"},
    {"delivered once more after it is on record",
     [](Ledger& story) {
       journalled(story);
       story.happens(0, Event::HostTried);
     },
     "(journalled): host tried, which the table has not"},
    {"deferred as refused, while the server has it",
     [](Ledger& story) {
       sent(story);
       story.server_has(0, Custody::Possible);
       story.happens(0, Event::MessageNotNow);
       story.before_effect(false);
     },
     "a server has the message, and it is sent again"},
    {"sent twice to one server",
     [](Ledger& story) {
       sent(story);
       story.server_has(0, Custody::Possible);
       story.server_has(0, Custody::Certain);
     },
     "a server has the message twice"},
    {"taken by a server that has a part of it",
     [](Ledger& story) {
       accepted(story);
       story.happens(0, Event::MessageYes);
     },
     "(accepted): message: yes, which the table has not"},
    {"held by a server that has a part of it",
     [](Ledger& story) {
       accepted(story);
       story.server_has(0, Custody::Certain);
     },
     "a server has a message that was not sent to it"},
    {"told another's reply",
     [](Ledger& story) {
       sent(story);
       story.happens(0, Event::MessageNever);
       story.reason(0, "#1;", Ledger::Quote::Must);
       story.told(0, verdict(Status::Failed, "550 never #2;"));
     },
     "the text of another reply"},
    {"told no reply",
     [](Ledger& story) {
       sent(story);
       story.happens(0, Event::MessageNever);
       story.reason(0, "#1;", Ledger::Quote::Must);
       story.told(0, verdict(Status::Failed, "never"));
     },
     "its reply is not quoted"},
};

}  // namespace

START_TEST(stories) {
  const auto& row = kStories[_i];
  Seen seen;
  Ledger story({true}, seen);
  row.tell(story);
  story.ends();
  const auto& found = story.first_fault();
  const std::string expected = row.fault;
  ck_assert_msg(expected.empty() ? found.empty() : found.find(expected) != std::string::npos,
                "%s: \"%s\"", row.name, found.c_str());
}
END_TEST

START_TEST(one_that_is_not_of_the_run) {
  Seen seen;
  Ledger story({false}, seen);
  story.happens(0, Event::HostTried);
  ck_assert(story.first_fault().find("not of this run") != std::string::npos);
}
END_TEST

// What a server is sent: the message, a part of it that is said to be all, MAIL in a transaction.
START_TEST(dialogues) {
  constexpr std::array kSaid{"BDAT 5 LAST\r\nwhole", "BDAT 4 LAST\r\nwhol", "MAIL FROM:<>\r\n"};
  constexpr std::array kFaults{"", "another message: whol", "MAIL in a transaction"};
  const auto row = static_cast<std::size_t>(_i);
  Seen seen;
  Ledger story({true}, seen);
  story.happens(0, Event::HostTried);
  Choices choices;
  Play play{.choices = choices, .servers = {.plain = "whole"}, .ledger = &story};
  int ends[2];
  ck_assert_int_eq(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const UniqueFd client(ends[0]);
  PromptPeer server(UniqueFd(ends[1]), play, PromptPeer::Begin::AtMail);
  const auto octets = std::string("MAIL FROM:<>\r\nRCPT TO:<user1@dom.lab>\r\n") + kSaid[row];
  ck_assert_int_eq(::send(client.get(), octets.data(), octets.size(), 0),
                   static_cast<ssize_t>(octets.size()));
  server.step();
  assert_text(story.first_fault(), kFaults[row]);
}
END_TEST

int main() {
  Suite* suite = suite_create("ledger");
  TCase* tc = tcase_create("ledger");
  tcase_add_loop_test(tc, stories, 0, static_cast<int>(std::size(kStories)));
  tcase_add_test(tc, one_that_is_not_of_the_run);
  tcase_add_loop_test(tc, dialogues, 0, 3);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

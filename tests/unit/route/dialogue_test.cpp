// SPDX-License-Identifier: GPL-2.0-or-later
// Which extension is used with which server, and the envelope that comes of it.
#include "route/dialogue.h"

#include "fakes/fake_mail_server.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

EhloCapabilities everything() {
  EhloCapabilities offered;
  offered.pipelining = offered.size = offered.chunking = offered.smtputf8 = true;
  offered.dsn = offered.prdr = true;
  return offered;
}

struct Scene {
  FakeMailServer server;
  AddressBatch batch = make_batch(1, 2);
  EhloCapabilities offered = everything();

  Scene() {
    for (const char* option : {"hosts_try_chunking", "hosts_try_prdr"}) server.lists[option] = {0};
    batch.dsn_ret = "HDRS";
    batch.dsn_envid = "QQ";
    batch.recipients[0].dsn_notify = "SUCCESS";
    batch.recipients[1].dsn_orcpt = "rfc822;x";
  }
  Dialogue plan() {
    auto dialogue = plan_dialogue(server, batch, 0, offered);
    ck_assert(dialogue.has_value());
    return *dialogue;
  }
  // All commands of the envelope.
  std::string commands(const std::vector<RecipientIndex>& recipients = {0, 1}) {
    auto envelope = make_envelope(server, batch, plan(), recipients);
    ck_assert(envelope.has_value());
    std::string text = *mail_command(envelope->mail);
    for (const auto& rcpt : envelope->recipients) text += "|" + *rcpt_command(rcpt);
    return text;
  }
};

using Change = void (*)(Scene&);

struct Row {
  const char* why;
  Change change;
  const char* commands;
};

const Row kRows[] = {
    {"all of it", [](Scene&) {},
     "MAIL FROM:<alice@sender.lab> SIZE=100 PRDR RET=HDRS ENVID=QQ|"
     "RCPT TO:<user1@dom.lab> NOTIFY=SUCCESS|RCPT TO:<user2@dom.lab> ORCPT=rfc822;x"},
    {"none of it", [](Scene& s) { s.offered = {}; },
     "MAIL FROM:<alice@sender.lab>|RCPT TO:<user1@dom.lab>|RCPT TO:<user2@dom.lab>"},
    {"no PRDR for this host", [](Scene& s) { s.server.lists["hosts_try_prdr"] = {1}; },
     "MAIL FROM:<alice@sender.lab> SIZE=100 RET=HDRS ENVID=QQ|"
     "RCPT TO:<user1@dom.lab> NOTIFY=SUCCESS|RCPT TO:<user2@dom.lab> ORCPT=rfc822;x"},
    {"the look-up of a list fails", [](Scene& s) { s.server.broken_options = {"hosts_try_prdr"}; },
     "MAIL FROM:<alice@sender.lab> SIZE=100 RET=HDRS ENVID=QQ|"
     "RCPT TO:<user1@dom.lab> NOTIFY=SUCCESS|RCPT TO:<user2@dom.lab> ORCPT=rfc822;x"},
    {"one recipient is the last hop's", [](Scene& s) { s.batch.recipients[0].dsn_last_hop = true; },
     "MAIL FROM:<alice@sender.lab> SIZE=100 PRDR RET=HDRS ENVID=QQ|"
     "RCPT TO:<user1@dom.lab>|RCPT TO:<user2@dom.lab> ORCPT=rfc822;x"},
    {"both are",
     [](Scene& s) {
       for (auto& recipient : s.batch.recipients) recipient.dsn_last_hop = true;
     },
     "MAIL FROM:<alice@sender.lab> SIZE=100 PRDR|RCPT TO:<user1@dom.lab>|RCPT TO:<user2@dom.lab>"},
    {"SMTPUTF8",
     [](Scene& s) {
       s.batch.smtputf8 = true;
       s.offered.dsn = s.offered.prdr = false;
     },
     "MAIL FROM:<alice@sender.lab> SIZE=100 SMTPUTF8|RCPT TO:<user1@dom.lab>|"
     "RCPT TO:<user2@dom.lab>"},
    {"A-labels",
     [](Scene& s) {
       s.batch.smtputf8 = true;
       s.server.options["utf8_downconvert"] = "1";
       s.offered.dsn = s.offered.prdr = false;
     },
     "MAIL FROM:<ascii-alice@sender.lab> SIZE=100|RCPT TO:<ascii-user1@dom.lab>|"
     "RCPT TO:<ascii-user2@dom.lab>"},
};

struct Utf8Row {
  const char* option;
  Utf8Downconvert of_message;
  bool offered;
  Utf8Way way;
};

// As Exim's driver: the option, where it says something, beats the message.
const Utf8Row kUtf8[] = {
    {"-1", Utf8Downconvert::Never, true, Utf8Way::Asked},
    {"-1", Utf8Downconvert::Never, false, Utf8Way::ToAscii},
    {"0", Utf8Downconvert::Always, true, Utf8Way::Asked},
    {"0", Utf8Downconvert::Always, false, Utf8Way::Forbidden},
    {"1", Utf8Downconvert::Never, true, Utf8Way::ToAscii},
    {"1", Utf8Downconvert::Never, false, Utf8Way::ToAscii},
    {"", Utf8Downconvert::Never, false, Utf8Way::Forbidden},
    {"", Utf8Downconvert::IfNeeded, true, Utf8Way::Asked},
    {"", Utf8Downconvert::IfNeeded, false, Utf8Way::ToAscii},
    {"", Utf8Downconvert::Always, true, Utf8Way::ToAscii},
    {"-2", Utf8Downconvert::Never, false, Utf8Way::Forbidden},
};

struct Limit {
  const char* max_rcpt;
  int max_messages;
  EhloLimits limits;
  std::size_t recipients, transactions;
};

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

const Limit kLimits[] = {
    {"100", 500, {}, 100, 500},     {"0", 0, {}, kNone, kNone}, {"", 0, {}, kNone, kNone},
    {"100", 500, {3, 2, {}}, 2, 3}, {"1", 2, {3, 2, {}}, 1, 2}, {"0", 0, {3, 2, 1}, 2, 3},
};

}  // namespace

START_TEST(the_envelope) {
  Scene scene;
  kRows[_i].change(scene);
  assert_text(scene.commands(), kRows[_i].commands);
}
END_TEST

START_TEST(prdr_is_for_two_and_more) {
  Scene scene;
  assert_text(scene.commands({1}),
              "MAIL FROM:<alice@sender.lab> SIZE=100 RET=HDRS ENVID=QQ|"
              "RCPT TO:<user2@dom.lab> ORCPT=rfc822;x");
}
END_TEST

START_TEST(chunking) {
  Scene scene;
  ck_assert(scene.plan().form == MessageForm::Plain);
  scene.server.lists["hosts_try_chunking"] = {};
  ck_assert(scene.plan().form == MessageForm::Dotted);
  scene.server.lists["hosts_try_chunking"] = {0};
  scene.batch.by_data_only = true;
  ck_assert(scene.plan().form == MessageForm::Dotted);
  scene.batch.by_data_only = false;
  scene.offered.chunking = false;
  ck_assert(scene.plan().form == MessageForm::Dotted);
}
END_TEST

START_TEST(pipelining) {
  Scene scene;
  ck_assert(scene.plan().grouping == Grouping::AsOffered);
  scene.server.lists["hosts_avoid_pipelining"] = {0};
  ck_assert(scene.plan().grouping == Grouping::OneByOne);
}
END_TEST

START_TEST(internationalised_addresses) {
  const auto& row = kUtf8[_i];
  Scene scene;
  scene.batch.utf8_downconvert = row.of_message;
  scene.offered.smtputf8 = row.offered;
  scene.server.options["utf8_downconvert"] = row.option;
  ck_assert(scene.plan().utf8 == Utf8Way::NotNeeded);
  scene.batch.smtputf8 = true;
  ck_assert(scene.plan().utf8 == row.way);
}
END_TEST

START_TEST(what_cannot_be_expanded_or_converted) {
  Scene scene;
  scene.batch.smtputf8 = true;
  scene.server.broken_options = {"utf8_downconvert"};
  ck_assert(!plan_dialogue(scene.server, scene.batch, 0, scene.offered));
  scene.server.broken_options.clear();
  scene.server.options["utf8_downconvert"] = "1";
  scene.batch.recipients[1].address = "!@dom.lab";
  ck_assert(make_envelope(scene.server, scene.batch, scene.plan(), {0}).has_value());
  ck_assert(!make_envelope(scene.server, scene.batch, scene.plan(), {0, 1}));
}
END_TEST

START_TEST(limits) {
  const auto& row = kLimits[_i];
  Scene scene;
  scene.server.options["max_rcpt"] = row.max_rcpt;
  scene.server.numbers["connection_max_messages"] = row.max_messages;
  scene.offered.limits = row.limits;
  ck_assert_uint_eq(scene.plan().most_recipients, row.recipients);
  ck_assert_uint_eq(scene.plan().most_transactions, row.transactions);
}
END_TEST

int main() {
  Suite* suite = suite_create("dialogue");
  TCase* tc = tcase_create("plan");
  tcase_add_loop_test(tc, the_envelope, 0, static_cast<int>(std::size(kRows)));
  tcase_add_test(tc, prdr_is_for_two_and_more);
  tcase_add_test(tc, chunking);
  tcase_add_test(tc, pipelining);
  tcase_add_loop_test(tc, internationalised_addresses, 0, static_cast<int>(std::size(kUtf8)));
  tcase_add_test(tc, what_cannot_be_expanded_or_converted);
  tcase_add_loop_test(tc, limits, 0, static_cast<int>(std::size(kLimits)));
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// Every field and every value of an enum on its way from the bridge's arrays to the batch.
#include "bridge/batch_import.h"

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

danesmtp_host c_host(std::int32_t port, std::int32_t mx, std::int32_t lookup) {
  return {"mx.lab", "asked.lab", "192.0.2.1", port, mx, lookup};
}

BatchHost import_one(const danesmtp_host& host) {
  danesmtp_batch batch{};
  batch.hosts = &host;
  batch.host_count = 1;
  const auto imported = import_batch(batch);
  ck_assert_uint_eq(imported.hosts.size(), 1);
  return imported.hosts.front();
}

BatchRecipient import_one(const danesmtp_recipient& recipient) {
  danesmtp_batch batch{};
  batch.recipients = &recipient;
  batch.recipient_count = 1;
  const auto imported = import_batch(batch);
  ck_assert_uint_eq(imported.recipients.size(), 1);
  return imported.recipients.front();
}

}  // namespace

START_TEST(a_batch_of_nothing) {
  const auto imported = import_batch(danesmtp_batch{});
  for (const auto& text : {imported.transport_name, imported.sender, imported.suffixes,
                           imported.spool_directory, imported.dsn_ret, imported.dsn_envid})
    assert_text(text, "");
  ck_assert(imported.recipients.empty() && imported.hosts.empty());
  ck_assert(!imported.smtputf8 && !imported.by_data_only && !imported.events_wanted &&
            !imported.all_or_nothing);
  ck_assert_uint_eq(imported.message_size, 0);
  ck_assert(imported.utf8_downconvert == Utf8Downconvert::Never);
}
END_TEST

START_TEST(texts_and_size_of_a_batch) {
  danesmtp_batch batch{};
  batch.transport_name = "t";
  batch.spool_directory = "/spool";
  batch.sender = "a@sender.lab";
  batch.suffixes = "lab example";
  batch.message_size = std::uint64_t{1} << 40;
  batch.dsn_ret = "HDRS";
  batch.dsn_envid = "id";
  const auto imported = import_batch(batch);
  assert_text(imported.transport_name, "t");
  assert_text(imported.spool_directory, "/spool");
  assert_text(imported.sender, "a@sender.lab");
  assert_text(imported.suffixes, "lab example");
  assert_text(imported.dsn_ret, "HDRS");
  assert_text(imported.dsn_envid, "id");
  ck_assert(imported.message_size == std::uint64_t{1} << 40);
}
END_TEST

// Each flag alone: no two of them are taken for each other.
START_TEST(flags_of_a_batch) {
  const auto with = [](std::int32_t danesmtp_batch::*flag) {
    danesmtp_batch batch{};
    batch.*flag = 1;
    const auto b = import_batch(batch);
    return std::string{b.smtputf8 ? 'u' : '-', b.by_data_only ? 'd' : '-',
                       b.events_wanted ? 'e' : '-', b.all_or_nothing ? 'a' : '-'};
  };
  assert_text(with(&danesmtp_batch::smtputf8), "u---");
  assert_text(with(&danesmtp_batch::by_data_only), "-d--");
  assert_text(with(&danesmtp_batch::events_wanted), "--e-");
  assert_text(with(&danesmtp_batch::all_or_nothing), "---a");
  assert_text(with(&danesmtp_batch::reports_wanted), "----");
  danesmtp_batch batch{};
  ck_assert(!import_batch(batch).reports_wanted);
  batch.reports_wanted = 1;
  ck_assert(import_batch(batch).reports_wanted);
}
END_TEST

START_TEST(downconversion) {
  const auto of = [](std::int32_t mode) {
    danesmtp_batch batch{};
    batch.downconvert = mode;
    return import_batch(batch).utf8_downconvert;
  };
  ck_assert(of(DANESMTP_DOWNCONVERT_NEVER) == Utf8Downconvert::Never);
  ck_assert(of(DANESMTP_DOWNCONVERT_IF_NEEDED) == Utf8Downconvert::IfNeeded);
  ck_assert(of(DANESMTP_DOWNCONVERT_ALWAYS) == Utf8Downconvert::Always);
  ck_assert(of(3) == Utf8Downconvert::Never);
}
END_TEST

// What is not understood asks for the most.
START_TEST(the_requirement) {
  const auto of = [](std::int32_t word) {
    danesmtp_batch batch{};
    batch.require_tls = word;
    return import_batch(batch).require_tls;
  };
  ck_assert(of(DANESMTP_REQUIRE_TLS_NO) == RequireTls::No);
  ck_assert(of(DANESMTP_REQUIRE_TLS_WHERE_POSSIBLE) == RequireTls::WherePossible);
  ck_assert(of(DANESMTP_REQUIRE_TLS_ALWAYS) == RequireTls::Always);
  ck_assert(of(3) == RequireTls::Always && of(-1) == RequireTls::Always);
}
END_TEST

START_TEST(a_host) {
  const auto host = import_one(c_host(2525, 10, DANESMTP_LOOKUP_DONE));
  assert_text(host.name, "mx.lab");
  assert_text(host.asked_name, "asked.lab");
  assert_text(host.address, "192.0.2.1");
  ck_assert(host.port == std::uint16_t{2525});
  ck_assert(host.mx == 10);
  ck_assert(host.lookup == AddressLookup::Done);
}
END_TEST

START_TEST(a_host_without_address_port_and_preference) {
  const auto host = import_one({"mx.lab", "mx.lab", nullptr, -1, -1, DANESMTP_LOOKUP_FAILED});
  assert_text(host.address, "");
  ck_assert(!host.port && !host.mx);
  ck_assert(host.lookup == AddressLookup::Failed);
}
END_TEST

START_TEST(the_least_and_the_greatest_port_and_preference) {
  ck_assert(import_one(c_host(1, 0, 0)).port == std::uint16_t{1});
  ck_assert(import_one(c_host(65535, 0, 0)).port == std::uint16_t{65535});
  ck_assert(!import_one(c_host(0, 0, 0)).port);
  ck_assert(!import_one(c_host(65536, 0, 0)).port);
  ck_assert(import_one(c_host(1, 0, 0)).mx == 0);
  ck_assert(import_one(c_host(1, 65535, 0)).mx == 65535);
}
END_TEST

START_TEST(what_came_of_a_look_up) {
  ck_assert(import_one(c_host(1, 1, DANESMTP_LOOKUP_NONE_BY_ROUTER)).lookup ==
            AddressLookup::NoneByRouter);
  ck_assert(import_one(c_host(1, 1, DANESMTP_LOOKUP_FAILED)).lookup == AddressLookup::Failed);
}
END_TEST

START_TEST(a_recipient_of_nothing) {
  const auto recipient = import_one(danesmtp_recipient{});
  for (const auto& text : {recipient.address, recipient.domain, recipient.mx_names,
                           recipient.dsn_notify, recipient.dsn_orcpt})
    assert_text(text, "");
  ck_assert(recipient.renames.empty());
  ck_assert(!recipient.by_srv && !recipient.dsn_last_hop);
  ck_assert(recipient.route == RouteKind::Mx);
}
END_TEST

START_TEST(a_recipient) {
  const danesmtp_rename renames[] = {{"b.lab", "c.lab"}, {"a.lab", "b.lab"}};
  const danesmtp_recipient given{
      "u@c.lab", "c.lab", renames, 2, "x.lab/mx", 1, DANESMTP_ROUTE_FIXED, 0, "NEVER", "rfc822;u"};
  const auto recipient = import_one(given);
  assert_text(recipient.address, "u@c.lab");
  assert_text(recipient.domain, "c.lab");
  assert_text(recipient.mx_names, "x.lab/mx");
  assert_text(recipient.dsn_notify, "NEVER");
  assert_text(recipient.dsn_orcpt, "rfc822;u");
  ck_assert(recipient.route == RouteKind::Fixed);
  ck_assert(recipient.by_srv && !recipient.dsn_last_hop);
  const std::vector<DomainRename> expected{{"b.lab", "c.lab"}, {"a.lab", "b.lab"}};
  ck_assert(recipient.renames == expected);
}
END_TEST

// What is not known to be of MX records must not be taken for it: MX records are validated.
START_TEST(an_unknown_route_is_fixed) {
  danesmtp_recipient given{};
  given.route = 7;
  ck_assert(import_one(given).route == RouteKind::Fixed);
  given = {};
  given.dsn_last_hop = 1;
  ck_assert(import_one(given).dsn_last_hop && !import_one(given).by_srv);
}
END_TEST

START_TEST(order_is_kept) {
  const danesmtp_host hosts[] = {{"a", "a", "1", -1, -1, 0}, {"b", "b", "2", -1, -1, 0}};
  danesmtp_recipient recipients[2]{};
  recipients[0].address = "x";
  recipients[1].address = "y";
  danesmtp_batch batch{};
  batch.hosts = hosts;
  batch.host_count = 2;
  batch.recipients = recipients;
  batch.recipient_count = 2;
  const auto imported = import_batch(batch);
  assert_text(imported.hosts[0].name + imported.hosts[1].name, "ab");
  assert_text(imported.recipients[0].address + imported.recipients[1].address, "xy");
}
END_TEST

int main() {
  Suite* suite = suite_create("batch_import");
  TCase* tc = tcase_create("fields");
  tcase_add_test(tc, a_batch_of_nothing);
  tcase_add_test(tc, texts_and_size_of_a_batch);
  tcase_add_test(tc, flags_of_a_batch);
  tcase_add_test(tc, downconversion);
  tcase_add_test(tc, the_requirement);
  tcase_add_test(tc, a_host);
  tcase_add_test(tc, a_host_without_address_port_and_preference);
  tcase_add_test(tc, the_least_and_the_greatest_port_and_preference);
  tcase_add_test(tc, what_came_of_a_look_up);
  tcase_add_test(tc, a_recipient_of_nothing);
  tcase_add_test(tc, a_recipient);
  tcase_add_test(tc, an_unknown_route_is_fixed);
  tcase_add_test(tc, order_is_kept);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

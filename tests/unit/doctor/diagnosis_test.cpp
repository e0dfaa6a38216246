// SPDX-License-Identifier: GPL-2.0-or-later
// The last line, the forms, and the judges of cache and connections.
#include "doctor/diagnosis.h"

#include <iterator>

#include "doctor/cache_findings.h"
#include "doctor/connection_findings.h"
#include "doctor/policies_findings.h"
#include "doctor/reports_findings.h"
#include "unit/doctor/row.h"
#include "unit/own_directory.h"

using namespace danesmtp;
using namespace danesmtp::test;
using namespace danesmtp::tool;

namespace {

EximTransport ours() {
  return {"a", {{"driver", "smtp"}, {"dane_resolver", "auto"}, {"hosts_try_dane", "*"}}};
}

struct MailRow {
  void (*change)(Prospect& prospect);
  const char* text;
};

const MailRow kMail[] = {
    {[](Prospect&) {}, "was authenticated by its records, or waits"},
    {[](Prospect& p) { p.exim = false; }, "no Exim that could load"},
    {[](Prospect& p) { p.transports.clear(); }, "Exim's own driver sends it"},
    {[](Prospect& p) { p.transports[0].options.erase("hosts_try_dane"); }, "own driver sends it"},
    {[](Prospect& p) { p.module = false; }, "mail to other hosts waits"},
    {[](Prospect& p) { p.configuration = false; }, "does not start"},
    {[](Prospect& p) {
       p.configuration = false;
       p.transports.clear();
     },
     "does not start"},
    {[](Prospect& p) { p.resolves = false; }, "until the DNS can be validated"},
    {[](Prospect& p) { p.transports[0].options["dane_audit_domains"] = "*"; }, "sent all the same"},
    {[](Prospect& p) { p.awaits_policies = true; }, "any other domain it waits until the daemon"},
    {[](Prospect& p) {
       p.transports.push_back({"b", {{"driver", "smtp"}}});
     },
     "with driver = smtp goes without all this"},
};

START_TEST(what_becomes_of_mail) {
  Prospect prospect{true, true, true, true, {ours()}};
  kMail[_i].change(prospect);
  assert_contains(mail_prospect(prospect), kMail[_i].text);
}
END_TEST

Diagnosis three() {
  return {{{"exim", Health::Ok, "fine", ""},
           {"resolver", Health::Failure, "no | reply", "start it"},
           {"cache", Health::Warning, "odd", "rm it"}},
          "it waits"};
}

START_TEST(forms) {
  ck_assert(three().health() == Health::Failure);
  assert_text(to_text(three(), Colour::Never),
              "ok      exim: fine\n"
              "failure resolver: no | reply\n"
              "        to mend it: start it\n"
              "warning cache: odd\n"
              "        to mend it: rm it\n"
              "\nMail: it waits.\n");
  assert_text(to_plugin_text(three()), "resolver: no / reply | ok=1 warning=1 failure=1");
  const auto object = to_json(three());
  assert_text(object.at("state").get<std::string>(), "failure");
  ck_assert(object.at("findings").at(0).at("mend").is_null());
  assert_text(object.at("findings").at(1).at("mend").get<std::string>(), "start it");
}
END_TEST

START_TEST(nothing_wrong) {
  const Diagnosis well{{{"exim", Health::Ok, "fine", ""}}, "it goes"};
  assert_text(to_plugin_text(well), "it goes | ok=1 warning=0 failure=0");
  ck_assert(well.health() == Health::Ok);
}
END_TEST

struct CacheRow {
  void (*change)(CacheFacts& facts);
  Expected expected;
};

const CacheRow kCaches[] = {
    {[](CacheFacts&) {}, {Health::Ok, "/c: 3 entries, 4 KiB, of mail, mode 0600", nullptr}},
    {[](CacheFacts& c) { c.file.clear(); }, {Health::Ok, "asks by itself", nullptr}},
    {[](CacheFacts& c) { c.there = false; }, {Health::Ok, "not there yet", nullptr}},
    {[](CacheFacts& c) {
       c.there = false;
       c.trouble = "Permission denied";
     },
     {Health::Warning, "Permission denied", "as root"}},
    {[](CacheFacts& c) { c.owner = "root"; }, {Health::Warning, "owned by root", "rm /c"}},
    {[](CacheFacts& c) {
       c.mode = 0644;
       c.trouble = "others than its owner may read it";
     },
     {Health::Warning, "mode 0644", "chmod 600 /c"}},
    {[](CacheFacts& c) { c.trouble = "/c: not a cache"; },
     {Health::Warning, "not a cache", "rm /c"}},
};

START_TEST(caches) {
  CacheFacts facts{"/c", true, "mail", "mail", 0600, 4096, 3, ""};
  kCaches[_i].change(facts);
  assert_finding(judge_cache(facts), kCaches[_i].expected);
}
END_TEST

START_TEST(cache_files) {
  const OwnDirectory directory;
  ck_assert(!examine_cache(directory.file("none"), "mail").there);
  const auto damaged = examine_cache(directory.file("damaged", "something else"), "mail");
  ck_assert(damaged.there && damaged.size == 14 && !damaged.trouble.empty());
}
END_TEST

struct ConnectionRow {
  ConnectionFacts facts;
  std::size_t findings;
  Expected last;
};

const ConnectionRow kConnections[] = {
    {{"", "", {}, true}, 2, {Health::Ok, "not tried", nullptr}},
    {{"mx", "it does not exist", {}, true}, 2, {Health::Failure, "does not exist", "--connect"}},
    {{"mx", "", {{"192.0.2.1", true, ""}}, true}, 2, {Health::Ok, "[192.0.2.1] answers", nullptr}},
    {{"mx", "", {{"192.0.2.1", false, "timed out"}}, true},
     2,
     {Health::Failure, "timed out", "port 25"}},
    {{"mx", "", {{"192.0.2.1", false, "timed out"}, {"192.0.2.2", true, ""}}, true},
     2,
     {Health::Ok, "[192.0.2.2] answers", nullptr}},
    {{"mx", "", {{"192.0.2.1", true, ""}, {"2001:db8::1", false, "unreachable"}}, true},
     3,
     {Health::Warning, "unreachable", "port 25"}},
    {{"mx", "", {{"192.0.2.1", true, ""}, {"2001:db8::1", false, "unreachable"}}, false},
     3,
     {Health::Warning, "unreachable", "no IPv6"}},
    {{"mx", "", {{"2001:db8::1", false, "unreachable"}}, false},
     2,
     {Health::Warning, "unreachable", "give this machine IPv6"}},
};

START_TEST(connections) {
  const auto& row = kConnections[_i];
  const auto findings = judge_connection(row.facts);
  ck_assert_uint_eq(findings.size(), row.findings);
  assert_finding(findings.back(), row.last);
}
END_TEST

struct ReportsRow {
  ReportsFacts facts;
  Expected expected;
};

const ReportsRow kReports[] = {
    {{"", "", "mail", ""}, {Health::Ok, "nothing is reported", nullptr}},
    {{"/s", "", "mail", ""}, {Health::Ok, "takes reports at /s", nullptr}},
    {{"/s", "/s: No such file", "mail", ""}, {Health::Warning, "No such file", "tlsrpt-collectd"}},
    {{"/s", "", "mail", "Permission denied"},
     {Health::Warning, "mail cannot write to /s: Permission denied", "usermod"}},
};

START_TEST(reports) {
  assert_finding(judge_reports(kReports[_i].facts), kReports[_i].expected);
}
END_TEST

struct PoliciesRow {
  PoliciesFacts facts;
  Expected expected;
};

constexpr std::chrono::milliseconds kFast{3}, kSlow{1500};

const PoliciesRow kPolicies[] = {
    {{""}, {Health::Ok, "nobody is asked", nullptr}},
    {{"unix:/s", "", kFast, "mail"}, {Health::Ok, "unix:/s answers within 3 ms", nullptr}},
    {{"unix:/s", "", kSlow, "mail"}, {Health::Warning, "1500 ms, which is slow", "resolver"}},
    {{"unix:/s", "Connection refused"},
     {Health::Warning, "unix:/s: Connection refused: mail goes as if", "mta-sts-daemon"}},
    {{"unix:/s", "Connection refused", kFast, "mail", "", true},
     {Health::Failure, "mail to hosts without DANE waits", "mta-sts-daemon"}},
    {{"unix:/s", "", kFast, "mail", "Permission denied"},
     {Health::Warning, "mail cannot write to unix:/s: Permission denied: mail goes", "usermod"}},
    {{"unix:/s", "", kFast, "mail", "Permission denied", true},
     {Health::Failure, "Permission denied: mail to hosts without DANE waits", "usermod"}},
};

START_TEST(policies) {
  assert_finding(judge_policies(kPolicies[_i].facts), kPolicies[_i].expected);
}
END_TEST

START_TEST(an_option_that_cannot_be_read_lets_mail_wait) {
  const auto facts = examine_policies("unix:relative", "ignore", std::nullopt);
  assert_finding(judge_policies(facts), {Health::Failure, "not absolute", "inet:ADDRESS:PORT"});
}
END_TEST

Suite* suite() {
  TCase* tc = tcase_create("diagnosis");
  tcase_add_loop_test(tc, what_becomes_of_mail, 0, static_cast<int>(std::size(kMail)));
  tcase_add_test(tc, forms);
  tcase_add_test(tc, nothing_wrong);
  tcase_add_loop_test(tc, caches, 0, static_cast<int>(std::size(kCaches)));
  tcase_add_test(tc, cache_files);
  tcase_add_loop_test(tc, reports, 0, static_cast<int>(std::size(kReports)));
  tcase_add_loop_test(tc, policies, 0, static_cast<int>(std::size(kPolicies)));
  tcase_add_test(tc, an_option_that_cannot_be_read_lets_mail_wait);
  tcase_add_loop_test(tc, connections, 0, static_cast<int>(std::size(kConnections)));
  Suite* suite = suite_create("diagnosis");
  suite_add_tcase(suite, tc);
  return suite;
}

}  // namespace

int main() {
  return run_suite(suite());
}

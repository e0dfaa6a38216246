// SPDX-License-Identifier: GPL-2.0-or-later
#include "doctor/dns_findings.h"

#include <iterator>

#include "unit/doctor/row.h"

using namespace danesmtp;
using namespace danesmtp::test;
using namespace danesmtp::tool;

namespace {

const Error kSilence{ErrorKind::Timeout, "no reply"};
const Error kGarbage{ErrorKind::DnsFailure, "malformed reply (record)"};
const Error kBogus{ErrorKind::DnsBogus, "signature expired"};

ServerFacts healthy() {
  ServerFacts facts;
  facts.server = "192.0.2.1@53";
  facts.reply.signatures = true;
  facts.reply.edns = true;
  facts.reply.authentic = true;
  facts.octets = 864;
  facts.took = std::chrono::milliseconds(12);
  return facts;
}

struct ServerRow {
  void (*ail)(ServerFacts& facts);
  Expected expected;
};

const ServerRow kServers[] = {
    {[](ServerFacts&) {}, {Health::Ok, "UDP replies of 864 octets come through; 12 ms", nullptr}},
    {[](ServerFacts& s) { s.trouble = kSilence; }, {Health::Failure, "no reply", "resolv.conf"}},
    {[](ServerFacts& s) { s.trouble = kGarbage; },
     {Health::Failure, "cannot be read", "recursive"}},
    {[](ServerFacts& s) { s.reply.rcode = 5; }, {Health::Failure, "REFUSED", "access-control"}},
    {[](ServerFacts& s) { s.reply.rcode = 2; }, {Health::Failure, "SERVFAIL", "recursive"}},
    {[](ServerFacts& s) { s.reply.rcode = 1; }, {Health::Failure, "EDNS", "recursive"}},
    {[](ServerFacts& s) { s.reply.rcode = 4; }, {Health::Failure, "EDNS", "recursive"}},
    {[](ServerFacts& s) {
       s.trouble = kSilence;
       s.answers_without_edns = true;
     },
     {Health::Failure, "answers what has no EDNS", "let EDNS through"}},
    {[](ServerFacts& s) { s.reply.signatures = s.reply.edns = false; },
     {Health::Failure, "does not know EDNS", "recursive"}},
    {[](ServerFacts& s) { s.reply.signatures = false; },
     {Health::Failure, "strips DNSSEC", "dane_resolver = recursive"}},
    {[](ServerFacts& s) { s.root = kBogus; }, {Health::Failure, "signature expired", "clock"}},
    {[](ServerFacts& s) { s.truth = kBogus; }, {Health::Failure, "it lies", "unchanged"}},
    {[](ServerFacts& s) { s.over_tcp = true; }, {Health::Warning, "over TCP only", "1232"}},
    {[](ServerFacts& s) { s.took = std::chrono::milliseconds(1500); },
     {Health::Warning, "slow: 1500 ms", "caching resolver"}},
};

ResolutionFacts with(const ServerFacts& server) {
  ResolutionFacts facts;
  facts.servers = {server};
  return facts;
}

START_TEST(servers) {
  const auto& row = kServers[_i];
  auto server = healthy();
  row.ail(server);
  auto facts = with(server);
  facts.error = kBogus;
  assert_finding(judge_servers(facts)[0], row.expected);
  facts.error.reset();  // another one is good: mail goes on
  ck_assert(judge_servers(facts)[0].health <= Health::Warning);
}
END_TEST

START_TEST(a_believed_server) {
  auto facts = with(healthy());
  facts.settings.dnssec = DnssecMode::BelieveResolver;
  ck_assert(judge_servers(facts)[0].health == Health::Ok);
  assert_finding(judge_resolution(facts), {Health::Ok, "believed", nullptr});
  facts.servers[0].reply.authentic = false;
  facts.error = kBogus;
  assert_finding(judge_servers(facts)[0], {Health::Failure, "no AD bit", "dane_dnssec = validate"});
}
END_TEST

START_TEST(where_a_server_is_named) {
  auto server = healthy();
  server.trouble = kSilence;
  auto facts = with(server);
  facts.settings.upstream = Upstream::Forward;
  assert_contains(judge_servers(facts)[0].mend, "name another in dane_resolver");
}
END_TEST

START_TEST(the_whole) {
  ResolutionFacts facts;
  assert_finding(judge_resolution(facts), {Health::Ok, "validated in the process", nullptr});
  facts.note = "asking from the root for an hour";
  assert_finding(judge_resolution(facts), {Health::Warning, "from the root", "recursive"});
  facts.error = kBogus;
  assert_finding(judge_resolution(facts), {Health::Failure, "expired", "recursive"});
  facts.settings.upstream = Upstream::Recursive;
  assert_finding(judge_resolution(facts), {Health::Failure, "expired", "forward:"});
}
END_TEST

constexpr WallTime kNow{std::chrono::seconds(1800000000)};

AnchorFacts good_anchor() {
  AnchorFacts facts;
  facts.now = kNow;
  facts.file = "/root.key";
  facts.reader = "mail";
  facts.age = std::chrono::days(12);
  facts.keys = facts.root = {{20326, 8}};
  return facts;
}

struct AnchorRow {
  void (*ail)(AnchorFacts& facts);
  Expected expected;
};

const AnchorRow kAnchors[] = {
    {[](AnchorFacts&) {},
     {Health::Ok, "12 days old, has the keys 20326; the root has no other", nullptr}},
    {[](AnchorFacts& a) { a.root.clear(); }, {Health::Ok, "was not seen", nullptr}},
    {[](AnchorFacts& a) {
       a.keys.push_back({38696, 8});
     },
     {Health::Ok, "38696", nullptr}},
    {[](AnchorFacts& a) {
       a.trouble = Error{ErrorKind::BadInput, "no file was found"};
     },
     {Health::Failure, "no file was found", "dns-root-data"}},
    {[](AnchorFacts& a) { a.unreadable = "Permission denied"; },
     {Health::Failure, "/root.key cannot be read by mail: Permission denied", "chmod"}},
    {[](AnchorFacts& a) {
       a.root = {{38696, 8}};
     },
     {Health::Failure, "it has 20326, the root 38696", "unbound-anchor"}},
    {[](AnchorFacts& a) {
       a.root = {{20326, 13}};
     },
     {Health::Failure, "none", "unbound-anchor"}},
    {[](AnchorFacts& a) { a.untrusted = kBogus; },
     {Health::Failure, "does not validate: signature expired", "unbound-anchor"}},
    {[](AnchorFacts& a) {
       a.root.push_back({38696, 8});
     },
     {Health::Warning, "lacks key 38696", "unbound-anchor"}},
    {[](AnchorFacts& a) {
       a.root.push_back({38696, 8});
       a.marks.keys = {{{20326, 8}, AnchorState::Valid}, {{38696, 8}, AnchorState::AddPend}};
     },
     {Health::Ok, "trusted when it was seen for 30 days; marked there: 38696 ADDPEND", nullptr}},
    {[](AnchorFacts& a) {
       a.root.push_back({38696, 8});
       a.marks.keys = {{{38696, 8}, AnchorState::Removed}};
     },
     {Health::Warning, "has begun; marked there: 38696 REMOVED", "unbound-anchor"}},
    {[](AnchorFacts& a) {
       a.trouble = Error{ErrorKind::BadInput, "no valid trust anchor"};
       a.marks.keys = {{{20454, 8}, AnchorState::Revoked}};
     },
     {Health::Failure, "no valid trust anchor; marked there: 20454 REVOKED", "unbound-anchor"}},
    {[](AnchorFacts& a) {
       a.keys.push_back({19036, 8});
       a.marks.keys = {{{19036, 8}, AnchorState::Missing}};
     },
     {Health::Ok, "marked there: 19036 MISSING", nullptr}},
    {[](AnchorFacts& a) { a.marks.last_success = kNow - std::chrono::days(30); },
     {Health::Ok, "the root has no other", nullptr}},
    {[](AnchorFacts& a) { a.marks.last_success = kNow - std::chrono::days(31); },
     {Health::Warning, "was not for 31 days", "auto-trust-anchor-file"}},
};

START_TEST(anchors) {
  const auto& row = kAnchors[_i];
  auto facts = good_anchor();
  row.ail(facts);
  assert_finding(judge_anchor(facts), row.expected);
}
END_TEST

struct ClockRow {
  std::int64_t now;
  bool shown;
  bool validates;
  Expected expected;
};

const ClockRow kClocks[] = {
    {1000, true, true, {Health::Ok, "1970-01-01T00:16:40Z to 1970-01-01T00:33:20Z", nullptr}},
    {2000, true, true, {Health::Ok, "within", nullptr}},
    {999, true, false, {Health::Failure, "begin at 1970-01-01T00:16:40Z", "timedatectl"}},
    {2001, true, false, {Health::Failure, "end at 1970-01-01T00:33:20Z", "timedatectl"}},
    {5000, false, true, {Health::Ok, "they validate", nullptr}},
    {5000, false, false, {Health::Warning, "cannot be compared", "resolver first"}},
};

START_TEST(clocks) {
  const auto& row = kClocks[_i];
  ClockFacts facts;
  facts.now = WallTime(std::chrono::seconds(row.now));
  if (row.shown) facts.signed_for = SignatureTimes{1000, 2000};
  facts.validates = row.validates;
  assert_finding(judge_clock(facts), row.expected);
}
END_TEST

// RFC 4034 5.4 has the key, its tag and a DS record.
constexpr const char* kKey =
    "AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphXd"
    "vxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw==";

START_TEST(key_tags) {
  ck_assert(*anchor_key_id(std::string(". IN DNSKEY 256 3 5 ") + kKey) == (KeyId{60485, 5}));
  ck_assert(*anchor_key_id(". IN DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118") ==
            (KeyId{60485, 5}));
  ck_assert(!anchor_key_id(". IN DNSKEY 256 3 5 !!"));
  ck_assert(!key_id(Bytes{1, 0, 3, 5}));
  assert_text(tags_text({{1, 8}, {65535, 13}}), "1, 65535");
}
END_TEST

START_TEST(marks_of_automatic_updates) {
  const std::string key = std::string(". 86400 IN DNSKEY 256 3 5 ") + kKey + " ;{id = 60485}";
  const auto marks = anchor_marks("; autotrust trust anchor file\n;;last_success: 1000 ;;Thu\n" +
                                  key + " ;;state=3 [ MISSING ] ;;count=0\n" + key + "\n" + key +
                                  " ;;state=9\n.\tIN\tDNSKEY\t257 3 8 !! ;;state=1\n;;state=2\n");
  ck_assert(marks.last_success == WallTime(std::chrono::seconds(1000)));
  assert_text(marks.others_text(), "60485 MISSING");
  ck_assert(!marks.waits_for({60485, 5}));
  const auto pending = anchor_marks(key + " ;;state=1 [ ADDPEND ]\n;;last_success: 0\n");
  ck_assert(pending.waits_for({60485, 5}) && !pending.last_success);
  ck_assert(anchor_marks("").keys.empty());
}
END_TEST

START_TEST(keys_that_sign_keys) {
  const Bytes signs{1, 1, 3, 8, 9};
  const Bytes zone{1, 0, 3, 8, 9};
  const Bytes revoked{1, 0x81, 3, 8, 9};
  const auto keys = signing_keys({zone, signs, revoked, {}});
  ck_assert_uint_eq(keys.size(), 1);
  ck_assert(keys[0] == *key_id(signs));
}
END_TEST

Suite* suite() {
  TCase* tc = tcase_create("dns_findings");
  tcase_add_loop_test(tc, servers, 0, static_cast<int>(std::size(kServers)));
  tcase_add_test(tc, a_believed_server);
  tcase_add_test(tc, where_a_server_is_named);
  tcase_add_test(tc, the_whole);
  tcase_add_loop_test(tc, anchors, 0, static_cast<int>(std::size(kAnchors)));
  tcase_add_loop_test(tc, clocks, 0, static_cast<int>(std::size(kClocks)));
  tcase_add_test(tc, key_tags);
  tcase_add_test(tc, marks_of_automatic_updates);
  tcase_add_test(tc, keys_that_sign_keys);
  Suite* suite = suite_create("dns_findings");
  suite_add_tcase(suite, tc);
  return suite;
}

}  // namespace

int main() {
  return run_suite(suite());
}

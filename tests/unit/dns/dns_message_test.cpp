// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/dns_message.h"

#include <iterator>

#include "dns/signature_times.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

constexpr std::uint16_t kId = 0xbeef;
const DnsQuestion kMx{"a.lab", RrType::Mx};

void put16(Bytes& to, unsigned value) {
  to.push_back(static_cast<std::uint8_t>(value >> 8));
  to.push_back(static_cast<std::uint8_t>(value & 0xff));
}

void put(Bytes& to, const Bytes& more) {
  to.insert(to.end(), more.begin(), more.end());
}

// Builds a reply record by record; owners and rdata are given in wire form.
struct Reply {
  Bytes message;
  unsigned answers = 0, additional = 0;

  explicit Reply(const DnsQuestion& question, std::uint8_t octet2 = 0x81,
                 std::uint8_t octet3 = 0x80) {
    message = make_query(kId, question);
    message.resize(message.size() - 11);  // the OPT record
    message[2] = octet2;
    message[3] = octet3;
    message[11] = 0;
  }

  Reply& record(const Bytes& owner, unsigned type, unsigned ttl, const Bytes& rdata,
                unsigned rr_class = 1) {
    put(message, owner);
    put16(message, type);
    put16(message, rr_class);
    put16(message, ttl >> 16);
    put16(message, ttl & 0xffff);
    put16(message, static_cast<unsigned>(rdata.size()));
    put(message, rdata);
    message[7] = static_cast<std::uint8_t>(++answers);
    return *this;
  }

  // Moves the last record to the additional section.
  Reply& last_is_additional() {
    message[7] = static_cast<std::uint8_t>(--answers);
    message[11] = static_cast<std::uint8_t>(++additional);
    return *this;
  }
};

// "a.lab" is at octet 12 of every reply here.
const Bytes kOwner = {0xc0, 12};
const Bytes kMxRdata = {0, 10, 2, 'M', 'X', 0xc0, 14};  // mx.lab, compressed
const Bytes kMxPlain = {0, 10, 2, 'm', 'x', 3, 'l', 'a', 'b', 0};
const Bytes kB = {1, 'b', 3, 'l', 'a', 'b', 0};

Bytes numbered(unsigned n) {
  return {2, 'n', static_cast<std::uint8_t>('a' + n), 0};
}

Reply chain(unsigned links) {
  Reply reply(kMx);
  reply.record(kOwner, 5, 100, numbered(0));
  for (unsigned i = 1; i < links; ++i) reply.record(numbered(i - 1), 5, 100, numbered(i));
  reply.record(numbered(links - 1), 15, 200, kMxRdata);
  return reply;
}

DnsReply read(const Reply& reply) {
  return assert_ok(read_reply(reply.message, kMx));
}

struct Malformed {
  const char* name;
  Bytes message;
};

Bytes cut(const Bytes& message, std::size_t octets) {
  return {message.begin(), message.end() - static_cast<long>(octets)};
}

std::vector<Malformed> malformed() {
  const Bytes good = Reply(kMx).record(kOwner, 15, 60, kMxRdata).message;
  return {
      {"no octet", {}},
      {"a short header", cut(good, good.size() - 11)},
      {"one octet missing", cut(good, 1)},
      {"a record missing", cut(good, 19)},
      {"a pointer to itself", Reply(kMx).record({0xc0, 23}, 15, 60, kMxRdata).message},
      {"a pointer ahead", Reply(kMx).record({0xc0, 40}, 15, 60, kMxRdata).message},
      {"pointers in a circle",
       Reply(kMx).record(kOwner, 15, 60, {0, 10, 1, 'x', 0xc0, 37}).message},
      {"half a pointer", Reply(kMx).record(kOwner, 5, 60, {0xc0}).message},
      {"a reserved label type", Reply(kMx).record({0x40, 0}, 15, 60, kMxRdata).message},
      {"MX without a name", Reply(kMx).record(kOwner, 15, 60, {0, 10}).message},
      {"MX of one octet", Reply(kMx).record(kOwner, 15, 60, {0}).message},
      {"MX with a tail", Reply(kMx).record(kOwner, 15, 60, {0, 10, 1, 'x', 0, 0}).message},
      {"a name that leaves its rdata", Reply(kMx).record(kOwner, 15, 60, {0, 10, 3, 'm'}).message},
      {"an empty CNAME", Reply(kMx).record(kOwner, 5, 60, {}).message},
      {"broken behind the answers",
       cut(Reply(kMx).record(kOwner, 1, 60, {1, 2, 3, 4}).last_is_additional().message, 1)},
  };
}

}  // namespace

START_TEST(refuses_malformed_replies) {  // tests D-002
  for (const auto& row : malformed()) {
    auto reply = read_reply(row.message, kMx);
    ck_assert_msg(!reply, "%s: read", row.name);
    assert_error(reply, ErrorKind::DnsFailure);
  }
}
END_TEST

START_TEST(every_prefix_is_refused) {
  const Bytes good = Reply(kMx).record(kOwner, 15, 60, kMxRdata).message;
  assert_ok(read_reply(good, kMx));
  for (std::size_t octets = 1; octets <= good.size(); ++octets)
    assert_error(read_reply(cut(good, octets), kMx), ErrorKind::DnsFailure);
}
END_TEST

START_TEST(a_name_over_255_octets) {
  Bytes label(64, 'a');
  label[0] = 63;
  Bytes name;
  for (int i = 0; i < 4; ++i) put(name, label);
  name.push_back(0);
  assert_error(read_reply(Reply(kMx).record(name, 15, 60, kMxRdata).message, kMx),
               ErrorKind::DnsFailure);
}
END_TEST

// tests D-057: the name goes out as it is
START_TEST(the_query) {
  const Bytes expected = {0xbe, 0xef, 0x01, 0x20, 0,   1,   0, 0,    0,  0, 0,
                          1,  // RD and AD, one OPT
                          1,    'a',  3,    'l',  'a', 'b', 0, 0,    15, 0, 1,   // a.lab MX IN
                          0,    0,    41,   4,    208, 0,   0, 0x80, 0,  0, 0};  // 1232 octets, DO
  ck_assert(make_query(kId, {"A.lab", RrType::Mx}) == expected);
  ck_assert_uint_eq(make_query(kId, {"", RrType::Dnskey}).size(), 12 + 1 + 4 + 11);
  const auto plain = make_query(kId, {"", RrType::Dnskey}, Edns::Left);
  ck_assert_uint_eq(plain.size(), 12 + 1 + 4);
  ck_assert_uint_eq(plain[11], 0);  // no additional record
}
END_TEST

START_TEST(only_our_reply_counts) {  // RFC 5452 9.1
  const Bytes good = Reply(kMx).message;
  ck_assert(is_reply_to(good, kId, kMx));
  ck_assert(!is_reply_to(good, kId + 1, kMx));
  ck_assert(!is_reply_to(good, kId, {"b.lab", RrType::Mx}));
  ck_assert(!is_reply_to(good, kId, {"a.lab", RrType::A}));
  ck_assert(!is_reply_to(make_query(kId, kMx), kId, kMx));      // our own query, sent back
  ck_assert(!is_reply_to(Reply(kMx, 0x89).message, kId, kMx));  // another opcode
  for (std::size_t octets = 1; octets <= good.size(); ++octets)
    ck_assert(!is_reply_to(cut(good, octets), kId, kMx));
  Bytes two_questions = good;
  two_questions[5] = 2;
  ck_assert(!is_reply_to(two_questions, kId, kMx));
  Bytes other_class = good;
  other_class.back() = 3;
  ck_assert(!is_reply_to(other_class, kId, kMx));
  Bytes upper_case = good;
  upper_case[13] = 'A';
  ck_assert(is_reply_to(upper_case, kId, kMx));
}
END_TEST

START_TEST(records_of_the_question) {
  auto reply = read(Reply(kMx, 0x81, 0xa0)
                        .record(kOwner, 15, 60, kMxRdata)
                        .record(kOwner, 46, 60, {1, 2, 3})    // RRSIG
                        .record(kOwner, 15, 60, kMxRdata, 3)  // class CHAOS
                        .record(kB, 15, 60, {0, 20, 0})       // another owner
                        .record(kOwner, 15, 30, {0, 20, 0}));
  ck_assert(reply.authentic);
  ck_assert_int_eq(reply.rcode, 0);
  ck_assert_uint_eq(reply.records.size(), 2);
  ck_assert(reply.records[0] == kMxPlain);
  ck_assert_uint_eq(reply.ttl, 30);
  assert_text(reply.canonical, "a.lab");
}
END_TEST

START_TEST(flags) {
  ck_assert(!read(Reply(kMx)).authentic);
  ck_assert(read(Reply(kMx, 0x83)).truncated);
  ck_assert_int_eq(read(Reply(kMx, 0x81, 0x82)).rcode, 2);
  ck_assert_int_eq(read(Reply(kMx, 0x81, 0x83)).rcode, 3);
  ck_assert_uint_eq(read(Reply(kMx)).records.size(), 0);
  // BADVERS: all of its rcode but zero is in the OPT record (RFC 6891 6.1.3)
  auto badvers = Reply(kMx).record({0}, 41, 1U << 24, {}, 1232).last_is_additional();
  ck_assert_int_eq(read(badvers).rcode, 16);
  ck_assert(read(badvers).edns && !read(Reply(kMx)).edns);
  // RFC 2181 8
  ck_assert_uint_eq(read(Reply(kMx).record(kOwner, 15, 0x80000001U, kMxRdata)).ttl, 0);
}
END_TEST

START_TEST(cname_chains) {  // tests D-008, D-013
  auto reply = read(chain(1));
  assert_text(reply.canonical, "na");
  ck_assert_uint_eq(reply.records.size(), 1);
  ck_assert_uint_eq(reply.ttl, 100);
  ck_assert_uint_eq(read(chain(16)).records.size(), 1);
  assert_error(read_reply(chain(17).message, kMx), ErrorKind::DnsFailure);
  auto loop = Reply(kMx).record(kOwner, 5, 60, kB).record(kB, 5, 60, kOwner);
  assert_error(read_reply(loop.message, kMx), ErrorKind::DnsFailure);

  // A question for the CNAME itself is not followed.
  DnsQuestion question{"a.lab", RrType::Cname};
  auto link = Reply(question).record(kOwner, 5, 60, kB).record(kB, 5, 60, kOwner);
  auto single = assert_ok(read_reply(link.message, question));
  ck_assert_uint_eq(single.records.size(), 1);
  ck_assert(single.records[0] == kB);
  assert_text(single.canonical, "a.lab");
}
END_TEST

struct SignatureRow {
  const char* what;
  std::vector<Bytes> signatures;
  std::uint32_t seconds;
};

// Original TTL, end, begin; at 1000.
Bytes signature(std::uint32_t ttl, std::uint32_t end, std::uint32_t begin = 900) {
  Bytes rdata{0, 1, 13, 2};
  for (std::uint32_t part : {ttl, end, begin})
    for (unsigned shift : {24U, 16U, 8U, 0U})
      rdata.push_back(static_cast<std::uint8_t>(part >> shift));
  put(rdata, {0, 0, 0});
  return rdata;
}

const SignatureRow kSignatureRows[] = {
    {"none", {}, 0},
    {"the original TTL", {signature(300, 5000)}, 300},
    {"the end", {signature(300, 1100)}, 100},
    {"the least of two", {signature(300, 5000), signature(200, 5000)}, 200},
    {"one that has ended", {signature(300, 5000), signature(300, 999)}, 0},
    {"its last moment", {signature(300, 1000)}, 0},
    {"half the circle of numbers away", {signature(300, 0x800003e9)}, 0},
    {"cut short", {Bytes(11, 0)}, 0},
};

START_TEST(how_long_by_its_signatures) {
  const auto& row = kSignatureRows[_i];
  Reply reply(kMx);
  reply.record({0xc0, 12}, 1, 60, {192, 0, 2, 1});
  for (const auto& rdata : row.signatures) reply.record({0xc0, 12}, 46, 60, rdata);
  ck_assert_msg(kept_by_signatures(reply.message, 1000) == row.seconds, "%s", row.what);
  for (std::size_t size = 0; size < reply.message.size(); ++size)
    ck_assert(kept_by_signatures(ByteView(reply.message).first(size), 1000) == 0);
}
END_TEST

// AD speaks of the answer and the authority section alone (RFC 4035 3.2.3).
START_TEST(records_of_the_additional_section_are_no_answer) {
  Reply reply(kMx, 0x81, 0xa0);
  reply.record(kOwner, 15, 60, kMxRdata).last_is_additional();
  reply.record(kOwner, 5, 60, kB).last_is_additional();
  const auto said = read(reply);
  ck_assert(said.authentic && said.records.empty());
  assert_text(said.canonical, "a.lab");
}
END_TEST

START_TEST(signatures_of_the_additional_section_do_not_count) {
  Reply reply(kMx);
  reply.record({0xc0, 12}, 46, 60, signature(300, 5000));
  reply.record({0xc0, 12}, 46, 60, signature(10, 5000)).last_is_additional();
  ck_assert_uint_eq(kept_by_signatures(reply.message, 1000), 300);
}
END_TEST

START_TEST(what_signatures_have_in_common) {
  Reply reply(kMx);
  ck_assert(!signature_times(reply.message) && !signature_times({}));
  reply.record({0xc0, 12}, 46, 60, Bytes(15, 0));  // cut short: it says nothing
  ck_assert(!signature_times(reply.message));
  reply.record({0xc0, 12}, 46, 60, signature(300, 5000, 700));
  reply.record({0xc0, 12}, 46, 60, signature(300, 4000, 600));
  reply.record({0xc0, 12}, 46, 60, signature(300, 1, 900)).last_is_additional();
  const auto times = signature_times(reply.message);
  ck_assert(times && times->from == 700 && times->until == 4000);
  for (std::size_t size = 0; size < 40; ++size)
    ck_assert(!signature_times(ByteView(reply.message).first(size)));
}
END_TEST

START_TEST(names_in_rdata) {
  assert_text(assert_ok(rdata_name_text(Bytes{0})), "");
  assert_text(assert_ok(rdata_name_text(Bytes{2, 'M', 'x', 3, 'l', 'a', 'b', 0})), "mx.lab");
  assert_text(assert_ok(rdata_name_text(Bytes{3, 'a', '.', 'b', 0})), "a\\046b");
  assert_text(assert_ok(rdata_name_text(Bytes{2, 0, 0xe9, 0})), "\\000\\233");
  for (const Bytes& bad :
       {Bytes{}, Bytes{1}, Bytes{1, 'a'}, Bytes{1, 'a', 0, 0}, Bytes{0xc0, 12}, Bytes{2, 'a', 0}})
    assert_error(rdata_name_text(bad), ErrorKind::DnsFailure);
}
END_TEST

int main() {
  Suite* suite = suite_create("dns_message");
  TCase* tc = tcase_create("wire");
  tcase_add_test(tc, refuses_malformed_replies);
  tcase_add_test(tc, every_prefix_is_refused);
  tcase_add_test(tc, a_name_over_255_octets);
  tcase_add_test(tc, the_query);
  tcase_add_test(tc, only_our_reply_counts);
  tcase_add_test(tc, records_of_the_question);
  tcase_add_test(tc, flags);
  tcase_add_test(tc, cname_chains);
  tcase_add_test(tc, names_in_rdata);
  tcase_add_test(tc, what_signatures_have_in_common);
  tcase_add_loop_test(tc, how_long_by_its_signatures, 0,
                      static_cast<int>(std::size(kSignatureRows)));
  tcase_add_test(tc, records_of_the_additional_section_are_no_answer);
  tcase_add_test(tc, signatures_of_the_additional_section_do_not_count);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/answer_record.h"

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

using Said = Result<Answer<Bytes>>;

Said answer(DnsSecurity security, std::vector<Bytes> records, bool nxdomain = false) {
  return Answer<Bytes>{security, std::move(records), assert_ok(DnsName::parse("end.lab")), 60,
                       nxdomain};
}

struct Row {
  const char* what;
  Said said;
};

const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
      {"secure", answer(DnsSecurity::Secure, {{1, 2}, {}, Bytes(300, 7)})},
      {"insecure", answer(DnsSecurity::Insecure, {{192, 0, 2, 1}})},
      {"NODATA", answer(DnsSecurity::Secure, {})},
      {"NXDOMAIN", answer(DnsSecurity::Insecure, {}, true)},
      {"bogus", tl::unexpected(Error{ErrorKind::DnsBogus, "A of a.lab: no signatures"})},
      {"failed", tl::unexpected(Error{ErrorKind::DnsFailure, "A of a.lab: SERVFAIL"})},
  };
  return all;
}

bool same(const Said& one, const Said& other) {
  if (one.has_value() != other.has_value()) return false;
  if (!one) return one.error() == other.error();
  return one->security == other->security && one->records == other->records &&
         one->canonical == other->canonical && one->ttl == other->ttl &&
         one->nxdomain == other->nxdomain;
}

}  // namespace

START_TEST(what_was_said) {
  const Row& row = rows()[static_cast<std::size_t>(_i)];
  const auto read = said_by(record_of(row.said), 60);
  ck_assert_msg(read && same(*read, row.said), "%s", row.what);
}
END_TEST

START_TEST(part_of_it_is_nothing) {  // tests D-002
  const Row& row = rows()[static_cast<std::size_t>(_i)];
  const Bytes record = record_of(row.said);
  for (std::size_t size = 0; size < record.size(); ++size) {
    const auto read = said_by(ByteView(record).first(size), 60);
    // A shorter list of records has a form of its own: the slot's checksum holds it together.
    if (read && *read && row.said)
      ck_assert_uint_lt((*read)->records.size(), row.said->records.size());
    else
      ck_assert_msg(!read, "%s: %zu octets", row.what, size);
  }
}
END_TEST

START_TEST(other_forms_are_nothing) {
  for (const Bytes& record :
       {Bytes{}, Bytes{0}, Bytes{5, 0, 0, 1, 'a'}, Bytes{1}, Bytes{1, 2, 0, 1, 'a'},
        Bytes{1, 0, 0, 0}, Bytes{1, 1, 0, 1, 'a', 0, 1, 9}, Bytes{3, 0, 1, 'x', 0}})
    ck_assert(!said_by(record, 60));
}
END_TEST

START_TEST(too_long_is_no_record) {
  ck_assert(record_of(answer(DnsSecurity::Secure, {Bytes(65536, 1)})).empty());
}
END_TEST

int main() {
  Suite* suite = suite_create("answer_record");
  TCase* all = tcase_create("all");
  const int count = static_cast<int>(rows().size());
  tcase_add_loop_test(all, what_was_said, 0, count);
  tcase_add_loop_test(all, part_of_it_is_nothing, 0, count);
  tcase_add_test(all, other_forms_are_nothing);
  tcase_add_test(all, too_long_is_no_record);
  suite_add_tcase(suite, all);
  return run_suite(suite);
}

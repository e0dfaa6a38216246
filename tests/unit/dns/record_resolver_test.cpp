// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/record_resolver.h"

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

DnsName name(const char* text) {
  return assert_ok(DnsName::parse(text));
}

// Gives one answer to every question and notes the type that was asked for.
class OneAnswer final : public RecordSource {
 public:
  OneAnswer(Result<Answer<Bytes>> answer, RrType& asked)
      : answer_(std::move(answer)), asked_(asked) {}
  Result<Answer<Bytes>> ask(const DnsName&, RrType type, Deadline) override {
    asked_ = type;
    return answer_;
  }
  void expect(const DnsName&, RrType type, const Next&, Deadline) override { asked_ = type; }

 private:
  Result<Answer<Bytes>> answer_;
  RrType& asked_;
};

struct Asked {
  RrType type = RrType::Dnskey;
  RecordResolver resolver;

  explicit Asked(std::vector<Bytes> records)
      : resolver(std::make_unique<OneAnswer>(Answer<Bytes>{DnsSecurity::Secure, std::move(records),
                                                           name("end.lab"), 60, false},
                                             type),
                 std::chrono::seconds(20)) {}
  explicit Asked(Error error)
      : resolver(std::make_unique<OneAnswer>(tl::unexpected(error), type),
                 std::chrono::seconds(20)) {}
};

const DnsName& host() {
  static const DnsName value = name("a.lab");
  return value;
}

}  // namespace

START_TEST(errors_stay_errors) {  // tests D-002
  for (ErrorKind kind : {ErrorKind::DnsBogus, ErrorKind::DnsFailure, ErrorKind::BadInput}) {
    Asked dns(Error{kind, "no"});
    assert_error(dns.resolver.mx(host()), kind);
    assert_error(dns.resolver.addresses(host(), AddressFamily::Inet), kind);
    assert_error(dns.resolver.tlsa(host()), kind);
    assert_error(dns.resolver.cname(host()), kind);
    assert_error(dns.resolver.txt(host()), kind);
  }
}
END_TEST

START_TEST(no_question_is_asked_after_the_limit) {  // tests D-013
  Asked dns(std::vector<Bytes>{Bytes(35, 1)});
  dns.resolver.limit(Deadline::in(std::chrono::seconds(0)));
  auto error = assert_error(dns.resolver.tlsa(host()), ErrorKind::DnsFailure);
  assert_contains(error.text, "TLSA of a.lab: the time for look-ups is used up");
  ck_assert(dns.type == RrType::Dnskey);  // as before: nobody was asked
  dns.resolver.limit(Deadline::in(std::chrono::minutes(1)));
  assert_ok(dns.resolver.tlsa(host()));
}
END_TEST

START_TEST(nothing_is_announced_after_the_limit) {  // tests D-013
  Asked dns(std::vector<Bytes>{Bytes(35, 1)});
  dns.resolver.limit(Deadline::in(std::chrono::seconds(0)));
  dns.resolver.expect_addresses(host(), {});
  ck_assert(dns.type == RrType::Dnskey);  // as before
  dns.resolver.limit(Deadline::in(std::chrono::minutes(1)));
  dns.resolver.expect_addresses(host(), {});
  ck_assert(dns.type == RrType::Aaaa);  // the last of the two
}
END_TEST

START_TEST(malformed_rdata) {
  const Bytes bad_mx[] = {{}, {0}, {0, 10}, {0, 10, 3, 'm', 'x'}, {0, 10, 0, 0}};
  for (const auto& rdata : bad_mx) {
    Asked dns({{0, 5, 0}, rdata});  // one broken record breaks the answer
    auto error = assert_error(dns.resolver.mx(host()), ErrorKind::DnsFailure);
    assert_contains(error.text, "MX of a.lab");
  }
  const Bytes bad_address[] = {{}, {1, 2, 3}, {1, 2, 3, 4, 5}, Bytes(15, 1), Bytes(17, 1)};
  for (const auto& rdata : bad_address) {
    Asked dns({rdata});
    assert_error(dns.resolver.addresses(host(), AddressFamily::Inet), ErrorKind::DnsFailure);
    assert_error(dns.resolver.addresses(host(), AddressFamily::Inet6), ErrorKind::DnsFailure);
  }
  Asked six_for_four({Bytes(16, 1)});
  assert_error(six_for_four.resolver.addresses(host(), AddressFamily::Inet), ErrorKind::DnsFailure);
  const Bytes bad_name[] = {{}, {0}, {1, 'a'}, {64, 'a', 0}};
  for (const auto& rdata : bad_name) {
    Asked dns({rdata});
    assert_error(dns.resolver.cname(host()), ErrorKind::DnsFailure);
  }
  const Bytes bad_text[] = {{1}, {3, 'a', 'b'}, {1, 'a', 2, 'b'}};
  for (const auto& rdata : bad_text) {
    Asked dns({rdata});
    assert_error(dns.resolver.txt(host()), ErrorKind::DnsFailure);
  }
}
END_TEST

START_TEST(bounds) {  // tests D-013: exceeding is an error, never a shorter answer
  const Bytes mx = {0, 10, 1, 'm', 0};
  ck_assert_uint_eq(assert_ok(Asked(std::vector(300, mx)).resolver.mx(host())).records.size(), 300);
  assert_error(Asked(std::vector(301, mx)).resolver.mx(host()), ErrorKind::DnsFailure);
  std::vector<Bytes> half{Bytes(32768, 3), Bytes(32768, 3)};
  ck_assert_uint_eq(assert_ok(Asked(half).resolver.tlsa(host())).records.size(), 2);
  half.push_back({3});
  assert_error(Asked(half).resolver.tlsa(host()), ErrorKind::DnsFailure);
}
END_TEST

START_TEST(good_records) {
  Asked mx({{1, 2, 2, 'M', 'x', 3, 'l', 'a', 'b', 0}, {0, 0, 0}});
  auto exchanges = assert_ok(mx.resolver.mx(host()));
  ck_assert(mx.type == RrType::Mx);
  ck_assert(exchanges.records == (std::vector<MxRecord>{{258, "mx.lab"}, {0, ""}}));
  ck_assert(exchanges.secure());
  assert_text(exchanges.canonical.text(), "end.lab");
  ck_assert_uint_eq(exchanges.ttl, 60);

  Asked inet({{192, 0, 2, 1}});
  auto addresses = assert_ok(inet.resolver.addresses(host(), AddressFamily::Inet));
  ck_assert(inet.type == RrType::A);
  assert_text(addresses.records.at(0), "192.0.2.1");

  Asked inet6({{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}});
  addresses = assert_ok(inet6.resolver.addresses(host(), AddressFamily::Inet6));
  ck_assert(inet6.type == RrType::Aaaa);
  assert_text(addresses.records.at(0), "2001:db8::1");

  Asked tlsa({{}, {3}, {3, 1, 1, 7}});  // tests D-066: passed on unread
  ck_assert_uint_eq(assert_ok(tlsa.resolver.tlsa(host())).records.size(), 3);
  ck_assert(tlsa.type == RrType::Tlsa);

  Asked cname({{1, 'B', 3, 'l', 'a', 'b', 0}});
  assert_text(assert_ok(cname.resolver.cname(host())).records.at(0).text(), "b.lab");
  ck_assert(cname.type == RrType::Cname);

  Asked txt({{1, 'a', 0, 2, 'b', ' '}, {}, {1, 0xff}});
  ck_assert(assert_ok(txt.resolver.txt(host())).records ==
            (std::vector<std::string>{"ab ", "", "\xff"}));
  ck_assert(txt.type == RrType::Txt);
}
END_TEST

// Without a usable trust anchor there is no answer at all, least of all an insecure one, and no
// query.
// tests D-014, D-164
START_TEST(no_anchor_no_answer) {
  auto settings =
      assert_ok(parse_resolver_options({"forward:127.0.0.1@1", "", "/nonexistent/key"}));
  auto resolver = make_resolver(settings);
  for (int i = 0; i < 2; ++i) {
    auto error = assert_error(resolver->mx(host()), ErrorKind::BadInput);
    assert_contains(error.text, "/nonexistent/key");
  }
}
END_TEST

int main() {
  Suite* suite = suite_create("record_resolver");
  TCase* tc = tcase_create("records");
  tcase_add_test(tc, errors_stay_errors);
  tcase_add_test(tc, no_question_is_asked_after_the_limit);
  tcase_add_test(tc, nothing_is_announced_after_the_limit);
  tcase_add_test(tc, malformed_rdata);
  tcase_add_test(tc, bounds);
  tcase_add_test(tc, good_records);
  tcase_add_test(tc, no_anchor_no_answer);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

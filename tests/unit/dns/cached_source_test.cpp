// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/cached_source.h"

#include "fakes/fake_store.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

DnsName name(const char* text) {
  return assert_ok(DnsName::parse(text));
}

class Script final : public RecordSource {
 public:
  Script(Result<Answer<Bytes>> says, int& asked, std::string& expected)
      : says_(std::move(says)), asked_(asked), expected_(expected) {}
  Result<Answer<Bytes>> ask(const DnsName&, RrType, Deadline) override {
    ++asked_;
    return says_;
  }
  void expect(const DnsName& of, RrType type, const Next& next, Deadline) override {
    expected_ += question_text({of.text(), type}) + ";";
    const auto owner = next && says_ ? next(*says_) : std::nullopt;
    if (owner) expected_ += "then " + owner->text() + ";";
  }

 private:
  Result<Answer<Bytes>> says_;
  int& asked_;
  std::string& expected_;
};

struct Cached {
  FakeStore store;
  int asked = 0;
  std::string expected;

  CachedSource source(Result<Answer<Bytes>> says, Bytes identity = Bytes(16, 1)) {
    return {store, std::move(identity), std::make_unique<Script>(std::move(says), asked, expected)};
  }
};

Answer<Bytes> answer(std::uint32_t ttl, DnsSecurity security = DnsSecurity::Secure) {
  return {security, {{1, 2, 3}}, name("a.lab"), ttl, false};
}

Deadline soon() {
  return Deadline::in(std::chrono::seconds(10));
}

Error error(ErrorKind kind, bool for_operator = false) {
  return {kind, "no", for_operator};
}

struct Row {
  const char* what;
  Result<Answer<Bytes>> says;
  int seconds;  // that it is kept for; 0: not at all
};

const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
      {"bogus", tl::unexpected(error(ErrorKind::DnsBogus)), 3},
      {"SERVFAIL", tl::unexpected(error(ErrorKind::DnsFailure)), 3},
      {"validation does not work", tl::unexpected(error(ErrorKind::DnsBogus, true)), 0},
      {"no thread", tl::unexpected(error(ErrorKind::DnsFailure, true)), 0},
      {"a file", tl::unexpected(error(ErrorKind::BadInput)), 0},
      {"internal", tl::unexpected(error(ErrorKind::Internal)), 0},
      {"TTL 0", answer(0), 0},
      {"TTL 1", answer(1), 1},
      {"insecure", answer(60, DnsSecurity::Insecure), 60},
      {"a day", answer(86400), 3600},
      {"the longest", answer(0xffffffff), 3600},
      {"NODATA", Answer<Bytes>{DnsSecurity::Secure, {}, name("a.lab"), 30, false}, 30},
  };
  return all;
}

}  // namespace

// tests D-011
START_TEST(how_long) {
  const Row& row = rows()[static_cast<std::size_t>(_i)];
  Cached cached;
  auto source = cached.source(row.says);
  const auto first = source.ask(name("a.lab"), RrType::A, soon());
  const auto second = source.ask(name("a.lab"), RrType::A, soon());
  ck_assert_msg(cached.asked == (row.seconds ? 1 : 2), "%s", row.what);
  ck_assert_msg(cached.store.entries.empty() == (row.seconds == 0), "%s", row.what);
  if (row.seconds) ck_assert_int_eq(cached.store.entries.begin()->second.left.count(), row.seconds);
  ck_assert_int_eq(first.has_value(), row.says.has_value());
  ck_assert_int_eq(second.has_value(), row.says.has_value());
  if (!row.says) {
    ck_assert(second.error() == row.says.error());
  } else if (row.seconds) {
    ck_assert(second->security == row.says->security);
    ck_assert_uint_eq(second->ttl, static_cast<unsigned>(row.seconds));
  }
}
END_TEST

START_TEST(each_question_has_its_own) {
  Cached cached;
  auto source = cached.source(answer(60));
  for (const char* of : {"a.lab", "b.lab", "xa.lab"})
    for (RrType type : {RrType::A, RrType::Aaaa, RrType::Mx, RrType::Tlsa, RrType::Cname})
      assert_ok(source.ask(name(of), type, soon()));
  ck_assert_int_eq(cached.asked, 15);
  ck_assert_uint_eq(cached.store.entries.size(), 15);
}
END_TEST

START_TEST(another_resolver_asks_for_itself) {
  Cached cached;
  assert_ok(cached.source(answer(60), Bytes(16, 1)).ask(name("a.lab"), RrType::A, soon()));
  const auto other = cached.source(tl::unexpected(Error{ErrorKind::DnsBogus, "no"}), Bytes(16, 2))
                         .ask(name("a.lab"), RrType::A, soon());
  assert_error(other, ErrorKind::DnsBogus);
  ck_assert_int_eq(cached.asked, 2);
}
END_TEST

START_TEST(what_cannot_be_read_is_asked) {
  Cached cached;
  assert_ok(cached.source(answer(60)).ask(name("a.lab"), RrType::A, soon()));
  for (auto& entry : cached.store.entries) entry.second.value = {9, 9, 9};
  assert_ok(cached.source(answer(60)).ask(name("a.lab"), RrType::A, soon()));
  ck_assert_int_eq(cached.asked, 2);
  assert_ok(cached.source(answer(60)).ask(name("a.lab"), RrType::A, soon()));
  ck_assert_int_eq(cached.asked, 2);  // mended
}
END_TEST

START_TEST(no_time_says_nothing_of_the_dns) {
  Cached cached;
  auto source = cached.source(tl::unexpected(Error{ErrorKind::DnsFailure, "no answer in time"}));
  assert_error(source.ask(name("a.lab"), RrType::A, Deadline::in(std::chrono::milliseconds(0))),
               ErrorKind::DnsFailure);
  ck_assert(cached.store.entries.empty());
}
END_TEST

// Of a question that may go unanswered: that is kept for as long as is said, and nothing else.
START_TEST(silence_may_be_kept) {
  Cached cached;
  const auto none = Deadline::in(std::chrono::milliseconds(0));
  const auto ask = [&](const Result<Answer<Bytes>>& says, Deadline deadline) {
    cached.store.entries.clear();
    CachedSource source(cached.store, Bytes(16, 1),
                        std::make_unique<Script>(says, cached.asked, cached.expected),
                        std::chrono::minutes(10));
    for (int i = 0; i < 2; ++i)
      ck_assert(source.ask(name("a.lab"), RrType::Txt, deadline).has_value() == says.has_value());
    return cached.store.entries.empty() ? 0 : cached.store.entries.begin()->second.left.count();
  };
  ck_assert_int_eq(ask(tl::unexpected(error(ErrorKind::DnsFailure)), none), 600);
  ck_assert_int_eq(cached.asked, 1);
  ck_assert_int_eq(ask(tl::unexpected(error(ErrorKind::DnsFailure)), soon()), 3);
  ck_assert_int_eq(ask(tl::unexpected(error(ErrorKind::DnsFailure, true)), none), 0);
  ck_assert_int_eq(ask(tl::unexpected(error(ErrorKind::Internal)), none), 0);
  ck_assert_int_eq(ask(answer(60), none), 60);
}
END_TEST

START_TEST(the_question_of_an_entry) {
  Cached cached;
  assert_ok(cached.source(answer(60)).ask(name("a.lab"), RrType::Tlsa, soon()));
  const auto question = question_of(cached.store.entries.begin()->first.second);
  ck_assert(question.has_value());
  ck_assert(question->type == RrType::Tlsa);
  assert_text(question->name, "a.lab");
  ck_assert(!question_of(Bytes(17, 1)));
}
END_TEST

START_TEST(only_what_is_unknown_is_announced) {
  const auto next = [](const Answer<Bytes>&) { return std::optional(name("t.lab")); };
  Cached cached;
  auto source = cached.source(answer(60));
  source.expect(name("a.lab"), RrType::A, next, soon());
  assert_text(cached.expected, "A of a.lab;then t.lab;");
  ck_assert(cached.store.entries.empty());

  cached.expected.clear();
  assert_ok(source.ask(name("a.lab"), RrType::A, soon()));
  source.expect(name("a.lab"), RrType::A, next, soon());
  assert_text(cached.expected, "TLSA of t.lab;");
  cached.expected.clear();
  source.expect(name("a.lab"), RrType::A, {}, soon());
  assert_text(cached.expected, "");

  assert_ok(source.ask(name("t.lab"), RrType::Tlsa, soon()));
  source.expect(name("a.lab"), RrType::A, next, soon());
  assert_text(cached.expected, "");
  source.expect(name("b.lab"), RrType::A, next, soon());
  assert_text(cached.expected, "A of b.lab;");
  ck_assert_int_eq(cached.asked, 2);
}
END_TEST

START_TEST(a_kept_failure_leads_nowhere) {
  Cached cached;
  auto source = cached.source(tl::unexpected(error(ErrorKind::DnsBogus)));
  assert_error(source.ask(name("a.lab"), RrType::A, soon()), ErrorKind::DnsBogus);
  source.expect(
      name("a.lab"), RrType::A,
      [](const Answer<Bytes>& said) { return std::optional(said.canonical); }, soon());
  assert_text(cached.expected, "");
}
END_TEST

START_TEST(no_store) {
  NoStore none;
  int asked = 0;
  std::string expected;
  CachedSource source(none, {}, std::make_unique<Script>(answer(60), asked, expected));
  assert_ok(source.ask(name("a.lab"), RrType::A, soon()));
  assert_ok(source.ask(name("a.lab"), RrType::A, soon()));
  ck_assert_int_eq(asked, 2);
}
END_TEST

int main() {
  Suite* suite = suite_create("cached_source");
  TCase* all = tcase_create("all");
  tcase_add_loop_test(all, how_long, 0, static_cast<int>(rows().size()));
  tcase_add_test(all, each_question_has_its_own);
  tcase_add_test(all, another_resolver_asks_for_itself);
  tcase_add_test(all, what_cannot_be_read_is_asked);
  tcase_add_test(all, no_time_says_nothing_of_the_dns);
  tcase_add_test(all, silence_may_be_kept);
  tcase_add_test(all, the_question_of_an_entry);
  tcase_add_test(all, only_what_is_unknown_is_announced);
  tcase_add_test(all, a_kept_failure_leads_nowhere);
  tcase_add_test(all, no_store);
  suite_add_tcase(suite, all);
  return run_suite(suite);
}

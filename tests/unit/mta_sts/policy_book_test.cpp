// SPDX-License-Identifier: GPL-2.0-or-later
// What is said of a domain, how long, and when it is looked at again. The time is the test's.
#include "policy_book.h"

#include "core/format.h"
#include "unit/own_directory.h"

using namespace danesmtp;
using namespace danesmtp::tool;
using namespace danesmtp::test;

namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const std::string kDomain = "dom.lab";
const StsFault kFault{StsFaultType::Fetch, "HTTP status 404"};

Finding published(const std::string& id, const char* mode, seconds max_age) {
  const auto text =
      format("version: STSv1\nmode: {}\nmx: {}.lab\nmax_age: {}\n", mode, id, max_age.count());
  return Published{id, text, assert_ok(parse_policy(text))};
}

struct Scene {
  OwnDirectory directory;
  PolicyFiles files = assert_ok(PolicyFiles::open(directory.path));
  std::string told;
  PolicyBook::Tell tell = [this](const std::string& line) { told += line + "|"; };
  WallTime now{seconds(1'700'000'000)};
  PolicyBook book{files, tell, now, 3};

  // As a client's question is treated; what a visit finds comes at once.
  std::string ask(const std::string& domain, const Finding& finding) {
    const auto known = book.answer(domain, now);
    if (const auto errand = book.errand_for(domain, now)) book.learn(domain, finding, now);
    return known ? *known : book.last_answer(domain, now);
  }
  // "" when nobody would go; "?" where any policy is fetched; else the id that need not be.
  std::string errand(const std::string& domain = kDomain) {
    const auto sent = book.errand_for(domain, now);
    if (!sent) return {};
    book.forget_errand(domain);
    return sent->known_id.value_or("?");
  }
  std::string known() { return book.answer(kDomain, now).value_or("?").substr(0, 21); }
};

}  // namespace

// tests D-233
START_TEST(a_policy_is_kept_for_its_time) {
  Scene scene;
  assert_text(scene.known(), "?");
  scene.ask(kDomain, published("one", "enforce", hours(2)));
  assert_text(scene.known(), "OK secure match=one.l");
  assert_contains(scene.told, "dom.lab: policy one: enforce, mx: one.lab");
  scene.now += hours(2) - seconds(1);
  assert_text(scene.known(), "OK secure match=one.l");
  scene.now += seconds(1);
  assert_text(scene.known(), "?");
  assert_contains(scene.told, "its policy is over");
  ck_assert(scene.files.all(10).empty());
}
END_TEST

START_TEST(the_record_is_looked_at_again) {
  Scene scene;
  assert_text(scene.errand(), "?");
  scene.ask(kDomain, published("one", "enforce", hours(100)));
  assert_text(scene.errand(), "");
  scene.now += kRecordKept;
  assert_text(scene.errand(), "one");
  scene.ask(kDomain, Unchanged{});
  assert_text(scene.errand(), "");
  scene.now += kRecordKept;
  scene.ask(kDomain, published("two", "testing", hours(100)));
  assert_text(scene.known(), "NOTFOUND policy_type=");
  // however the record reads, once a day
  scene.now += kRefetched;
  assert_text(scene.errand(), "?");
}
END_TEST

// tests D-233: RFC 8461 5.1
START_TEST(trouble_does_not_end_a_policy) {
  const Error bogus{ErrorKind::DnsBogus, "bogus"};
  for (const Finding& finding : {Finding(kFault), Finding(bogus), Finding(NoRecord{})}) {
    Scene scene;
    scene.ask(kDomain, published("one", "enforce", hours(24)));
    scene.now += kRecordKept;
    scene.ask(kDomain, finding);
    assert_text(scene.known(), "OK secure match=one.l");
    ck_assert_uint_eq(scene.files.all(10).size(), 1);
    assert_text(scene.errand(), "");
    scene.now += kFaultKept;
    assert_text(scene.errand(), "one");
    scene.ask(kDomain, Unchanged{});
    scene.now += hours(24);
    assert_text(scene.known(), "?");
  }
}
END_TEST

START_TEST(without_a_policy) {
  Scene scene;
  assert_text(scene.ask(kDomain, NoRecord{}), "NOTFOUND ");
  assert_text(scene.known(), "NOTFOUND ");
  scene.now += kRecordKept;
  assert_text(scene.known(), "?");
  assert_text(scene.book.last_answer(kDomain, scene.now), "NOTFOUND ");
}
END_TEST

// tests D-234: a fetch that failed is not tried again for five minutes
START_TEST(a_fault_is_remembered) {
  Scene scene;
  const auto told = scene.ask(kDomain, kFault);
  assert_text(told,
              "NOTFOUND policy_type=sts policy_domain=dom.lab failure_type=sts-policy-fetch-error "
              "{ failure_reason = HTTP status 404 }");
  assert_text(scene.told, "dom.lab: sts-policy-fetch-error: HTTP status 404|");
  scene.now += minutes(5) - seconds(1);
  assert_text(scene.errand(), "");
  assert_text(scene.ask(kDomain, NoRecord{}), told);
  scene.now += seconds(1);
  assert_text(scene.errand(), "?");
}
END_TEST

START_TEST(what_is_not_known) {
  Scene scene;
  assert_text(scene.book.last_answer(kDomain, scene.now), "TEMP the policy is being looked for");
  assert_text(scene.ask(kDomain, Error{ErrorKind::DnsFailure, "SERVFAIL\n"}), "TEMP SERVFAIL\\n");
  assert_text(scene.errand(), "");
  scene.now += kDnsFailureKept;
  assert_text(scene.errand(), "?");
}
END_TEST

START_TEST(one_visit_at_a_time) {
  Scene scene;
  ck_assert(scene.book.errand_for(kDomain, scene.now).has_value());
  ck_assert(!scene.book.errand_for(kDomain, scene.now));
  scene.book.forget_errand(kDomain);
  ck_assert(scene.book.errand_for(kDomain, scene.now).has_value());
}
END_TEST

// tests D-235: RFC 8461 8.3
// Its end comes before the record would be looked at again.
START_TEST(a_policy_for_a_minute) {
  Scene scene;
  scene.ask(kDomain, published("one", "enforce", seconds(60)));
  scene.now += seconds(60);
  assert_text(scene.known(), "?");
  assert_text(scene.errand(), "?");
  scene.ask(kDomain, published("one", "enforce", seconds(60)));
  scene.now += seconds(59);
  scene.book.learn(kDomain, kFault, scene.now);
  scene.now += seconds(1);
  assert_text(scene.known(), "NOTFOUND policy_type=");
  assert_text(scene.errand(), "");
}
END_TEST

START_TEST(removal) {
  Scene scene;
  scene.ask(kDomain, published("one", "enforce", hours(100)));
  scene.now += kRecordKept;
  scene.ask(kDomain, published("two", "none", hours(1)));
  assert_text(scene.known(), "NOTFOUND ");
  scene.now += hours(1);
  assert_text(scene.ask(kDomain, NoRecord{}), "NOTFOUND ");
  ck_assert(scene.files.all(10).empty());
  ck_assert(scene.book.refetches(scene.now + hours(1000), 10).empty());
}
END_TEST

START_TEST(a_max_age_of_nothing) {
  Scene scene;
  scene.ask(kDomain, published("one", "enforce", hours(100)));
  scene.now += kRecordKept;
  scene.ask(kDomain, published("two", "enforce", seconds(0)));
  assert_text(scene.known(), "NOTFOUND ");
  ck_assert(scene.files.all(10).empty());
}
END_TEST

START_TEST(fetched_anew_before_its_end) {
  Scene scene;
  scene.ask(kDomain, published("one", "enforce", hours(2)));
  scene.ask("year.lab", published("one", "testing", hours(8000)));
  scene.ask("none.lab", published("one", "none", hours(2)));
  scene.now += hours(1) - seconds(1);
  ck_assert(scene.book.refetches(scene.now, 10).empty());
  scene.now += seconds(1);
  const auto first = scene.book.refetches(scene.now, 10);
  ck_assert_uint_eq(first.size(), 1);
  ck_assert(first[0].domain == kDomain && !first[0].known_id);
  ck_assert(scene.book.refetches(scene.now, 10).empty());
  scene.book.learn(kDomain, kFault, scene.now);
  ck_assert(scene.book.refetches(scene.now, 10).empty());
  scene.now += kFaultKept;
  ck_assert_uint_eq(scene.book.refetches(scene.now, 10).size(), 1);
  scene.now += hours(23);
  ck_assert_uint_eq(scene.book.refetches(scene.now, 10).size(), 1);
}
END_TEST

START_TEST(known_after_a_restart) {
  Scene scene;
  scene.ask(kDomain, published("one", "enforce", hours(24)));
  scene.ask("over.lab", published("one", "enforce", hours(1)));
  scene.now += hours(1);
  PolicyBook again(scene.files, scene.tell, scene.now);
  ck_assert_uint_eq(again.size(), 1);
  ck_assert(again.answer(kDomain, scene.now).has_value());
  assert_text(again.errand_for(kDomain, scene.now)->known_id.value_or("?"), "one");
  // a clock that has gone back
  const PolicyBook earlier(scene.files, scene.tell, scene.now - hours(2));
  ck_assert_uint_eq(earlier.size(), 0);
}
END_TEST

START_TEST(bounded) {
  Scene scene;
  scene.ask(kDomain, published("one", "enforce", hours(24)));
  for (int i = 0; i < 10; ++i) {
    scene.now += seconds(1);
    scene.ask(format("d{}.lab", i), NoRecord{});
  }
  ck_assert_uint_eq(scene.book.size(), 3);
  assert_text(scene.known(), "OK secure match=one.l");
  // of policies the one that nobody has asked for the longest
  for (int i = 0; i < 3; ++i) {
    scene.now += seconds(1);
    scene.ask(format("p{}.lab", i), published("p", "enforce", hours(24)));
  }
  ck_assert_uint_eq(scene.book.size(), 3);
  ck_assert(!scene.files.one(kDomain));
  ck_assert_uint_eq(scene.files.all(10).size(), 3);
}
END_TEST

int main() {
  Suite* suite = suite_create("policy_book");
  TCase* tc = tcase_create("book");
  tcase_add_test(tc, a_policy_is_kept_for_its_time);
  tcase_add_test(tc, the_record_is_looked_at_again);
  tcase_add_test(tc, trouble_does_not_end_a_policy);
  tcase_add_test(tc, without_a_policy);
  tcase_add_test(tc, a_fault_is_remembered);
  tcase_add_test(tc, what_is_not_known);
  tcase_add_test(tc, one_visit_at_a_time);
  tcase_add_test(tc, a_policy_for_a_minute);
  tcase_add_test(tc, removal);
  tcase_add_test(tc, a_max_age_of_nothing);
  tcase_add_test(tc, fetched_anew_before_its_end);
  tcase_add_test(tc, known_after_a_restart);
  tcase_add_test(tc, bounded);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// A daemon that is down, by either option, and what is kept of its answers.
#include "sts/daemon_policies.h"

#include "fakes/fake_store.h"
#include "sts/netstring.h"
#include "unit/sts/policy_daemon.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

const DnsName kDomain = *DnsName::parse("dom.lab");

struct Scene {
  PolicyDaemon daemon;
  FakeStore store;
  std::vector<std::string> troubles;

  Result<std::optional<StsPolicy>> ask(DaemonDown down, const DnsName& domain = kDomain,
                                       std::chrono::milliseconds time = std::chrono::seconds(5)) {
    DaemonPolicies policies(daemon.map(), down, store,
                            [this](const std::string& why) { troubles.push_back(why); });
    return policies.of(domain, Deadline::in(time));
  }
  std::chrono::seconds kept() const {
    ck_assert_uint_eq(store.entries.size(), 1);
    return store.entries.begin()->second.left;
  }
};

const char* const kEnforce = "OK secure match=mx.dom.lab";

}  // namespace

// tests D-186
START_TEST(down_and_ignored) {
  Scene scene;
  scene.daemon.end();
  ck_assert(!assert_ok(scene.ask(DaemonDown::Ignored)));
  ck_assert_uint_eq(scene.troubles.size(), 1);
  assert_text(scene.troubles[0],
              "unix:" + scene.daemon.path() + ": dom.lab: TIMEOUT Connection refused");
}
END_TEST

// tests D-186
START_TEST(down_and_waits) {
  Scene scene;
  scene.daemon.end();
  const auto error = assert_error(scene.ask(DaemonDown::Waits), ErrorKind::DnsFailure);
  assert_contains(error.text, "MTA-STS: unix:");
  assert_contains(error.text, "dom.lab: TIMEOUT Connection refused");
  ck_assert(error.for_operator && scene.troubles.empty());
}
END_TEST

START_TEST(in_trouble) {
  for (const char* answer : {"TEMP dns", "PERM no", "OK secure match=", "garbage"}) {
    Scene scene;
    scene.daemon.serve(netstring_of(answer));
    assert_error(scene.ask(DaemonDown::Waits), ErrorKind::DnsFailure);
    ck_assert(scene.kept() == kFailureKept);
  }
}
END_TEST

// Nobody asks again, of whatever was said, for its time.
START_TEST(kept_for_others) {
  for (const char* answer : {kEnforce, "NOTFOUND ", "TEMP dns"}) {
    Scene scene;
    scene.daemon.serve(netstring_of(answer));
    const auto first = scene.ask(DaemonDown::Ignored);
    ck_assert_uint_eq(scene.daemon.end().size(), 1);
    const auto second = scene.ask(DaemonDown::Ignored);
    ck_assert(assert_ok(first) == assert_ok(second));
    const bool failed = std::string_view(answer).starts_with("TEMP");
    ck_assert(scene.kept() == (failed ? std::chrono::seconds(kFailureKept) : kAnswerKept));
    ck_assert_uint_eq(scene.troubles.size(), failed ? 2 : 0);
  }
}
END_TEST

// Another domain, another daemon, another map of it.
START_TEST(kept_for_nobody_else) {
  Scene scene;
  const auto answer = [](int fd) { PolicyDaemon::say(fd, netstring_of(kEnforce)); };
  scene.daemon.serve({answer, answer, answer});
  ck_assert(assert_ok(scene.ask(DaemonDown::Ignored)).has_value());
  ck_assert(assert_ok(scene.ask(DaemonDown::Ignored, *DnsName::parse("two.lab"))).has_value());
  auto other = scene.daemon.map();
  std::strcpy(other.map, "other");
  DaemonPolicies policies(other, DaemonDown::Waits, scene.store, {});
  const auto found = policies.of(kDomain, Deadline::in(std::chrono::seconds(5)));
  ck_assert(assert_ok(found).has_value());
  ck_assert_uint_eq(scene.store.entries.size(), 3);
  ck_assert_uint_eq(scene.daemon.end().size(), 3);
  Scene another;
  another.store.entries = scene.store.entries;
  another.daemon.serve(netstring_of("NOTFOUND "));
  ck_assert(!assert_ok(another.ask(DaemonDown::Ignored)));
}
END_TEST

START_TEST(no_time_left_says_nothing_of_the_daemon) {
  Scene scene;
  assert_error(scene.ask(DaemonDown::Waits, kDomain, std::chrono::milliseconds(0)),
               ErrorKind::DnsFailure);
  ck_assert(scene.store.entries.empty());
}
END_TEST

// Whoever makes our look-ups slow must not get past a policy by it: it is not known.
START_TEST(too_little_time_left_is_no_answer) {
  for (const auto left : {std::chrono::milliseconds(0), std::chrono::milliseconds(50)}) {
    Scene scene;
    scene.daemon.serve({[](int fd) {
      char more = 0;
      static_cast<void>(::recv(fd, &more, 1, 0));
    }});
    const auto error =
        assert_error(scene.ask(DaemonDown::Ignored, kDomain, left), ErrorKind::DnsFailure);
    assert_contains(error.text, "MTA-STS: unix:");
    ck_assert(scene.store.entries.empty() && scene.troubles.empty());
  }
}
END_TEST

START_TEST(whose_entry_it_is) {
  Scene scene;
  scene.daemon.serve(netstring_of("NOTFOUND "));
  static_cast<void>(scene.ask(DaemonDown::Ignored));
  assert_text(*sts_domain_of(scene.store.entries.begin()->first.second), "dom.lab");
  ck_assert(!sts_domain_of(Bytes(40, 'x')));
  ck_assert(!sts_domain_of({}));
}
END_TEST

int main() {
  Suite* suite = suite_create("daemon_policies");
  TCase* tc = tcase_create("daemon");
  tcase_add_test(tc, down_and_ignored);
  tcase_add_test(tc, down_and_waits);
  tcase_add_test(tc, in_trouble);
  tcase_add_test(tc, kept_for_others);
  tcase_add_test(tc, kept_for_nobody_else);
  tcase_add_test(tc, no_time_left_says_nothing_of_the_daemon);
  tcase_add_test(tc, too_little_time_left_is_no_answer);
  tcase_add_test(tc, whose_entry_it_is);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

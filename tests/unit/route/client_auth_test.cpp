// SPDX-License-Identifier: GPL-2.0-or-later
// When we authenticate, on what the server has offered, and what each outcome means.
#include "route/client_auth.h"

#include <iterator>

#include "fakes/fake_mail_server.h"
#include "fakes/scripted_peer.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

constexpr const char* kRequire = "hosts_require_auth";
constexpr const char* kTry = "hosts_try_auth";
const std::vector<std::string> kStep = {"AUTH X"};

struct Row {
  const char* name;
  const char* option;  // that names the host; nullptr: none
  const char* ehlo;
  AuthReport report;
  const char* called;  // "": no authenticator is asked
  const char* text;    // of the ruling; nullptr: the session goes on
  Cause cause;
  FailureScope scope;
};

const char* const kOffer = "250-mx.lab\r\n250 AUTH PLAIN X-NEW\r\n";
constexpr const char* kCalled = "authenticate 0 PLAIN X-NEW";
constexpr auto kHost = FailureScope::Host;

const Row kRows[] = {
    {"no option", nullptr, kOffer, {}, "", nullptr, Cause::None, kHost},
    {"done",
     kRequire,
     kOffer,
     {AuthEnd::Authenticated, "", "", {}},
     kCalled,
     nullptr,
     Cause::None,
     kHost},
    {"tried, not offered", kTry, "250 mx.lab\r\n", {}, "", nullptr, Cause::None, kHost},
    {"required, not offered",
     kRequire,
     "250 mx.lab\r\n",
     {},
     "",
     "authentication required but server did not advertise AUTH support",
     Cause::AuthMissing,
     kHost},
    {"tried, refused",
     kTry,
     kOffer,
     {AuthEnd::NotAuthenticated, "all failed", "", {}},
     kCalled,
     nullptr,
     Cause::None,
     kHost},
    {"required, refused",
     kRequire,
     kOffer,
     {AuthEnd::NotAuthenticated, "all failed", "", {}},
     kCalled,
     "authentication required but all failed",
     Cause::AuthMissing,
     kHost},
    {"refused for now",
     kTry,
     kOffer,
     {AuthEnd::Failed, "454-4.7.0 a\n454 b", "AUTH X ***", {}},
     kCalled,
     "SMTP error from remote mail server after AUTH X ***: 454-4.7.0 a\\n454 b",
     Cause::None,
     kHost},
    {"nothing came",
     kTry,
     kOffer,
     {AuthEnd::Failed, "", "AUTH X ***", AuthFault::Timeout},
     kCalled,
     "SMTP timeout after AUTH X ***",
     Cause::Timeout,
     kHost},
    {"closed",
     kTry,
     kOffer,
     {AuthEnd::Failed, "", "AUTH X ***", AuthFault::Closed},
     kCalled,
     "Remote host closed connection in response to AUTH X ***",
     Cause::Closed,
     kHost},
    {"no reply at all",
     kTry,
     kOffer,
     {AuthEnd::Failed, "what?", "AUTH X ***", AuthFault::Garbled},
     kCalled,
     "Malformed SMTP reply in response to AUTH X ***: what?",
     Cause::Format,
     kHost},
    {"a code that does not fit",
     kTry,
     kOffer,
     {AuthEnd::Failed, "250 yes", "AUTH X ***", AuthFault::Garbled},
     kCalled,
     "Malformed SMTP reply in response to AUTH X ***: 250 yes",
     Cause::Format,
     kHost},
    {"an authenticator cannot work",
     kTry,
     kOffer,
     {AuthEnd::Problem, "expansion failed", "", {}},
     kCalled,
     "expansion failed",
     Cause::AuthProblem,
     FailureScope::Delivery},
};

struct Scene {
  FakeMailServer server;
  ScriptedPeer peer;
  SmtpSession session;

  explicit Scene(ScriptedPeer::Script script)
      : peer(std::move(script)), session(LineChannel(peer.take_socket()), settings(), server) {}
  static SessionSettings settings() {
    SessionSettings settings;
    settings.helo_name = "me.lab";
    settings.timeouts.command = std::chrono::seconds(2);
    return settings;
  }
};

ScriptedPeer::Script greeting(const char* ehlo) {
  return [ehlo](PeerSide& peer) {
    peer.say("220 mx.lab\r\n");
    peer.answer(ehlo);
    peer.answer("235 yes\r\n");
    peer.wait_for_hangup();
  };
}

}  // namespace

START_TEST(each_outcome) {
  const Row& row = kRows[_i];
  Scene scene(greeting(row.ehlo));
  if (row.option) scene.server.lists[row.option] = {0};
  scene.server.auth = row.report;
  scene.server.auth_lines = kStep;
  ck_assert(scene.session.open().has_value());
  auto ruling = authenticate(scene.server, scene.session, 0);
  assert_text(scene.server.trace(), row.called);
  ck_assert_msg(ruling.has_value() == (row.text != nullptr), "%s", row.name);
  if (!ruling) return;
  assert_text(ruling->verdict.text, row.text);
  ck_assert_msg(ruling->verdict.cause == row.cause && ruling->scope == row.scope, "%s", row.name);
  ck_assert_msg(ruling->verdict.status == Status::Deferred, "%s", row.name);
}
END_TEST

START_TEST(the_authenticator_talks_to_the_server) {
  Scene scene(greeting(kOffer));
  scene.server.lists[kTry] = {0};
  scene.server.auth = {AuthEnd::Authenticated, "", "", {}};
  scene.server.auth_lines = kStep;
  ck_assert(scene.session.open().has_value());
  ck_assert(!authenticate(scene.server, scene.session, 0));
  ck_assert(scene.session.usable());
  ck_assert_uint_eq(scene.server.auth_replies.size(), 1);
  assert_text(scene.server.auth_replies[0], "235 yes\r\n");
  scene.session.abandon();
  assert_text(scene.peer.heard().back(), "AUTH X");
}
END_TEST

// An authenticator that believes in success on a connection that is gone.
START_TEST(a_lost_connection_is_never_a_success) {
  Scene scene([](PeerSide& peer) {
    peer.say("220 mx.lab\r\n");
    peer.answer(kOffer);
    peer.hear();
    peer.drop();
  });
  scene.server.lists[kTry] = {0};
  scene.server.auth = {AuthEnd::Authenticated, "", "", {}};
  scene.server.auth_lines = kStep;
  ck_assert(scene.session.open().has_value());
  auto ruling = authenticate(scene.server, scene.session, 0);
  ck_assert(ruling && ruling->verdict.cause == Cause::Closed);
  assert_text(ruling->verdict.text, "Remote host closed connection in response to AUTH");
  ck_assert(!scene.session.usable());
}
END_TEST

// Behind the reply to which the authenticator has stopped to listen.
START_TEST(what_nobody_asked_for_came_with_auth) {
  Scene scene([](PeerSide& peer) {
    peer.say("220 mx.lab\r\n");
    peer.answer(kOffer);
    peer.answer("235-" + std::string(600, 'y') + "\r\n235 yes\r\n");
    peer.wait_for_hangup();
  });
  scene.server.lists[kTry] = {0};
  scene.server.auth = {AuthEnd::Authenticated, "", "", {}};
  scene.server.auth_lines = kStep;
  ck_assert(scene.session.open().has_value());
  const auto ruling = authenticate(scene.server, scene.session, 0);
  ck_assert(ruling.has_value());
  assert_text(
      ruling->verdict.text,
      "Malformed SMTP reply in response to AUTH: the peer sent octets that nobody asked for");
}
END_TEST

START_TEST(a_list_that_cannot_be_read_defers) {
  Scene scene(greeting(kOffer));
  scene.server.broken_options = {_i == 0 ? kRequire : kTry};
  ck_assert(scene.session.open().has_value());
  auto ruling = authenticate(scene.server, scene.session, 0);
  ck_assert(ruling && ruling->verdict.status == Status::Deferred);
  assert_contains(ruling->verdict.text, _i == 0 ? kRequire : kTry);
  assert_text(scene.server.trace(), "");
}
END_TEST

int main() {
  Suite* suite = suite_create("client_auth");
  TCase* tc = tcase_create("client_auth");
  tcase_add_loop_test(tc, each_outcome, 0, std::size(kRows));
  tcase_add_test(tc, the_authenticator_talks_to_the_server);
  tcase_add_test(tc, a_lost_connection_is_never_a_success);
  tcase_add_test(tc, what_nobody_asked_for_came_with_auth);
  tcase_add_loop_test(tc, a_list_that_cannot_be_read_defers, 0, 2);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

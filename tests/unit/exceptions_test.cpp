// SPDX-License-Identifier: GPL-2.0-or-later
// An exception at every step of a delivery with several recipients. Whatever was journalled is
// delivered, and nothing else is; only what the server refused for good is failed. (What the shim
// makes of it, with real Exim: integration/test_exceptions.py.)
#include "deliver.h"
#include "fakes/failing_allocation.h"
#include "fakes/fake_mail_server.h"
#include "fakes/fake_resolver.h"
#include "fakes/fake_store.h"
#include "fakes/proofs.h"
#include "fakes/scripted_peer.h"
#include "fakes/throwing_mail_server.h"
#include "route/attempt.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

constexpr std::size_t kRecipients = 5;
constexpr std::size_t kRefused = 3;  // for good, by the server

void serve(PeerSide& peer) {
  std::size_t recipient = 0;
  for (std::string line = peer.hear(); !line.empty(); line = peer.hear()) {
    if (line.compare(0, 4, "RCPT") == 0)
      peer.say(recipient++ == kRefused ? "550 no such user\r\n" : "250 ok\r\n");
    else if (line == "DATA")
      peer.say("354 go on\r\n");
    else
      peer.say("250 ok\r\n");
    if (line == "DATA" && !peer.hear_message().empty()) peer.say("250 got it\r\n");
  }
}

void serve_under_tls(PeerSide& peer) {
  peer.say("220 mx1.lab\r\n");
  peer.answer("250-mx1.lab\r\n250 STARTTLS\r\n");
  peer.answer("220 go\r\n");
  if (peer.start_tls({})) serve(peer);
}

void serve_in_clear(PeerSide& peer) {
  peer.say("220 mx1.lab\r\n");
  peer.answer("250-mx1.lab\r\n250 PIPELINING\r\n");
  serve(peer);
}

void prepare(FakeMailServer& server, ScriptedPeer& peer) {
  server.options["helo_data"] = "me.lab";
  server.options["max_rcpt"] = "2";  // several transactions
  server.numbers = {{"command_timeout", 2}, {"data_timeout", 2}, {"final_timeout", 2}};
  server.lists["hosts_try_dane"] = {0};
  server.sockets[0] = peer.take_socket();
}

void check(const FakeMailServer& server, const std::array<int, 16>& journalled, long step) {
  for (std::size_t i = 0; i < kRecipients; ++i) {
    const auto found = server.outcomes.find(RecipientIndex(i));
    const Status status =
        found == server.outcomes.end() ? Status::Deferred : found->second.verdict.status;
    ck_assert_msg(journalled[i] <= 1, "step %ld: recipient %zu twice", step, i);
    ck_assert_msg(status != Status::Failed || i == kRefused, "step %ld: %zu failed", step, i);
    ck_assert_msg(status != Status::Delivered || journalled[i] == 1,
                  "step %ld: %zu delivered and not journalled", step, i);
    ck_assert_msg(
        status != Status::Deferred || journalled[i] == 0 || found == server.outcomes.end(),
        "step %ld: %zu journalled and deferred", step, i);
  }
}

// True when nothing was thrown: then everything has come to its end.
bool deliver_with_failing_call(int call) {
  ScriptedPeer peer(serve_under_tls);
  FakeMailServer server;
  prepare(server, peer);
  auto resolver = std::make_unique<FakeResolver>();
  resolver->mx_records["dom.lab"] = {{10, "mx1.lab"}};
  resolver->a_records["mx1.lab"] = {"192.0.2.1"};
  Bytes record(35, 7);
  record[0] = record[1] = record[2] = 1;  // usage 1: TLS, and nobody is authenticated
  resolver->tlsa_records["_25._tcp.mx1.lab"] = {record};
  auto batch = make_batch(1, kRecipients);
  ThrowingMailServer throwing(server, call);
  FakeStore store;
  NoStsPolicies sts;
  try {
    deliver(throwing, std::move(resolver), batch, store, sts);
  } catch (const std::bad_alloc&) {
  }
  check(server, throwing.journalled, call);
  for (std::size_t i = 0; !throwing.thrown() && i < kRecipients; ++i)
    ck_assert_int_eq(throwing.journalled[i], i == kRefused ? 0 : 1);
  return !throwing.thrown();
}

bool attempt_with_failing_allocation(long allocations) {
  ScriptedPeer peer(serve_in_clear);
  FakeMailServer server;
  prepare(server, peer);
  const auto batch = make_batch(1, kRecipients);
  const HostPlan plan{.policy = no_dane()};
  ThrowingMailServer recorder(server, 0);
  FakeStore store;
  bool thrown = false;
  const AttemptRequest request{0, 25, plan, {0, 1, 2, 3, 4}};
  allocations_left = allocations;
  try {
    attempt_host(recorder, batch, request, store);
  } catch (const std::bad_alloc&) {
    thrown = true;
  }
  allocations_left = -1;
  check(server, recorder.journalled, allocations);
  return !thrown;
}

}  // namespace

START_TEST(every_call_of_the_mail_server_may_throw) {
  int call = 1;
  while (!deliver_with_failing_call(call)) ck_assert_int_lt(++call, 2000);
  ck_assert_int_gt(call, 50);
}
END_TEST

START_TEST(every_allocation_may_fail) {
  long allocations = 0;
  while (!attempt_with_failing_allocation(allocations)) ck_assert_int_lt(++allocations, 20000);
  ck_assert_int_gt(allocations, 200);
}
END_TEST

int main() {
  Suite* suite = suite_create("exceptions");
  TCase* tc = tcase_create("delivery");
  tcase_set_timeout(tc, 50);
  tcase_add_test(tc, every_call_of_the_mail_server_may_throw);
  tcase_add_test(tc, every_allocation_may_fail);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

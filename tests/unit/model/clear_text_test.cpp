// SPDX-License-Identifier: GPL-2.0-or-later
// Two hosts of one domain, each under every policy and with everything that can go wrong before
// MAIL: the message is never in clear, nor with another peer, where a policy stands, whatever has
// become of the host before. RFC 7672 2.2, D-025.
#include <sys/socket.h>

#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fakes/fake_mail_server.h"
#include "fakes/fake_store.h"
#include "fakes/proofs.h"
#include "fakes/scripted_peer.h"
#include "route/host_loop.h"
#include "unit/check_support.h"
#include "unit/model/choices.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

enum class Policy { NoDane, Encrypt, AuthenticatePeer, AuthenticateAnother, Skip };
constexpr std::array kPolicies{Policy::NoDane, Policy::Encrypt, Policy::AuthenticatePeer,
                               Policy::AuthenticateAnother, Policy::Skip};

// What the server does, the message taken where it does not say otherwise.
enum class Way {
  WithTls,
  MailNotNow,  // with TLS
  NoStartTls,
  StartTlsNotNow,
  StartTlsNever,
  StartTlsGarbage,
  GoneAtStartTls,
  WordsBehindStartTls,  // as if they had been said under TLS
  GarbageForHandshake,
  GoneInHandshake,
};
constexpr unsigned kWays = 10;

struct Heard {
  bool mail_in_clear = false;
  bool mail_under_tls = false;
  bool taken = false;
};

std::shared_ptr<TestIdentity> identity() {
  static const auto one = std::make_shared<TestIdentity>();
  return one;
}

// False: nothing more is said.
bool start_tls(PeerSide& peer, Way way) {
  TlsServerSettings settings;
  settings.identity = identity();
  if (way == Way::GoneAtStartTls) return false;
  if (way == Way::StartTlsNotNow) return peer.say("454 not now\r\n"), true;
  if (way == Way::StartTlsNever) return peer.say("554 never\r\n"), true;
  if (way == Way::StartTlsGarbage) return peer.say("what?\r\n"), true;
  peer.say(way == Way::WordsBehindStartTls ? "220 go\r\n250 mx\r\n" : "220 go\r\n");
  if (way == Way::GarbageForHandshake) peer.say("250 this is no handshake, is it?\r\n");
  if (way == Way::GarbageForHandshake) return true;
  return way != Way::GoneInHandshake && peer.start_tls(settings);
}

void serve(PeerSide& peer, Way way, Heard& heard) {
  bool tls = false;
  peer.say("220 mx\r\n");
  for (auto line = peer.hear(); !line.empty(); line = peer.hear()) {
    if (line == "STARTTLS") {
      if (!start_tls(peer, way)) return;
      tls = way == Way::WithTls || way == Way::MailNotNow || way == Way::WordsBehindStartTls;
    } else if (line.starts_with("EHLO")) {
      peer.say(tls || way == Way::NoStartTls ? "250 mx\r\n" : "250-mx\r\n250 STARTTLS\r\n");
    } else if (line.starts_with("MAIL")) {
      (tls ? heard.mail_under_tls : heard.mail_in_clear) = true;
      peer.say(way == Way::MailNotNow ? "450 not now\r\n" : "250 ok\r\n");
    } else if (line == "DATA") {
      peer.say("354 go on\r\n");
      heard.taken = !peer.hear_message().empty();
      peer.say("250 taken\r\n");
    } else {
      peer.say(line == "QUIT" ? "221 bye\r\n" : "250 ok\r\n");
    }
  }
}

HostPlan plan_under(Policy policy) {
  HostPlan plan;
  plan.mx = MxTrust::Secure;
  const auto base = *DnsName::parse("mx.lab");
  const auto records = [](const Bytes& octets) {
    return usable_records(
        {{TlsaUsage::DaneEe, TlsaSelector::Certificate, TlsaMatching::Full, octets}});
  };
  if (policy == Policy::NoDane) plan.policy = no_dane();
  if (policy == Policy::Encrypt) plan.policy = EncryptOnly{base, {"usage 1"}};
  if (policy == Policy::AuthenticatePeer)
    plan.policy = Authenticate{base, records(identity()->der())};
  if (policy == Policy::AuthenticateAnother)
    plan.policy = Authenticate{base, records(TestIdentity().der())};
  return plan;
}

// A connection, who had it, and what was heard on it.
struct Spoken {
  HostIndex host;
  Way way;
  Heard heard;
  ScriptedPeer peer;

  Spoken(HostIndex to, Way with)
      : host(to), way(with), peer([this](PeerSide& side) { serve(side, way, heard); }) {}
};

class Exim final : public FakeMailServer {
 public:
  explicit Exim(Choices& choices) : choices_(choices) {}

  bool debugging() const override { return false; }
  tl::expected<UniqueFd, ConnectFailure> connect(HostIndex host, std::uint16_t) override {
    // A further connection to a host finds it as it was.
    if (ways_.count(host) == 0) ways_[host] = static_cast<Way>(choices_.pick(kWays));
    spoken.push_back(std::make_unique<Spoken>(host, ways_[host]));
    return spoken.back()->peer.take_socket();
  }

  std::vector<std::unique_ptr<Spoken>> spoken;

 private:
  Choices& choices_;
  std::map<HostIndex, Way> ways_;
};

class Run {
 public:
  Run(Choices& choices, std::array<Policy, 2> policies, bool try_clear)
      : policies_(policies), try_clear_(try_clear), exim_(choices) {}

  void deliver();
  void check();
  bool delivered() const { return delivered_; }

 private:
  const std::array<Policy, 2> policies_;
  const bool try_clear_;
  Exim exim_;
  FakeStore store_;
  bool delivered_ = false;
};

void Run::deliver() {
  const auto batch = make_batch(2, 1);
  exim_.options["helo_data"] = "me.lab";
  exim_.flags["tls_tempfail_tryclear"] = try_clear_;
  DomainPlan plan;
  plan.domain = "dom.lab";
  plan.recipients = {0};
  for (std::size_t i = 0; i < 2; ++i)
    plan.hosts[plan.key(batch.hosts[i])] = plan_under(policies_[i]);
  try_hosts(exim_, batch, plan,
            [&](MailServer& to, const AddressBatch& of, const AttemptRequest& request) {
              return attempt_host(to, of, request, store_);
            });
}

void Run::check() {
  bool taken = false;
  std::map<HostIndex, int> connections;
  for (const auto& one : exim_.spoken) {
    one->peer.heard();  // to its end
    const Policy policy = policies_[one->host.value()];
    ck_assert_msg(++connections[one->host] == 1 || policy == Policy::NoDane,
                  "tried again, as if it might have the message in clear");
    ck_assert_msg(policy != Policy::Skip, "a host to skip was connected to");
    ck_assert_msg(!one->heard.mail_in_clear || policy == Policy::NoDane, "in clear under %d",
                  static_cast<int>(policy));
    ck_assert_msg(!one->heard.mail_under_tls || policy != Policy::AuthenticateAnother,
                  "to an impostor");
    ck_assert_msg(!one->heard.mail_under_tls || one->way != Way::WordsBehindStartTls,
                  "words in clear were taken for words under TLS");
    taken = taken || one->heard.taken;
  }
  const auto status = exim_.outcomes.at(0).verdict.status;
  ck_assert(status == (taken ? Status::Delivered : Status::Deferred));
  delivered_ = taken;
}

}  // namespace

START_TEST(no_policy_is_got_round) {
  std::size_t runs = 0;
  std::size_t delivered = 0;
  for (const Policy first : kPolicies)
    for (const Policy second : kPolicies)
      for (const bool try_clear : {false, true}) {
        Choices choices;
        do {
          Run run(choices, {first, second}, try_clear);
          run.deliver();
          run.check();
          if (run.delivered()) ++delivered;
        } while (choices.another());
        runs += choices.runs();
      }
  std::printf("%zu runs, %zu delivered\n", runs, delivered);
  ck_assert(delivered > 0 && delivered < runs);
}
END_TEST

int main() {
  Suite* suite = suite_create("clear_text");
  TCase* tc = tcase_create("policies");
  tcase_set_timeout(tc, 0);
  tcase_add_test(tc, no_policy_is_got_round);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}

// SPDX-License-Identifier: GPL-2.0-or-later
// Attempts on a host whose server does what the input says, under a real TLS session and without:
// replies, their timing, its certificate, how it goes. Whatever it does, nobody is delivered whom
// it has not promised the message; where there is a policy nothing of a message is said in clear,
// and to another server than the policy means nothing but QUIT; and everybody has an outcome, with
// a reason that is fit for a log. RFC 5321 4.2.5, RFC 7672 2.2 and 3.1, RFC 8461 5, RFC 3207 4.2.
// Input: octets of choice (Choice), then steps (step_list.h, step_peer.h). A second connection,
// which may go on with the TLS session of the first, has the steps behind the one that is
// `kNextPeer`.
#include <sys/socket.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "dane/tlsa_match.h"
#include "fakes/fake_mail_server.h"
#include "fakes/fake_store.h"
#include "fakes/proofs.h"
#include "fuzz/der_tree.h"
#include "fuzz/spoken_dialogue.h"
#include "fuzz/step_peer.h"
#include "route/attempt.h"
#include "tlsrpt/datagram.h"

using namespace danesmtp;
using fuzz::is_printable;
using fuzz::must;
using fuzz::Step;

namespace {

constexpr std::uint8_t kNextPeer = 255;
constexpr std::size_t kChoiceOctets = 6;
constexpr std::size_t kMostSteps = 40;

enum class Policy {
  None,
  Encrypt,
  Key,
  OtherKey,
  Certificate,
  Audit,
  Sts,         // in force; no certificate of a test is of the system's anchors
  StsTesting,  // the same in mode testing
  Pkix,        // tls_verify_hosts, and the anchor is the good server's certificate
};
enum class Shown { Good, Other, OtherShowsBent, GoodShowsBent };

struct Choice {
  Policy policy;
  Shown shown;
  std::uint8_t tls;
  std::uint8_t options;
  std::size_t recipients;
  unsigned bend;
};

Choice choice_of(fuzz::Input& input) {
  const auto policy = static_cast<Policy>(input.octet() % 9);
  const auto shown = static_cast<Shown>(input.octet() % 4);
  const std::uint8_t tls = input.octet();
  const std::uint8_t options = input.octet();
  const std::size_t recipients = 1 + input.octet() % 3U;
  return {policy, shown, tls, options, recipients, input.octet()};
}

// The server whose key the records have, and another one.
struct Identities {
  std::shared_ptr<test::TestIdentity> good = std::make_shared<test::TestIdentity>("mx1.lab");
  std::shared_ptr<test::TestIdentity> other = std::make_shared<test::TestIdentity>("mx1.lab");
};

TlsaRecord record_of(TlsaSelector selector, const test::TestIdentity& identity) {
  const auto data = association_data({selector, TlsaMatching::Sha256}, identity.der());
  return {TlsaUsage::DaneEe, selector, TlsaMatching::Sha256, data.value_or(Bytes(32, 1))};
}

HostPolicy policy_of(Policy policy, const Identities& identities) {
  const auto base = *DnsName::parse("mx1.lab");
  const auto by = [&](const TlsaRecord& record) {
    return Authenticate{base, usable_records({record})};
  };
  switch (policy) {
    case Policy::None:
    case Policy::Sts:
    case Policy::StsTesting:
    case Policy::Pkix:
      return test::no_dane();
    case Policy::Encrypt:
      return EncryptOnly{base, {"usage 1"}};
    case Policy::Certificate:
      return by(record_of(TlsaSelector::Certificate, *identities.good));
    case Policy::OtherKey:
      return by(record_of(TlsaSelector::PublicKey, test::TestIdentity()));
    case Policy::Key:
    case Policy::Audit:
      break;
  }
  return by(record_of(TlsaSelector::PublicKey, *identities.good));
}

// TLS is mandatory.
bool stands(Policy policy) {
  return policy != Policy::None && policy != Policy::Audit && policy != Policy::StsTesting &&
         policy != Policy::Pkix;
}

bool has_records(Policy policy) {
  return policy == Policy::Key || policy == Policy::OtherKey || policy == Policy::Certificate ||
         policy == Policy::Audit;
}

bool says_who(Policy policy) {
  return policy != Policy::None && policy != Policy::Encrypt;
}

// Whether the server cannot be the one that is meant; of one that shows a bent certificate for its
// own key nobody knows.
bool is_another(const Choice& choice) {
  if (!says_who(choice.policy)) return false;
  return choice.policy == Policy::OtherKey || choice.policy == Policy::Sts ||
         choice.policy == Policy::StsTesting || choice.shown == Shown::Other ||
         choice.shown == Shown::OtherShowsBent;
}

// Under TLS.
bool is_refused(const Choice& choice) {
  return (stands(choice.policy) || choice.policy == Policy::Pkix) && is_another(choice);
}

std::optional<StsDemand> sts_of(Policy policy) {
  if (policy != Policy::Sts && policy != Policy::StsTesting) return std::nullopt;
  const bool enforced = policy == Policy::Sts;
  return StsDemand{{"dom.lab", enforced ? StsMode::Enforce : StsMode::Testing, {"mx1.lab"}},
                   enforced ? Enforcement::Full : Enforcement::Audit};
}

// Says one line of AUTH, and hears one reply, octet by octet: what is behind it is not its own.
class AuthenticatingServer : public test::FakeMailServer {
 public:
  AuthReport authenticate(HostIndex, int fd, const std::string&) override {
    constexpr std::string_view kLine = "AUTH PLAIN AHUAcA==\r\n";
    if (::send(fd, kLine.data(), kLine.size(), MSG_NOSIGNAL) < 0) return {};  // as in Exim
    std::string reply;
    while (!is_whole(reply)) {
      char octet = 0;
      if (::read(fd, &octet, 1) <= 0) return {AuthEnd::Failed, reply, "AUTH", AuthFault::Closed};
      if (octet != '\r') reply += octet;
    }
    reply.pop_back();
    if (reply.substr(0, reply.find_first_of(" -\n")).size() != 3)
      return {AuthEnd::Failed, reply, "AUTH", AuthFault::Garbled};
    if (reply.starts_with('2')) return {AuthEnd::Authenticated, {}, {}, {}};
    if (reply.starts_with('5')) return {AuthEnd::NotAuthenticated, reply, {}, {}};
    return {AuthEnd::Failed, reply, "AUTH", AuthFault::Garbled};
  }

 private:
  static bool is_whole(std::string_view reply) {
    if (!reply.ends_with('\n')) return false;
    const auto before = reply.substr(0, reply.size() - 1).rfind('\n');
    const auto last = reply.substr(before == std::string_view::npos ? 0 : before + 1);
    return last.size() < 4 || last[3] != '-';
  }
};

test::TlsServerSettings tls_of(const Choice& choice, const Identities& identities,
                               const Bytes& ticket_key) {
  static constexpr const char* kPriorities[] = {"NORMAL", "NORMAL:-VERS-ALL:+VERS-TLS1.3",
                                                "NORMAL:-VERS-ALL:+VERS-TLS1.2",
                                                "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+ANON-ECDH"};
  test::TlsServerSettings settings;
  settings.priority = kPriorities[choice.tls % 4];
  if (choice.tls % 4 == 3) settings.anonymity = test::TlsAnonymity::Only;
  if (choice.tls & 16U) settings.staple = "no proof at all";
  settings.ask_certificate = (choice.tls & 32U) != 0;
  const bool good = choice.shown == Shown::Good || choice.shown == Shown::GoodShowsBent;
  settings.identity = good ? identities.good : identities.other;
  // Who has this key is the server that the session was made with.
  if (choice.shown == Shown::Good) settings.ticket_key = ticket_key;
  if (choice.shown == Shown::OtherShowsBent || choice.shown == Shown::GoodShowsBent)
    settings.shown = fuzz::bent(identities.good->der(), identities.other->der(), choice.bend);
  return settings;
}

TlsDialect dialect_of(const Choice& choice) {
  return {choice.tls & 128U ? TlsLibrary::Openssl : TlsLibrary::Gnutls, "", true};
}

void set_options(test::FakeMailServer& server, const Choice& choice, const std::string& anchors) {
  server.options["helo_data"] = "me.lab";
  server.options["tls_verify_certificates"] = anchors;
  server.numbers = {{"command_timeout", 2}, {"data_timeout", 2}, {"final_timeout", 2}};
  const auto list = [&](unsigned bit, const char* name) {
    if (choice.options & bit) server.lists[name] = {HostIndex(0)};
  };
  list(1, "hosts_try_chunking");
  list(2, "hosts_try_prdr");
  list(4, "hosts_avoid_pipelining");
  list(8, "hosts_require_ocsp");
  list(8, "hosts_request_ocsp");
  list(16, "hosts_require_tls");
  if (choice.policy == Policy::Pkix)
    for (const char* name : {"tls_verify_hosts", "tls_verify_cert_hostnames"})
      server.lists[name] = {HostIndex(0)};
  if (choice.tls & 64U) server.lists["hosts_try_auth"] = {HostIndex(0)};
  if (choice.options & 32U) server.options["max_rcpt"] = "1";
  if (choice.options & 64U) server.options["protocol"] = "smtps";
}

void check_secrecy(const Choice& choice, const fuzz::PeerNotes& notes) {
  if (stands(choice.policy))
    for (const char* secret : {"AUTH", "MAIL", "RCPT", "DATA", "BDAT", "Hello"})
      must(notes.clear.heard.find(secret) == std::string::npos);
  if (is_refused(choice)) must(notes.tls.heard.empty() || notes.tls.heard == "QUIT\r\n");
  // Nothing goes on in clear where TLS has begun.
  if (notes.tls_begun) must(notes.clear.heard.find("MAIL") == std::string::npos);
}

std::set<std::string, std::less<>> promised_by(const Choice& choice, const fuzz::PeerNotes& notes) {
  using Begins = fuzz::SpokenDialogue::Begins;
  if (!notes.tls_begun)
    return fuzz::SpokenDialogue(notes.clear.heard, notes.clear.said, Begins::ByGreeting).promised();
  const auto begins = choice.options & 64U ? Begins::ByGreeting : Begins::ByCommand;
  return fuzz::SpokenDialogue(notes.tls.heard, notes.tls.said, begins).promised();
}

void check_trust(PeerTrust trust, const Choice& choice) {
  if (trust == PeerTrust::None) return;
  must(!is_another(choice));
  must(trust == PeerTrust::Dane ? has_records(choice.policy) : choice.policy == Policy::Pkix);
}

// Whether the server has said a 5yz at all: for nothing else does mail of these envelopes come
// back, unless all of it has to be taken at once (mua_wrapper).
bool has_refused(const fuzz::PeerNotes& notes) {
  const auto refuses = [](std::string_view said) {
    return said.starts_with('5') || said.find("\n5") != std::string_view::npos;
  };
  return refuses(notes.clear.said) || refuses(notes.tls.said);
}

void check_outcomes(const test::FakeMailServer& server, const AddressBatch& batch,
                    const Choice& choice, const fuzz::PeerNotes& notes) {
  must(server.outcomes.size() == batch.recipients.size());
  const auto promised = promised_by(choice, notes);
  for (const auto& [recipient, outcome] : server.outcomes) {
    const auto& address = batch.recipient(recipient).address;
    const bool delivered = outcome.verdict.status == Status::Delivered;
    const auto journalled = "journal " + std::to_string(recipient.value());
    const bool on_record =
        std::find(server.calls.begin(), server.calls.end(), journalled) != server.calls.end();
    must(delivered == on_record);
    must(!outcome.verdict.text.empty() || outcome.verdict.system_errno != 0);
    must(is_printable(outcome.verdict.text));
    if (delivered && !notes.left) must(promised.contains(address));
    if (outcome.verdict.status == Status::Failed) must(batch.all_or_nothing || has_refused(notes));
    if (is_refused(choice)) must(!delivered || outcome.connection.cipher.empty());
    check_trust(outcome.connection.trust, choice);
  }
}

void attempt(const Choice& choice, const Identities& identities, std::vector<Step> steps,
             Store& store, const Bytes& ticket_key) {
  const test::TemporaryFile anchors(choice.policy == Policy::Pkix ? identities.good->pem() : "");
  fuzz::StepPeer peer(std::move(steps), tls_of(choice, identities, ticket_key));
  AuthenticatingServer server;
  set_options(server, choice, anchors.path());
  server.sockets[HostIndex(0)] = peer.take_socket();
  AddressBatch batch = test::make_batch(1, choice.recipients);
  batch.all_or_nothing = (choice.options & 128U) != 0;
  batch.reports_wanted = (choice.tls & 4U) != 0;
  batch.events_wanted = (choice.tls & 8U) != 0;
  batch.tls = dialect_of(choice);
  HostPlan plan;
  plan.policy = policy_of(choice.policy, identities);
  plan.sts = sts_of(choice.policy);
  plan.mx = MxTrust::Secure;
  if (choice.policy == Policy::Audit) plan.enforcement = Enforcement::Audit;
  std::vector<RecipientIndex> all;
  for (std::size_t i = 0; i < choice.recipients; ++i) all.emplace_back(i);
  const AttemptRequest request{HostIndex(0), 25, plan, all};
  const auto result = attempt_host(server, batch, request, store);
  must(result.end != AttemptEnd::NotTried);
  server.sockets.clear();
  const auto& notes = peer.notes();
  check_secrecy(choice, notes);
  check_outcomes(server, batch, choice, notes);
  for (const auto& report : server.reports)
    must(report_datagram(report, "v=TLSRPTv1; rua=mailto:tls@dom.lab").size() < kLongestDatagram);
}

// The words that a change puts in.
constexpr std::string_view kWords[] = {
    "",
    "220 mx1.lab ESMTP\r\n",
    "250 ok\r\n",
    "250-mx1.lab\r\n250 STARTTLS\r\n",
    "250-mx1.lab\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-PRDR\r\n250 SIZE 100000\r\n",
    "250-mx1.lab\r\n250 LIMITS MAILMAX=1 RCPTMAX=1\r\n",
    "250-mx1.lab\r\n250-AUTH PLAIN\r\n250 PIPELINING\r\n",
    "235 yes\r\n",
    "334 go on\r\n",
    "535 no\r\n",
    "354 go on\r\n",
    "353 each\r\n",
    "221 bye\r\n",
    "421 4.3.2 going\r\n",
    "450 4.2.0 later\r\n",
    "452 4.5.3 too many\r\n",
    "550 5.7.1 no\r\n",
    "550-no\r\n250 yes\r\n",
    "250-more\r\n",
    "554 none\r\n",
    "2",
    "\n",
    "\r\n",
    "454 TLS not now\r\n",
    "250 a\r\n250 b\r\n354 c\r\n",
    "250 a\r\n250 b\r\n250 c\r\n354 d\r\n"};

}  // namespace

const fuzz::StepTarget fuzz::kStepTarget{kChoiceOctets, kWords};

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input({data, size});
  const Choice first = choice_of(input);
  const auto steps = fuzz::steps_of(input);
  if (steps.size() > kMostSteps) return 0;
  const auto next =
      std::find_if(steps.begin(), steps.end(), [](const Step& s) { return s.what == kNextPeer; });
  static const Bytes ticket_key = test::make_ticket_key();
  const Identities identities;
  test::FakeStore store;
  attempt(first, identities, {steps.begin(), next}, store, ticket_key);
  if (next == steps.end()) return 0;
  Choice second = first;
  second.shown = static_cast<Shown>(next->piece.empty() ? 0 : next->piece.front() % 4);
  // A certificate of its own has been shown by then: another host is another pair of identities.
  if (first.shown == Shown::Good)
    attempt(second, identities, {next + 1, steps.end()}, store, ticket_key);
  return 0;
}

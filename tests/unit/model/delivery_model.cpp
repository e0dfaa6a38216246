// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit/model/delivery_model.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "core/format.h"
#include "fakes/fake_mail_server.h"
#include "fakes/proofs.h"
#include "route/connection_mark.h"
#include "route/host_loop.h"
#include "route/host_tls.h"
#include "unit/model/prompt_peer.h"
#include "unit/model/socket_hooks.h"

namespace danesmtp::test {
namespace {

using Recipients = std::vector<bool>;  // which ones

// The servers of one run, and the sockets between.
class Net final : public SocketWatch {
 public:
  explicit Net(Play& play) : play_(play) { socket_watch = this; }
  ~Net() override { socket_watch = nullptr; }

  UniqueFd connect(PromptPeer::Begin begin) {
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return UniqueFd();
    play_.dialogue += "(a connection)\n";
    last_ = ends[0];
    unheard_ = false;
    peers_.push_back(std::make_unique<PromptPeer>(UniqueFd(ends[1]), play_, begin));
    return UniqueFd(ends[0]);
  }
  void goes_on_for(Ledger& ledger) {
    if (!peers_.empty()) peers_.back()->goes_on_for(ledger);
  }
  std::size_t connections() const { return peers_.size(); }

  // What has been sent has arrived; the delivery may be killed here.
  void before(int fd) override {
    if (fd != last_) return;
    if (unheard_) peers_.back()->step();
    unheard_ = false;
    play_.ledger->before_effect(false);
  }
  void sent(int fd) override { unheard_ = unheard_ || fd == last_; }
  // ... before something that Exim sees.
  void before_word_to_exim() {
    if (!peers_.empty()) peers_.back()->left_alone();
    play_.ledger->before_effect(false);
  }
  void before_journal() { play_.ledger->before_effect(true); }
  void received(int fd, std::size_t octets) override {
    if (fd == last_) peers_.back()->received(octets);
  }

 private:
  Play& play_;
  std::vector<std::unique_ptr<PromptPeer>> peers_;
  int last_ = -1;         // the client's end of the last connection: there is one at a time
  bool unheard_ = false;  // what it sent
};

// What Exim is told of the delivery of one message, and when.
class Exim final : public FakeMailServer {
 public:
  Exim(Play& play, Net& net, Ledger& ledger) : play_(play), net_(net), ledger_(ledger) {}

  bool debugging() const override { return false; }
  tl::expected<UniqueFd, ConnectFailure> connect(HostIndex host, std::uint16_t) override {
    net_.before_word_to_exim();
    play_.place = format("{} host {}", name_, host.value());
    play_.choices.reached(
        format("{} connection {} {}", play_.place, connections_[host.value()]++, ledger_.states()));
    if (play_.choices.pick(2) == 1) return tl::unexpected(ConnectFailure{ECONNREFUSED, false});
    return net_.connect(PromptPeer::Begin::AtGreeting);
  }
  void journal(const std::vector<RecipientIndex>& recipients) override {
    net_.before_journal();
    for (auto recipient : recipients) ledger_.journalled(recipient.value());
  }
  void set_outcome(RecipientIndex recipient, const RecipientOutcome& outcome) override {
    net_.before_word_to_exim();
    ledger_.told(recipient.value(), outcome.verdict);
  }
  void leave_host(HostIndex) override { net_.before_word_to_exim(); }
  void leave_open(UniqueFd socket, const OpenConnection& connection) override {
    net_.before_word_to_exim();
    FakeMailServer::leave_open(std::move(socket), connection);
  }
  void named(const std::string& name) { name_ = name; }

 private:
  Play& play_;
  Net& net_;
  Ledger& ledger_;
  std::string name_ = "first";
  std::map<std::size_t, unsigned> connections_;
};

// A host is tried for all that wait, and for nobody else.
void host_tried(Ledger& ledger, const AttemptRequest& request) {
  std::vector<bool> tried(ledger.size());
  for (auto recipient : request.recipients) {
    tried[recipient.value()] = true;
    ledger.happens(recipient.value(), Event::HostTried);
  }
  for (std::size_t i = 0; i < tried.size(); ++i)
    if (ledger.of_the_run(i) && !tried[i] && ledger.state(i) != State::Refused &&
        ledger.state(i) != State::Journalled)
      ledger.fault("a host is not tried for one that waits");
}

std::string message_text(const Scenario& scenario, const std::string& name) {
  const std::string line = "Subject: " + name + "\r\n\r\n";
  return scenario.form == Form::LargeChunk ? line + std::string(9000, 'x') + "\r\n" : line;
}

class Run {
 public:
  Run(const Scenario& scenario, const Recipients& recipients, Choices& choices, Seen& seen)
      : scenario_(scenario),
        recipients_(recipients),
        seen_(seen),
        play_{.choices = choices, .servers = servers(scenario)},
        net_(play_) {}

  // Nothing, or what went wrong.
  std::string fault();

 private:
  static Servers servers(const Scenario& scenario);
  AddressBatch batch() const;
  HostPlan host_plan() const;
  void configure(Exim& exim, const std::string& name);
  void leave_open(Exim& exim);
  std::string deliver(Exim& exim, Ledger& ledger);

  const Scenario& scenario_;
  const Recipients& recipients_;
  Seen& seen_;
  Play play_;
  Net net_;
  NoStore store_;
};

Servers Run::servers(const Scenario& scenario) {
  Servers servers;
  servers.extensions = "250-mx.lab\r\n";
  if (scenario.pipelining) servers.extensions += "250-PIPELINING\r\n";
  if (scenario.form != Form::Data) servers.extensions += "250-CHUNKING\r\n";
  if (scenario.prdr) servers.extensions += "250-PRDR\r\n";
  servers.more_replies = !(scenario.form == Form::SmallChunk && scenario.pipelining);
  return servers;
}

AddressBatch Run::batch() const {
  return make_batch(scenario_.hosts, scenario_.recipients);
}

// Connections are in clear, so that a policy lets nothing but one that is left open be used.
HostPlan Run::host_plan() const {
  HostPlan plan;
  if (scenario_.left_open == LeftOpen::OfPolicy)
    plan.policy = EncryptOnly{*DnsName::parse("mx1.lab"), {"usage 1"}};
  else
    plan.policy = no_dane();
  return plan;
}

void Run::configure(Exim& exim, const std::string& name) {
  exim.options["helo_data"] = "me.lab";
  exim.numbers = {{"command_timeout", 0}, {"data_timeout", 0}, {"final_timeout", 0}};
  if (scenario_.most_messages > 0)
    exim.numbers["connection_max_messages"] = scenario_.most_messages;
  if (scenario_.most_recipients > 0)
    exim.options["max_rcpt"] = std::to_string(scenario_.most_recipients);
  for (HostIndex host; host.value() < scenario_.hosts; ++host) {
    exim.lists["hosts_try_chunking"].insert(host);
    exim.lists["hosts_try_prdr"].insert(host);
  }
  exim.plain_message = message_text(scenario_, name);
  exim.message = exim.plain_message + ".\r\n";
  play_.servers.plain = exim.plain_message;
  play_.servers.dotted = exim.message;
  exim.named(name);
  play_.place = name;
}

// As an earlier message leaves it, with the mark of this policy.
void Run::leave_open(Exim& exim) {
  const auto batch = this->batch();
  const auto plan = host_plan();
  const AttemptRequest request{0, 25, plan, {0}, TlsChoice::AsPolicySays};
  const auto tls = tls_for_host(exim, batch, request);
  const auto settings = session_settings(exim, *tls);
  MarkedConnection known;
  known.offered.pipelining = scenario_.pipelining;
  known.offered.chunking = scenario_.form != Form::Data;
  known.offered.prdr = scenario_.prdr;
  const auto digest = policy_digest(exim, batch, request, *tls, *settings);
  exim.open = {0, connection_mark(*digest, known), "TLS1.3:X:256", 1};
  exim.open_socket = net_.connect(PromptPeer::Begin::AtMail);
}

std::string Run::deliver(Exim& exim, Ledger& ledger) {
  DomainPlan plan;
  plan.domain = "dom.lab";
  for (std::size_t i = 0; i < recipients_.size(); ++i)
    if (recipients_[i]) plan.recipients.emplace_back(i);
  const auto batch = this->batch();
  for (const auto& host : batch.hosts) plan.hosts[plan.key(host)] = host_plan();
  try_hosts(exim, batch, plan,
            [&](MailServer& to, const AddressBatch& of, const AttemptRequest& request) {
              host_tried(ledger, request);
              return attempt_host(to, of, request, store_);
            });
  net_.before_word_to_exim();
  ledger.ends();
  const auto& fault = ledger.first_fault();
  return fault.empty() ? "" : fault + "\n" + play_.dialogue;
}

std::string Run::fault() {
  Ledger first(recipients_, seen_);
  play_.ledger = &first;
  Exim exim(play_, net_, first);
  configure(exim, "first");
  exim.message_waits = scenario_.left_open == LeftOpen::OfPolicy;
  if (scenario_.left_open != LeftOpen::None) leave_open(exim);
  auto fault = deliver(exim, first);
  if (!fault.empty() || !exim.left_open) return fault;

  Ledger second(recipients_, seen_);
  play_.ledger = &second;
  net_.goes_on_for(second);
  Exim next(play_, net_, second);
  configure(next, "second");
  next.open = exim.left_open;
  next.open_socket = std::move(exim.open_socket);
  return deliver(next, second);
}

Recipients queued(const Leavings& left) {
  Recipients which;
  for (const Left one : left) which.push_back(one == Left::Queued || one == Left::QueuedInDoubt);
  return which;
}

bool any(const Recipients& which) {
  return std::find(which.begin(), which.end(), true) != which.end();
}

// What any number of runs make of a message, each beginning with what the one before has left. A
// recipient that is on record, or has bounced, stays so.
using LeftBy = std::map<Recipients, std::set<Leavings>>;

std::size_t ledgers(const LeftBy& left_by, std::size_t recipients) {
  std::set<Leavings> known;
  std::vector<Leavings> open{Leavings(recipients, Left::Queued)};
  while (!open.empty()) {
    const auto before = open.back();
    open.pop_back();
    if (!known.insert(before).second || !any(queued(before))) continue;
    for (const auto& left : left_by.at(queued(before))) {
      auto after = before;
      for (std::size_t i = 0; i < recipients; ++i) {
        const bool doubted = before[i] == Left::QueuedInDoubt && left[i] == Left::Queued;
        if (left[i] != Left::NotOfTheRun && !doubted) after[i] = left[i];
      }
      open.push_back(after);
    }
  }
  return known.size();
}

Walk walk_from(const Scenario& scenario, const Recipients& recipients) {
  Walk walk;
  Choices choices;
  do walk.fault = Run(scenario, recipients, choices, walk.seen).fault();
  while (choices.another() && walk.fault.empty());
  walk.runs = choices.runs();
  walk.states = choices.states();
  walk.met_again = choices.met_again();
  return walk;
}

}  // namespace

Walk& Walk::operator+=(const Walk& other) {
  runs += other.runs;
  states += other.states;
  met_again += other.met_again;
  ledgers += other.ledgers;
  seen.kills += other.seen.kills;
  for (std::size_t i = 0; i < seen.rows.size(); ++i) seen.rows[i] += other.seen.rows[i];
  if (fault.empty()) fault = other.fault;
  return *this;
}

Walk walk(const Scenario& scenario) {
  Walk all;
  LeftBy left_by;
  std::vector<Recipients> open{Recipients(scenario.recipients, true)};
  while (!open.empty() && all.fault.empty()) {
    const auto recipients = open.back();
    open.pop_back();
    if (!any(recipients) || left_by.count(recipients) != 0) continue;
    const auto one = walk_from(scenario, recipients);
    all += one;
    left_by[recipients] = one.seen.left;
    for (const auto& left : one.seen.left) open.push_back(queued(left));
  }
  if (all.fault.empty()) all.ledgers = ledgers(left_by, scenario.recipients);
  if (!all.fault.empty()) all.fault = to_text(scenario) + ": " + all.fault;
  return all;
}

std::string to_text(const Scenario& scenario) {
  const char* form = scenario.form == Form::Data         ? "DATA"
                     : scenario.form == Form::SmallChunk ? "BDAT, small"
                                                         : "BDAT, large";
  auto text = format("{} to {} by {} host(s){}{}", form, scenario.recipients, scenario.hosts,
                     scenario.pipelining ? ", PIPELINING" : "", scenario.prdr ? ", PRDR" : "");
  if (scenario.most_recipients > 0) text += format(", {} a transaction", scenario.most_recipients);
  if (scenario.most_messages > 0) text += format(", {} a connection", scenario.most_messages);
  if (scenario.left_open == LeftOpen::OfNoPolicy) text += ", a connection left open";
  if (scenario.left_open == LeftOpen::OfPolicy) text += ", left open twice";
  return text;
}

}  // namespace danesmtp::test

// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns_examination.h"

#include <sys/stat.h>

#include <algorithm>
#include <random>

#include "core/format.h"
#include "dns/record_resolver.h"
#include "dns/stub_query.h"
#include "dns/unbound_session.h"

namespace danesmtp::tool {
namespace {

constexpr std::chrono::seconds kReply{3};
constexpr std::chrono::seconds kValidation{8};
constexpr std::chrono::seconds kPatience{10};  // a delivery has twice that
const DnsQuestion kRootKeys{"", RrType::Dnskey};

// A name that does not exist, as there is no such top-level domain, so nobody can have an answer
// for it ready. Of two labels: there are stubs that ask nobody for the address of one
// (systemd-resolved).
DnsName nonexistent_name() {
  std::random_device random;
  return *DnsName::parse(format("x{:08x}.x{:08x}{:08x}", random(), random(), random()));
}

// The root is signed, so that it does not exist can be proved (RFC 4035 5.4).
template <class T>
std::optional<Error> denial_fault(const Result<Answer<T>>& said) {
  if (!said) return said.error();
  if (!said->records.empty())
    return Error{ErrorKind::DnsBogus, "it has records of it, and they count as unsigned"};
  if (!said->secure()) return Error{ErrorKind::DnsBogus, "its denial counts as unsigned"};
  return std::nullopt;
}

bool answers(const NameServer& server, Edns edns) {
  const auto deadline = Deadline::in(kReply);
  auto query = UdpQuery::send(server, kRootKeys, deadline, edns);
  return query && query->reply(deadline);
}

// Of a server that was silent to EDNS. It is asked with it once more, as it may only have been
// slow.
bool answers_without_edns(const NameServer& server) {
  return answers(server, Edns::Left) && !answers(server, Edns::Sent);
}

void ask_for_root(const NameServer& server, ServerFacts& facts) {
  const auto deadline = Deadline::in(kReply);
  const auto started = std::chrono::steady_clock::now();
  auto query = UdpQuery::send(server, kRootKeys, deadline);
  auto message = query ? query->reply(deadline) : Result<Bytes>(tl::unexpected(query.error()));
  auto reply =
      message ? read_reply(*message, kRootKeys) : Result<DnsReply>(tl::unexpected(message.error()));
  if (message) facts.octets = message->size();
  if (message) facts.signed_for = signature_times(*message);
  facts.over_tcp = reply && reply->truncated;
  if (facts.over_tcp) reply = ask_server(server, kRootKeys, Deadline::in(kReply));
  facts.took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - started);
  if (reply)
    facts.reply = std::move(*reply);
  else
    facts.trouble = reply.error();
  if (facts.trouble && facts.trouble->kind == ErrorKind::Timeout && !facts.over_tcp)
    facts.answers_without_edns = answers_without_edns(server);
}

// As a delivery that has this server alone.
void validate_by(const NameServer& server, ResolverSetup setup, ServerFacts& facts) {
  setup.servers = {server};
  const auto deadline = Deadline::in(kValidation);
  auto session = UnboundSession::open(std::move(setup), deadline);
  if (!session)
    facts.root = session.error();
  else
    facts.truth = denial_fault((*session)->ask(nonexistent_name(), RrType::A, deadline));
}

ServerFacts examine_server(const NameServer& server, const Result<ResolverSetup>& setup,
                           DnssecMode mode) {
  ServerFacts facts;
  facts.server = server_text(server);
  ask_for_root(server, facts);
  const bool signs = !facts.trouble && facts.reply.rcode == 0 && facts.reply.signatures;
  if (signs && setup && mode == DnssecMode::Validate) validate_by(server, *setup, facts);
  return facts;
}

// The whole way of a delivery, with its choice among servers.
void resolve(ResolutionFacts& facts) {
  ResolverSurroundings around;
  facts.settings.question_time = kPatience;
  around.note = [&](const std::string& note) { facts.note = note; };
  auto resolver = make_resolver(facts.settings, around);
  const auto said = resolver->addresses(nonexistent_name(), AddressFamily::Inet);
  facts.error = denial_fault(said);
}

// Each of the two whether or not the other can be read.
Result<ResolverSetup> read_servers(ResolverSettings settings) {
  settings.dnssec = DnssecMode::BelieveResolver;  // asks for no trust anchor
  return read_resolver_files(settings);
}

Result<ResolverSetup> read_anchors(ResolverSettings settings) {
  settings.servers.clear();
  if (settings.upstream != Upstream::UnboundConf) settings.upstream = Upstream::Recursive;
  return read_resolver_files(settings);
}

std::chrono::days age_of(const std::string& path, WallTime now) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return std::chrono::duration_cast<std::chrono::days>(now.time_since_epoch() -
                                                       std::chrono::seconds(status.st_mtime));
}

AnchorFacts examine_anchor(const Result<ResolverSetup>& setup, const std::string& named,
                           const std::optional<DeliveryUser>& reader) {
  AnchorFacts facts;
  facts.now = wall_time();
  facts.marks = anchor_marks(
      read_small_file(setup ? setup->trust_anchor_file : named).value_or(std::string()));
  if (!setup) {
    facts.trouble = setup.error();
    return facts;
  }
  facts.file = setup->trust_anchor_file;
  facts.age = age_of(facts.file, facts.now);
  for (const auto& anchor : setup->trust_anchors)
    if (const auto id = anchor_key_id(anchor)) facts.keys.push_back(*id);
  if (reader && !facts.file.empty()) {
    facts.reader = reader->name;
    facts.unreadable = unreadable_by(*reader, facts.file);
  }
  return facts;
}

bool shows_signatures(const ServerFacts& server) {
  return !server.trouble && server.reply.signatures;
}

// What the first server that carries DNSSEC shows of the root.
void compare_with_root(const std::vector<ServerFacts>& servers, DnsFacts& facts) {
  const auto shows = std::find_if(servers.begin(), servers.end(), shows_signatures);
  if (shows == servers.end()) return;
  facts.anchor.root = signing_keys(shows->reply.records);
  facts.clock.signed_for = shows->signed_for;
  const bool no_use = std::none_of(servers.begin(), servers.end(), [](const ServerFacts& server) {
    return shows_signatures(server) && !server.root;
  });
  const bool in_time = judge_clock(facts.clock).health == Health::Ok;
  if (no_use && in_time) facts.anchor.untrusted = shows->root;
}

}  // namespace

DnsFacts examine_dns(const ResolverSettings& settings, const std::optional<DeliveryUser>& reader) {
  DnsFacts facts;
  const auto anchors = read_anchors(settings);
  const auto upstream = read_servers(settings);
  facts.anchor = examine_anchor(anchors, settings.trust_anchor_file, reader);
  facts.resolution.settings = settings;
  if (upstream)
    for (const auto& server : upstream->servers)
      facts.resolution.servers.push_back(examine_server(server, anchors, settings.dnssec));
  resolve(facts.resolution);
  facts.clock.now = wall_time();
  facts.clock.validates = !facts.resolution.error;
  compare_with_root(facts.resolution.servers, facts);
  return facts;
}

Findings judge_dns(const DnsFacts& facts) {
  Findings findings;
  const auto& settings = facts.resolution.settings;
  if (settings.dnssec == DnssecMode::Validate &&
      (settings.upstream != Upstream::UnboundConf || facts.anchor.trouble))
    findings.push_back(judge_anchor(facts.anchor));
  for (auto& finding : judge_servers(facts.resolution)) findings.push_back(std::move(finding));
  findings.push_back(judge_clock(facts.clock));
  findings.push_back(judge_resolution(facts.resolution));
  return findings;
}

}  // namespace danesmtp::tool

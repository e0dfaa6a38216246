// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns_findings.h"

#include <algorithm>

#include "../time_input.h"
#include "core/bytes.h"
#include "core/format.h"
#include "server/options.h"

namespace danesmtp::tool {
namespace {

constexpr std::chrono::milliseconds kSlow{1000};
constexpr int kRefused = 5;  // RFC 1035 4.1.1
constexpr int kFormerr = 1;
constexpr int kNotimp = 4;
constexpr const char* kOther =
    "ask one that passes DNSSEC on (Unbound, BIND, Knot Resolver, PowerDNS), or: dane_resolver = "
    "recursive";
constexpr const char* kNewAnchor =
    "install the root's key again: apt install --reinstall dns-root-data, or unbound-anchor -a "
    "FILE "
    "and dane_trust_anchor_file = FILE";

// Where the name servers are written.
std::string place_of(const ResolverSettings& settings) {
  return settings.upstream == Upstream::Forward ? kDaneResolver.name : "/etc/resolv.conf";
}

struct Ailment {
  std::string seen;
  std::string mend;
};

Ailment of_no_reply(const ServerFacts& facts, const ResolverSettings& settings) {
  if (facts.trouble->kind == ErrorKind::DnsFailure)
    return {"its reply cannot be read: " + printable(facts.trouble->text), kOther};
  return {"no reply: " + printable(facts.trouble->text),
          format("start it and let UDP and TCP port 53 through, or name another in {}",
  if (facts.answers_without_edns)
    return {"it answers what has no EDNS (RFC 6891), which DNSSEC needs, and nothing else",
            format("let EDNS through to it (firewalls that look into DNS), or {}", kOther)};
                 place_of(settings))};
}

Ailment of_rcode(const ServerFacts& facts) {
  const auto said = "it answers " + rcode_text(facts.reply.rcode);
  if (facts.reply.rcode == kRefused)
    return {said, "let this machine ask it (Unbound: access-control: ADDRESS allow)"};
  if (facts.reply.rcode == kFormerr || facts.reply.rcode == kNotimp)
    return {said + ": it does not know EDNS (RFC 6891), which DNSSEC needs", kOther};
  return {said + " for the root's keys", "its own log says why; or: dane_resolver = recursive"};
}

// What is wrong with it; nothing of its speed.
std::optional<Ailment> ailment_of(const ServerFacts& facts, const ResolverSettings& settings) {
  if (facts.trouble) return of_no_reply(facts, settings);
  if (facts.reply.rcode != 0) return of_rcode(facts);
  if (settings.dnssec == DnssecMode::BelieveResolver) {
    if (facts.reply.authentic) return std::nullopt;
    return Ailment{"it does not validate (no AD bit), and dane_dnssec = resolver believes it",
                   "dane_dnssec = validate, or let it validate"};
  }
  if (!facts.reply.signatures)
    return Ailment{
        std::string("it strips DNSSEC: the root's keys come without signatures") +
            (facts.reply.edns
                 ? ""
                 : ", and its reply without OPT record: it does not know EDNS (RFC 6891)"),
        kOther};
  if (facts.root)
    return Ailment{"the root does not validate by what it says: " + printable(facts.root->text),
                   "see trust anchor and clock; if both are well, ask another: dane_resolver = "
                   "recursive"};
  if (facts.truth)
    return Ailment{"it lies: what it says of a name that does not exist is not proved: " +
                       printable(facts.truth->text),
                   std::string("let it pass answers on unchanged (no redirection), or ") + kOther};
  return std::nullopt;
}

Finding judge_healthy(const ServerFacts& facts, const std::string& subject) {
  const auto speed = format("{} ms", facts.took.count());
  if (facts.over_tcp)
    return {subject, Health::Warning,
            format("carries DNSSEC, but over TCP only: its UDP replies are cut short ({})", speed),
            "let UDP replies of 1232 octets through (Unbound: edns-buffer-size, max-udp-size; and "
            "firewalls)"};
  if (facts.took > kSlow)
    return {subject, Health::Warning, format("carries DNSSEC, and is slow: {}", speed),
            "run a caching resolver on this machine"};
  return {subject,
          Health::Ok,
          format("carries DNSSEC; UDP replies of {} octets come through; {}", facts.octets, speed),
          {}};
}

Finding judge_server(const ServerFacts& facts, const ResolverSettings& settings) {
  const auto subject = "resolver " + facts.server;
  const auto ailment = ailment_of(facts, settings);
  if (!ailment) return judge_healthy(facts, subject);
  return {subject, Health::Failure, ailment->seen, ailment->mend};
}

std::string age_text(std::chrono::days age) {
  return age.count() == 1 ? "a day" : format("{} days", age.count());
}

bool trusts(const AnchorFacts& facts, const KeyId& key) {
  return std::find(facts.keys.begin(), facts.keys.end(), key) != facts.keys.end();
}

std::vector<KeyId> unknown_keys(const AnchorFacts& facts) {
  std::vector<KeyId> unknown;
  std::copy_if(facts.root.begin(), facts.root.end(), std::back_inserter(unknown),
               [&](const KeyId& key) { return !trusts(facts, key); });
  return unknown;
}

WallTime at(std::uint32_t seconds) {
  return WallTime(std::chrono::seconds(seconds));
}

}  // namespace

Findings judge_servers(const ResolutionFacts& facts) {
  Findings findings;
  for (const auto& server : facts.servers) {
    findings.push_back(judge_server(server, facts.settings));
    if (!facts.error && findings.back().health == Health::Failure)
      findings.back().health = Health::Warning;
  }
  return findings;
}

Finding judge_resolution(const ResolutionFacts& facts) {
  if (facts.error)
    return {"validation", Health::Failure, printable(facts.error->text),
            facts.settings.upstream == Upstream::Recursive
                ? "let this machine ask the root (port 53, UDP and TCP), or: dane_resolver = "
                  "forward:ADDRESS"
                : "mend what is named above, or meanwhile: dane_resolver = recursive"};
  if (!facts.note.empty())
    return {"validation", Health::Warning, printable(facts.note),
            "name a resolver that carries DNSSEC, or say it outright: dane_resolver = recursive"};
  if (facts.settings.dnssec == DnssecMode::BelieveResolver)
    return {"validation", Health::Ok, "the resolver is believed (dane_dnssec = resolver)", {}};
  return {"validation", Health::Ok, "answers of the DNS are validated in the process", {}};
}

Finding judge_anchor(const AnchorFacts& facts) {
  const std::string subject = "trust anchor";
  if (facts.trouble) return {subject, Health::Failure, printable(facts.trouble->text), kNewAnchor};
  const auto file = printable(facts.file);
  if (!facts.unreadable.empty())
    return {subject, Health::Failure,
            format("{} cannot be read by {}: {}", file, printable(facts.reader), facts.unreadable),
            format("chmod a+r {} (and a+x its directories)", file)};
  const auto unknown = unknown_keys(facts);
  if (!facts.root.empty() && unknown.size() == facts.root.size())
    return {subject, Health::Failure,
            format("{} has none of the root's keys: it has {}, the root {}", file,
                   tags_text(facts.keys), tags_text(facts.root)),
            kNewAnchor};
  if (facts.untrusted)
    return {
        subject, Health::Failure,
        format("with {} the root does not validate: {}", file, printable(facts.untrusted->text)),
        kNewAnchor};
  if (!unknown.empty())
    return {subject, Health::Warning,
            format("{} lacks key {} of the root: a key roll (RFC 5011) has begun", file,
                   tags_text(unknown)),
            kNewAnchor};
  const char* compared =
      facts.root.empty() ? "what the root has was not seen" : "the root has no other";
  return {subject,
          Health::Ok,
          format("{}, {} old, has the keys {}; {}", file, age_text(facts.age),
                 tags_text(facts.keys), compared),
          {}};
}

Finding judge_clock(const ClockFacts& facts) {
  constexpr const char* kSet = "set the clock: timedatectl set-ntp true, or chronyc makestep";
  if (facts.signed_for && facts.now < at(facts.signed_for->from))
    return {"clock", Health::Failure,
            format("it says {}, and the root's signatures begin at {}", to_rfc3339(facts.now),
                   to_rfc3339(at(facts.signed_for->from))),
            kSet};
  if (facts.signed_for && facts.now > at(facts.signed_for->until))
    return {"clock", Health::Failure,
            format("it says {}, and the root's signatures end at {}", to_rfc3339(facts.now),
                   to_rfc3339(at(facts.signed_for->until))),
            kSet};
  if (facts.signed_for)
    return {"clock",
            Health::Ok,
            format("within the root's signatures: {} to {}", to_rfc3339(at(facts.signed_for->from)),
                   to_rfc3339(at(facts.signed_for->until))),
            {}};
  if (facts.validates)
    return {"clock", Health::Ok, "within the root's signatures: they validate", {}};
  return {"clock", Health::Warning, "it cannot be compared: no signature of the root was seen",
          "mend the resolver first"};
}

}  // namespace danesmtp::tool

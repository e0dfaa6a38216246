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
constexpr std::chrono::days kHoldDown{30};  // RFC 5011 2.4.1: in less a new key is not taken up
constexpr int kRefused = 5;                 // RFC 1035 4.1.1
constexpr int kFormerr = 1;
constexpr int kNotimp = 4;
constexpr const char* kOther =
    "ask one that passes DNSSEC on (Unbound, BIND, Knot Resolver, PowerDNS), or: dane_resolver = "
    "recursive";
constexpr const char* kAnchor = "trust anchor";
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
  if (facts.answers_without_edns)
    return {"it answers what has no EDNS (RFC 6891), which DNSSEC needs, and nothing else",
            format("let EDNS through to it (firewalls that look into DNS), or {}", kOther)};
  return {"no reply: " + printable(facts.trouble->text),
          format("start it and let UDP and TCP port 53 through, or name another in {}",
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

// "; marked 20326 MISSING": of keys that are not plainly valid.
std::string marks_text(const AnchorFacts& facts) {
  const auto others = facts.marks.others_text();
  return others.empty() ? "" : "; marked there: " + others;
}

// RFC 5011 2.4.1: whoever keeps the file waits for 30 days before he trusts a new key.
bool waits_for_all(const AnchorFacts& facts, const std::vector<KeyId>& keys) {
  return std::all_of(keys.begin(), keys.end(),
                     [&](const KeyId& key) { return facts.marks.waits_for(key); });
}

const char* compared_text(const AnchorFacts& facts) {
  if (facts.root.empty()) return "what the root has was not seen";
  return unknown_keys(facts).empty()
             ? "the root has no other"
             : "a new one of the root is trusted when it was seen for 30 days";
}

// With it nothing validates.
std::optional<Finding> anchor_fault(const AnchorFacts& facts) {
  const auto file = printable(facts.file);
  if (facts.trouble)
    return Finding{kAnchor, Health::Failure, printable(facts.trouble->text) + marks_text(facts),
                   kNewAnchor};
  if (!facts.unreadable.empty())
    return Finding{
        kAnchor, Health::Failure,
        format("{} cannot be read by {}: {}", file, printable(facts.reader), facts.unreadable),
        format("chmod a+r {} (and a+x its directories)", file)};
  if (!facts.root.empty() && unknown_keys(facts).size() == facts.root.size())
    return Finding{kAnchor, Health::Failure,
                   format("{} has none of the root's keys: it has {}, the root {}; they were "
                          "changed (RFC 5011), or it is of another root{}",
                          file, tags_text(facts.keys), tags_text(facts.root), marks_text(facts)),
                   kNewAnchor};
  if (facts.untrusted)
    return Finding{
        kAnchor, Health::Failure,
        format("with {} the root does not validate: {}", file, printable(facts.untrusted->text)),
        kNewAnchor};
  return std::nullopt;
}

// Since what keeps it up to date has last seen the root's keys; none: nothing says that it does.
std::optional<std::chrono::days> unrenewed(const AnchorFacts& facts) {
  if (!facts.marks.last_success) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::days>(facts.now - *facts.marks.last_success);
}

// With it the root validates for now.
std::optional<Finding> upkeep_fault(const AnchorFacts& facts) {
  const auto file = printable(facts.file);
  const auto unknown = unknown_keys(facts);
  if (!waits_for_all(facts, unknown))
    return Finding{kAnchor, Health::Warning,
                   format("{} lacks key {} of the root: a key roll (RFC 5011) has begun{}", file,
                          tags_text(unknown), marks_text(facts)),
                   kNewAnchor};
  const auto days = unrenewed(facts);
  if (!days || *days <= kHoldDown) return std::nullopt;
  return Finding{kAnchor, Health::Warning,
                 format("{}, which a program is to keep up to date (RFC 5011), was not for {}: a "
                        "new key of the root would be missed{}",
                        file, age_text(*days), marks_text(facts)),
                 format("start what keeps it (Unbound: auto-trust-anchor-file), or each day: "
                        "unbound-anchor -a {}",
                        file)};
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
  if (auto fault = anchor_fault(facts)) return *fault;
  if (auto fault = upkeep_fault(facts)) return *fault;
  return {kAnchor,
          Health::Ok,
          format("{}, {} old, has the keys {}; {}{}", printable(facts.file), age_text(facts.age),
                 tags_text(facts.keys), compared_text(facts), marks_text(facts)),
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

// SPDX-License-Identifier: GPL-2.0-or-later
#include "check_report.h"

#include <algorithm>

#include "certificate_facts.h"
#include "core/format.h"
#include "route/domain_plan.h"
#include "time_input.h"

namespace danesmtp::tool {
namespace {

int colour_code(State state) {
  switch (state) {
    case State::Ok:
      return 32;
    case State::Warning:
    case State::Unknown:
      return 33;
    case State::Critical:
      return 31;
  }
  return 31;
}

std::string fate_text(Fate fate) {
  switch (fate) {
    case Fate::Dane:
      return "authenticated by DANE";
    case Fate::Sts:
      return "authenticated, as the policy of MTA-STS demands";
    case Fate::Verified:
      return "an authenticated host, though nobody vouches for its being the domain's";
    case Fate::Encrypted:
      return "over TLS, to nobody in particular";
    case Fate::Clear:
      return "in clear";
    case Fate::Waits:
    case Fate::NoDestination:
    case Fate::NoMail:
    case Fate::NotTried:
    case Fate::Unknown:
      break;
  }
  return {};
}

std::string verdict_text(const AddressReport& address) {
  if (address.failure) return "not used: " + address.failure->verdict.text;
  if (!address.tls) return "ready, without TLS";
  const std::string tls = address.tls->cipher + (address.requiretls ? ", REQUIRETLS" : "");
  if (address.dane && address.dane->match)
    return format("{}, authenticated by {} at depth {}", tls, to_text(address.dane->match->record),
                  address.dane->match->depth);
  if (address.trust == PeerTrust::Sts) return tls + ", authenticated as MTA-STS demands";
  return address.trust == PeerTrust::Verified ? tls + ", certificate verified by PKIX"
                                              : tls + ", not authenticated";
}

// What else is known of a server with TLS.
std::string details(const AddressReport& address, WallTime now) {
  if (!address.tls || address.tls->chain.empty()) return {};
  std::string text;
  if (auto facts = certificate_facts(address.tls->chain.front()))
    text = "; the certificate " + end_text(days_left(*facts, now));
  if (address.ocsp != OcspResult::NotRequested)
    text += format("; OCSP: {}", ocsp_word(address.ocsp));
  return text;
}

std::string other_text(const AddressReport& address) {
  const auto& dane = address.other->dane;
  const bool rsa = has_rsa_key(address.other->tls.chain.front());
  return format("    [{}] its {} certificate: {}\n", address.address,
                rsa ? "RSA" : "ECDSA or EdDSA",
                dane.match ? "authenticated by " + to_text(dane.match->record) : dane.reason);
}

// What a sender would report (RFC 8460).
std::string report_text(const std::optional<TlsAttempt>& report) {
  return report ? format("      TLS report: {}\n", to_text(*report)) : std::string();
}

std::string host_text(const HostReport& host, WallTime now) {
  std::string text = format("  {}:{}", host.name, host.port);
  if (host.preference) text += format(" (MX {})", *host.preference);
  text += ": " + policy_text(host.plan.policy) + "\n" + report_text(host.report);
  if (host.plan.sts) text += format("      MTA-STS: {}\n", policy_text(*host.plan.sts));
  if (host.plan.sts_unavailable)
    text += format("      MTA-STS: {}\n", unavailable_text(*host.plan.sts_unavailable));
  if (std::holds_alternative<SkipHost>(host.plan.policy)) return text;
  for (const auto& address : host.addresses) {
    text +=
        format("    [{}] {}{}\n", address.address, verdict_text(address), details(address, now));
    text += report_text(address.report);
    if (address.other) text += other_text(address);
  }
  return text;
}

const char* role_text(Role role) {
  switch (role) {
    case Role::Owner:
      return "if you run it";
    case Role::Sender:
      return "if you send to it";
    case Role::Resolver:
      return "your resolver";
  }
  return "if you run it";
}

std::string advice_text(const Advice& advice, Colour colour) {
  const bool warning = advice.weight == Weight::Warning;
  std::string text = format("  {}, {}: {}{} ({})\n",
                            warning ? coloured("warning", 33, colour) : std::string("note"),
                            role_text(advice.role), advice.host.empty() ? "" : advice.host + ": ",
                            advice.text, advice.rfc);
  if (!advice.publish.empty()) text += format("    publish: {}\n", advice.publish);
  return text;
}

}  // namespace

const char* state_word(State state) {
  switch (state) {
    case State::Ok:
      return "ok";
    case State::Warning:
      return "warning";
    case State::Unknown:
      return "unknown";
    case State::Critical:
      return "critical";
  }
  return "unknown";
}

const char* fate_word(Fate fate) {
  switch (fate) {
    case Fate::Dane:
      return "dane";
    case Fate::Sts:
      return "sts";
    case Fate::Verified:
      return "verified";
    case Fate::Encrypted:
      return "encrypted";
    case Fate::Clear:
      return "clear";
    case Fate::Waits:
      return "waits";
    case Fate::NoDestination:
      return "no-destination";
    case Fate::NoMail:
      return "no-mail";
    case Fate::NotTried:
      return "not-tried";
    case Fate::Unknown:
      return "unknown";
  }
  return "waits";
}

const char* ocsp_word(OcspResult result) {
  switch (result) {
    case OcspResult::NotRequested:
      return "not-requested";
    case OcspResult::NoResponse:
      return "no-response";
    case OcspResult::NotVerified:
      return "not-verified";
    case OcspResult::Failed:
      return "failed";
    case OcspResult::Verified:
      return "verified";
  }
  return "not-requested";
}

bool is_lost(Fate fate) {
  return fate == Fate::Waits || fate == Fate::NoDestination;
}

bool cannot_tell(const Report& report) {
  bool refused_our_name = false;
  for (const auto& host : report.hosts)
    for (const auto& address : host.addresses) {
      if (!address.hello_refused) return !report.resolver_answers;
      refused_our_name = true;
    }
  return refused_our_name || !report.resolver_answers;
}

Checked judge_report(Report report, WallTime now, int warn_days) {
  Checked checked{std::move(report), {}, State::Ok, now};
  checked.advice = advice_on({checked.report, now, warn_days});
  if (std::any_of(checked.advice.begin(), checked.advice.end(),
                  [](const Advice& one) { return one.weight == Weight::Warning; }))
    checked.state = State::Warning;
  if (is_lost(checked.report.fate)) checked.state = State::Critical;
  if (checked.report.fate == Fate::Waits && cannot_tell(checked.report))
    checked.state = State::Unknown;
  return checked;
}

Checked bad_target(const std::string& text, const std::string& why, WallTime now) {
  Checked checked;
  checked.report.target.text = printable(text);
  checked.report.fate = Fate::Unknown;
  checked.report.reason = why;
  checked.at = now;
  return checked;
}

std::string summary(const Checked& checked) {
  const auto& report = checked.report;
  if (report.fate == Fate::Unknown) return report.reason;
  if (report.fate == Fate::NoMail) return report.reason;
  if (report.fate == Fate::NotTried) return "the DNS lets mail through; no host was tried";
  if (report.fate == Fate::NoDestination)
    return format("no such destination: {}: {}", report.reason,
                  report.target.route == RouteKind::Mx
                      ? "mail to it goes back to its sender"
                      : "Exim freezes mail to it (host_find_failed)");
  if (report.fate == Fate::Waits)
    return format("mail waits: {}{}", report.host.empty() ? "" : report.host + ": ", report.reason);
  return format("mail goes to {}, {}", report.host, fate_text(report.fate));
}

std::string to_text(const Checked& checked, Colour colour) {
  const auto& report = checked.report;
  std::string text = format("{}: {}: {}\n", report.target.text,
                            coloured(state_word(checked.state), colour_code(checked.state), colour),
                            summary(checked));
  for (const auto& look_up : report.look_ups) text += "  " + to_text(look_up) + "\n";
  text += report_text(report.tls_report);
  for (const auto& host : report.hosts) text += host_text(host, checked.at);
  for (const auto& advice : checked.advice) text += advice_text(advice, colour);
  return text;
}

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/attempt_report.h"

#include <string_view>

#include "core/format.h"
#include "route/attempt_verdict.h"
#include "route/unavailable_policy.h"

namespace danesmtp {
namespace {

std::string record_text(const Bytes& rdata) {
  const auto record = parse_tlsa_rdata(rdata);
  return record ? to_text(*record) : format("\\# {} {}", rdata.size(), to_hex(rdata));
}

PolicyFacts tlsa_policy(const std::string& domain, const std::string& mx,
                        const std::vector<Bytes>& records) {
  PolicyFacts facts{ReportedPolicy::Tlsa, domain, {}, {mx}};
  for (const auto& rdata : records) facts.strings.push_back(record_text(rdata));
  return facts;
}

PolicyFacts sts_policy(const StsPolicy& policy) {
  return {ReportedPolicy::Sts, policy.domain, policy.lines, policy.patterns};
}

// D-177
struct Facts {
  const std::string& domain;
  const std::string& mx;
  const std::optional<StsDemand>& sts;

  PolicyFacts operator()(const NoDane&) const { return without_dane(); }
  PolicyFacts operator()(const EncryptOnly& only) const {
    return tlsa_policy(only.base_domain.text(), mx, only.published);
  }
  PolicyFacts operator()(const Authenticate& dane) const {
    return tlsa_policy(dane.base_domain.text(), mx, dane.published);
  }
  // There may be records: that is what could not be found out.
  PolicyFacts operator()(const SkipHost& skip) const {
    return skip.reason == SkipReason::DnssecInvalid ? tlsa_policy(mx, mx, {}) : without_dane();
  }

 private:
  PolicyFacts without_dane() const {
    return sts ? sts_policy(sts->policy) : PolicyFacts{ReportedPolicy::NoPolicyFound, domain};
  }
};

// D-176
std::optional<TlsAttempt> begin(const AttemptContext& attempt) {
  const auto domain = DnsName::of_any_kind(attempt.domain());
  if (!domain) return std::nullopt;
  TlsAttempt report;
  report.domain = domain->text();
  const auto& host = attempt.host();
  const auto name = DnsName::of_any_kind(host.asked_name);
  const std::string mx = name ? name->text() : host.asked_name;
  const auto& plan = attempt.request.plan;
  report.policy = std::visit(Facts{report.domain, mx, plan.sts}, plan.policy);
  report.ends.mx_name = mx;
  report.ends.mx_ip = host.address;
  return report;
}

std::optional<TlsAttempt> begin(const AttemptContext& attempt, const ReportedSession& seen) {
  auto report = begin(attempt);
  if (!report) return report;
  report->ends.sending_ip = seen.sending_ip;
  report->ends.mx_helo = seen.session.capabilities().server_name;
  // A host without usable TLSA records has two policies; the report is of the one that failed.
  if (seen.peer.sts) report->policy = sts_policy(attempt.request.plan.sts->policy);
  const bool dane = !std::holds_alternative<NoDane>(attempt.request.plan.policy);
  if (!dane) tell_of_unavailable(attempt.request.plan.sts_unavailable, *report);
  return report;
}

// "TLSA of _25._tcp.mx.lab"
bool is_question(std::string_view text) {
  const auto of = text.find(" of ");
  return of != std::string_view::npos &&
         text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == of &&
         text.find(' ', of + 4) == std::string_view::npos;
}

// The question that an error's text tells of, among its parts.
std::string_view question_in(std::string_view text) {
  for (std::size_t end = 0; (end = text.find(": ")) != std::string_view::npos;
       text.remove_prefix(end + 2))
    if (is_question(text.substr(0, end))) return text.substr(0, end);
  return {};
}

// What was asked for and how it ended; the rest of such an error is about our resolver.
std::string dns_text(const Error& error) {
  const bool bogus = error.kind == ErrorKind::DnsBogus;
  const auto question = question_in(error.text);
  if (question.empty())
    return bogus ? "an answer of the DNS is bogus" : "a look-up in the DNS failed";
  return format("{}: {}", question, bogus ? "bogus" : "look-up failed");
}

std::optional<TlsFailure> dns_failure(const Error& error) {
  const bool of_dns = error.kind == ErrorKind::DnsBogus || error.kind == ErrorKind::DnsFailure;
  if (!of_dns || error.for_operator) return std::nullopt;
  return TlsFailure{FailureType::DnssecInvalid, dns_text(error)};
}

// Nothing: it is not the domain's.
std::optional<TlsFailure> failure_of_skipped(const SkipHost& skip) {
  switch (skip.reason) {
    case SkipReason::DaneRequired:
      return TlsFailure{FailureType::DaneRequired, "the sender requires DANE for this host"};
    case SkipReason::StsMismatch:
      return unnamed_by_policy();
    case SkipReason::DnssecInvalid:
      return dns_failure(skip.error);
    case SkipReason::StsUnknown:
    case SkipReason::Unsuited:
      break;
  }
  return std::nullopt;
}

const char* words_for(DaneFailure failure) {
  switch (failure) {
    case DaneFailure::HostMismatch:
      return "the certificate is for another name";
    case DaneFailure::Expired:
      return "the certificate is not valid at this time";
    case DaneFailure::NotTrusted:
      break;
  }
  return "no TLSA record matches the certificate";
}

TlsFailure refused_by_records(const DaneVerdict& verdict) {
  return {type_of(verdict.failure),
          verdict.presented.empty()
              ? std::string(words_for(verdict.failure))
              : format("{}; {}", words_for(verdict.failure), verdict.presented)};
}

std::string starttls_text(const SmtpTrouble& trouble) {
  if (trouble.reply && trouble.command == "STARTTLS")
    return format("STARTTLS was refused with {}", trouble.reply->code);
  return "STARTTLS is not offered";
}

// Dates and serial numbers in what the judge of proofs says are left out.
std::string verify_text(const PeerVerdict& peer) {
  return peer.ocsp == OcspResult::NotRequested ? "the certificate is not accepted" : kNoGoodProof;
}

// D-172
TlsFailure failure_of(FailureType type, const PeerVerdict& peer, const SmtpTrouble& trouble) {
  if (type == FailureType::StartTlsNotSupported) return {type, starttls_text(trouble)};
  if (peer.dane && !peer.dane->authenticated()) return refused_by_records(*peer.dane);
  if (peer.sts) return *peer.sts;
  return {type, trouble.stage == SmtpStage::Verify ? verify_text(peer) : trouble.error.text};
}

// The session is open; was the policy satisfied? D-163, D-172
std::optional<TlsFailure> failure_of_opened(const AttemptContext& attempt,
                                            const ReportedSession& seen) {
  if (!seen.session.tls())
    return TlsFailure{FailureType::StartTlsNotSupported, seen.session.capabilities().starttls
                                                             ? "STARTTLS was refused"
                                                             : "STARTTLS is not offered"};
  if (seen.peer.sts) return seen.peer.sts;
  if (std::holds_alternative<EncryptOnly>(attempt.request.plan.policy))
    return TlsFailure{FailureType::TlsaInvalid, "all-TLSA-records-unusable"};
  if (seen.peer.dane && !seen.peer.dane->authenticated())
    return refused_by_records(*seen.peer.dane);
  return std::nullopt;
}

// It is not the server's doing that there is no TLS.
bool without_tls_by_choice(const ReportedSession& seen) {
  const bool asked = seen.session.steps().find('e') != std::string::npos;
  return seen.tls.use == TlsUse::Never || !asked;
}

}  // namespace

std::optional<TlsAttempt> report_of_policy(const AttemptContext& attempt) {
  const auto* skip = std::get_if<SkipHost>(&attempt.request.plan.policy);
  if (!skip) return std::nullopt;
  const auto failure = failure_of_skipped(*skip);
  auto report = failure ? begin(attempt) : std::nullopt;
  if (report) report->failure = failure;
  return report;
}

std::optional<TlsAttempt> report_of_failed_domain(const std::string& domain, const Error& error) {
  const auto name = DnsName::of_any_kind(domain);
  const auto failure = dns_failure(error);
  if (!name || !failure) return std::nullopt;
  TlsAttempt report;
  report.domain = name->text();
  report.policy = {ReportedPolicy::Tlsa, report.domain};
  report.failure = failure;
  return report;
}

std::optional<TlsAttempt> report_of_opened(const AttemptContext& attempt,
                                           const ReportedSession& seen) {
  if (!seen.session.tls() && without_tls_by_choice(seen)) return std::nullopt;
  auto report = begin(attempt, seen);
  if (report && !report->failure) report->failure = failure_of_opened(attempt, seen);
  return report;
}

std::optional<TlsAttempt> report_of_trouble(const AttemptContext& attempt,
                                            const ReportedSession& seen,
                                            const SmtpTrouble& trouble) {
  const auto type = failure_at(trouble.stage, rule_on_trouble(trouble), seen.peer.dane);
  // What a server says within TLS is no failure of TLS. Silence might be: in TLS 1.3 a server that
  // does not like our end of the handshake has no other words.
  if (!type && seen.session.tls() && trouble.reply) return report_of_opened(attempt, seen);
  auto report = type ? begin(attempt, seen) : std::nullopt;
  if (report && !report->failure) report->failure = failure_of(*type, seen.peer, trouble);
  return report;
}

}  // namespace danesmtp

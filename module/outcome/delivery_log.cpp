// SPDX-License-Identifier: GPL-2.0-or-later
#include "outcome/delivery_log.h"

#include <algorithm>
#include <iterator>

#include "core/bytes.h"
#include "core/format.h"

namespace danesmtp {
namespace {

std::string tls_text(const SmtpTrouble& trouble) {
  if (trouble.stage == SmtpStage::StartTls)
    return "a TLS session is required, but the server did not offer TLS support";
  return format("TLS session: {}", printable(trouble.error.text));
}

struct Labels {
  PolicyOf policy;
  std::string_view usual;
  std::string_view for_operator;
};

constexpr Labels kLabels[] = {
    {PolicyOf::Dane, "DANE: ", "DANE error: "},
    {PolicyOf::Sts, "MTA-STS: ", "MTA-STS error: "},
    {PolicyOf::Requirement, "REQUIRETLS: ", "REQUIRETLS error: "},
};

const Labels& labels_of(PolicyOf policy) {
  return *std::find_if(std::begin(kLabels), std::end(kLabels),
                       [&](const Labels& labels) { return labels.policy == policy; });
}

bool is_for_operator(std::string_view label) {
  return std::any_of(std::begin(kLabels), std::end(kLabels),
                     [&](const Labels& labels) { return labels.for_operator == label; });
}

// With which a text begins that has been told from others by it; empty: it has none.
std::string_view policy_label(std::string_view text) {
  const auto begins = [&](std::string_view label) { return text.substr(0, label.size()) == label; };
  if (constexpr std::string_view kSession = "TLS session: "; begins(kSession)) return kSession;
  for (const auto& labels : kLabels)
    for (const auto label : {labels.for_operator, labels.usual})
      if (begins(label)) return label;
  return {};
}

constexpr std::size_t kStatusSize = 6;  // "4.7.5 "

// "TLSA of _25._tcp.mx.example: " is what a failed look-up begins with; who was asked, and what
// they said, comes behind it. Empty: no look-up.
std::string_view failed_look_up(std::string_view reason) {
  for (std::string_view type : {"TLSA of ", "A of ", "AAAA of ", "CNAME of "})
    if (reason.substr(0, type.size()) == type)
      return reason.substr(0, reason.find_first_of(": ", type.size()));
  return {};
}

}  // namespace

std::string trouble_text(const SmtpTrouble& trouble) {
  // A time-out after RCPT is about that recipient, whatever went out with it.
  const bool of_recipient = trouble.stage == SmtpStage::Rcpt && !trouble.reply &&
                            trouble.error.kind == ErrorKind::Timeout;
  const bool in_group = trouble.in_group && !of_recipient;
  const std::string command = format("{}{}", in_group ? "pipelined " : "", trouble.command);
  if (trouble.reply)
    return format("SMTP error from remote mail server after {}: {}", command,
                  printable(to_text(*trouble.reply)));
  if (trouble.stage == SmtpStage::Handshake || trouble.stage == SmtpStage::Verify)
    return tls_text(trouble);
  switch (trouble.error.kind) {
    case ErrorKind::Timeout:
      return format("SMTP timeout after {}", command);
    case ErrorKind::Disconnected:
      return format("Remote host closed connection in response to {}", command);
    case ErrorKind::Protocol:
      return format("Malformed SMTP reply in response to {}: {}", command,
                    printable(trouble.error.text));
    case ErrorKind::TlsHandshake:
    case ErrorKind::TlsVerify:
      return tls_text(trouble);
    case ErrorKind::BadInput:
    case ErrorKind::DnsBogus:
    case ErrorKind::DnsFailure:
    case ErrorKind::Io:
    case ErrorKind::Internal:
      break;
  }
  return format("{} failed: {}", command, printable(trouble.error.text));
}

std::string confirmation_text(const SmtpReply& reply) {
  return printable(to_text(reply));
}

std::string confirmation_text(const SmtpReply& own, const SmtpReply& overall) {
  return format("{}\\n{}", confirmation_text(own), confirmation_text(overall));
}

std::string message_refusal_text(const SmtpReply& reply, const std::string& command) {
  return format("PRDR error after {}: {}", command, printable(to_text(reply)));
}

std::string event_answer_text(const std::string& answer) {
  return "deferred by smtp:connect event expansion: " + printable(answer);
}

std::string denied_certificate_text(const std::string& address, std::size_t depth,
                                    const std::string& answer) {
  return format("[{}] cert denied by event-action: depth={}: {}", address, depth,
                printable(answer));
}

std::string dane_refusal_text(const std::string& reason, const std::string& presented) {
  return presented.empty() ? "DANE: " + reason : format("DANE: {} ({})", reason, presented);
}

std::string ciphers_not_expressed_text(const BatchHost& host, const std::string& what) {
  return format("TLS options: {}: the default is used for H={} [{}]", what, host.name,
                host.address);
}

std::string audit_text(const BatchHost& host, const std::string& domain, const std::string& why) {
  return format("DANE audit: H={} [{}]: {}: not enforced for {}", host.name, host.address, why,
                domain);
}

std::string forbidden_tls_text() {
  return "the host has TLSA records, so TLS is mandatory, but hosts_avoid_tls forbids it";
}

std::string sts_unnamed_text(const std::string& host, const std::string& domain) {
  return format("MTA-STS: {} is no host that the policy of {} names", printable(host), domain);
}

std::string sts_refusal_text(const std::string& why) {
  return "MTA-STS: " + why;
}

std::string sts_forbidden_tls_text() {
  return "MTA-STS: TLS is mandatory, but hosts_avoid_tls forbids it";
}

std::string sts_audit_text(const BatchHost& host, const std::string& domain,
                           const std::string& why) {
  return format("MTA-STS: H={} [{}]: {}: not enforced for {}", host.name, host.address, why,
                domain);
}

std::string unsuited_host_text(const std::string& host) {
  return format(
      "{} is named by an MX record that is not signed, and by no policy of MTA-STS that is "
      "enforced",
      printable(host));
}

std::string required_tls_refusal_text(const std::string& why) {
  return "REQUIRETLS: " + why;
}

std::string required_tls_forbidden_text() {
  return "the message requires TLS, but hosts_avoid_tls forbids it";
}

std::string no_requiretls_text() {
  return "the server does not offer REQUIRETLS";
}

// RFC 8689 4.2.1 and 7
std::string no_suited_host_text(std::string_view status, std::string_view why) {
  const bool no_tls = status == "4.7.10";
  return format("REQUIRETLS: 550 {}: {}",
                no_tls ? "5.7.10 Encryption needed" : "5.7.30 REQUIRETLS support required", why);
}

std::string missing_auth_text(const std::string& why) {
  return "authentication required but " + why;
}

std::string missing_smtputf8_text() {
  return "utf8 support required but not offered for forwarding";
}

std::string policy_failure_text(std::string_view status, std::string_view text, Reader reader,
                                PolicyOf policy) {
  const std::string_view label = policy_label(text);
  const Labels& labels = labels_of(policy);
  const std::string_view usual = label.empty() ? labels.usual : label;
  return format("{}{} {}", reader == Reader::Operator ? labels.for_operator : usual, status,
                text.substr(label.size()));
}

// Exim puts "H=name [address]: " before it.
std::string recorded_policy_failure(std::string_view record) {
  const auto end = record.find("]: ");
  if (record.substr(0, 2) == "H=" && end != std::string_view::npos) record.remove_prefix(end + 3);
  const std::string_view label = policy_label(record);
  if (label.empty() || is_for_operator(label)) return {};
  const std::string_view status = record.substr(label.size(), kStatusSize);
  const std::string_view reason =
      record.substr(std::min(record.size(), label.size() + kStatusSize));
  if (const auto look_up = failed_look_up(reason); !look_up.empty())
    return status == "4.7.5 " || status == "4.4.3 " ? format("{}{}{}", label, status, look_up) : "";
  return status == "4.7.4 " || status == "4.7.5 " ? std::string(record) : "";
}

std::string no_host_text(NoHostReason reason, std::string_view domain, std::string_view why) {
  const std::string_view colon = why.empty() ? "" : ": ";
  switch (reason) {
    case NoHostReason::RetryTimes:
      return format("retry time not reached for any host for '{}'", domain);
    case NoHostReason::AllExpired:
      return format(
          "all hosts for '{}' have been failing for a long time (and retry time not reached){}{}",
          domain, colon, why);
    case NoHostReason::AllTried:
      return format(
          "all hosts for '{}' have been failing for a long time and were last tried after this "
          "message arrived{}{}",
          domain, colon, why);
    case NoHostReason::Busy:
      return format("connection limit reached for all hosts for '{}'", domain);
    case NoHostReason::Mixed:
      break;
  }
  return format(
      "some host address lookups failed and retry time not reached for other hosts or connection "
      "limit reached for '{}'",
      domain);
}

std::string no_address_text(std::string_view host) {
  return format("failed to lookup IP address for {}", host);
}

std::string local_host_text(std::string_view transport, std::string_view host) {
  return format("{} transport found host {} to be local", transport, host);
}

std::string unencrypted_text(const BatchHost& host, const std::string& why) {
  return format("{}: delivering unencrypted to H={} [{}] (not in hosts_require_tls)", why,
                host.name, host.address);
}

std::string unproved_address_text() {
  return "DANE error: the address is not one of this host's in the validated DNS";
}

std::string unproved_host_text(const std::string& host, const std::string& domain) {
  return format(
      "DANE error: {} is not a mail server of {} in the validated DNS, though the system's "
      "resolver says so",
      printable(host), printable(domain));
}

std::string unproved_rename_text(const std::string& from, const std::string& to) {
  return format(
      "DANE error: the system's resolver says that {} is called {}, and the validated DNS "
      "does not",
      printable(from), printable(to));
}

std::string unproved_srv_text(const std::string& host, const std::string& domain) {
  return format(
      "DANE error: {} is not a mail server of the signed domain {} by its MX records; SRV "
      "records (check_srv) are not validated",
      printable(host), domain);
}

std::string unvalidated_record_text(const std::string& host) {
  return format("DANE: {} is named by a record that cannot be validated (\"/mx\" in a route)",
                host);
}

std::string audited_host_text(const std::string& host, const std::string& domain,
                              const std::string& why) {
  return format("DANE audit: {} would not be used for {}: {}", host, domain, why);
}

std::string lookup_text(std::string_view what, std::string_view domain, const Error& error) {
  return format("DANE error: {} look-up of {}: {}", what, domain, printable(error.text));
}

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// doc/handbook/log-lines.md: each text that may stand in Exim's main log, and what to do about it.
// The texts are made by the functions that make them for a log. Without arguments it prints the
// page; with a file it fails when the file says something else. handbook.py looks for texts that
// are missing here.

#include <string>
#include <vector>

#include "core/format.h"
#include "failure_words.h"
#include "made_page.h"

using namespace danesmtp;
using namespace danesmtp::docs;

namespace {

const BatchHost kHost{"HOST", "HOST", "ADDRESS", {}, {}};

struct Row {
  std::string text;
  const char* means;
  const char* to_do;
};

using Rows = std::vector<Row>;

Error error(ErrorKind kind, const std::string& text, bool for_operator = false) {
  return {kind, text, for_operator};
}

// What a failed verification is in a log: `reason` is the judge's.
std::string refused(PolicyOf policy, const std::string& reason) {
  const SmtpTrouble trouble{SmtpStage::Verify, error(ErrorKind::TlsVerify, reason), {}, "STARTTLS"};
  return under_policy(policy, rule_on_trouble(trouble)).verdict.text;
}

std::string unmatched(const char* reason, const char* presented = "presented: 3 1 1 DIGEST") {
  return refused(PolicyOf::Dane, dane_refusal_text(reason, presented));
}

std::string not_usable(ErrorKind kind, const std::string& text, bool for_operator = false) {
  return under_dane(rule_on_policy_failure(error(kind, text, for_operator))).verdict.text;
}

std::string of_sts(ErrorKind kind, const std::string& text) {
  return under_policy(PolicyOf::Sts, rule_on_policy_failure(error(kind, text))).verdict.text;
}

constexpr const char* kTheirs = "Theirs to mend: tell their postmaster, with this line.";
constexpr const char* kCheck =
    "`danesmtp check DOMAIN` says which record is wrong. Theirs to mend; `danesmtp tlsa` makes the "
    "record.";
constexpr const char* kLookAgain =
    "`danesmtp explain DOMAIN` looks again; `danesmtp doctor` says whether it is your resolver.";

Rows refused_by_records() {
  return {
      {unmatched("no TLSA record matches the server's certificate"),
       "The usual one: a certificate was renewed with a new key and the records were not, or it is "
       "an impostor.",
       kCheck},
      {unmatched("no path from the server's certificate to a trust anchor of the TLSA records"),
       "Usage 2: the issuer changed, or the server does not send the certificate of which the "
       "record speaks.",
       kCheck},
      {unmatched("the certificate has none of the expected names: NAMES"),
       "Usage 2: right issuer, other name.", "Theirs: a certificate with one of these names."},
      {unmatched("a certificate of the chain has expired or is not valid yet"),
       "Usage 2: dates count.", "Theirs: renew it. If all domains say this: your clock."},
      {unmatched("the trust anchor is not a CA certificate"),
       "Usage 2 for a certificate that may sign nothing.", "Theirs: usage 3 for that certificate."},
      {unmatched("the trust anchor is not for TLS servers"),
       "Usage 2 for an authority of another kind.", "Theirs: another issuer."},
      {unmatched("the key of the server's certificate is not for TLS"),
       "Its key usage forbids what TLS needs.", "Theirs: another certificate."},
      {unmatched("the server presented no certificate", ""), "A handshake without one.", kTheirs},
      {unmatched("the server presented N certificates, more than N"),
       "More than anybody needs: not looked at.", kTheirs},
      {unmatched("no usable TLSA record"), "Records that say nothing which can be checked.",
       kTheirs},
      {unmatched("too many possible paths to a trust anchor"), "A chain that is made to cost time.",
       kTheirs},
      {unmatched("no time left to look for a path to a trust anchor"),
       "The time for this host is used up.", "Waits; again at the next attempt."},
      {refused(PolicyOf::Dane, "(certificate status check failed): REASON"),
       "OCSP: revoked, or `hosts_require_ocsp` (or the certificate itself) demands a proof.",
       "Theirs: a fresh proof. Yours: `hosts_require_ocsp`, if it was meant for others."},
  };
}

std::string failed_mx() {
  return lookup_text("MX", "DOMAIN", error(ErrorKind::DnsFailure, "WHY"));
}

Rows not_even_connected() {
  return {
      {not_usable(ErrorKind::DnsBogus, "TLSA of _25._tcp.HOST: WHY"),
       "The answer is signed, and the signature is wrong, missing or over.",
       "Many domains: clock, trust anchor, resolver (`danesmtp doctor`). One domain: theirs."},
      {not_usable(ErrorKind::DnsFailure, "TLSA of _25._tcp.HOST: WHY"),
       "No answer, or SERVFAIL: nobody knows whether there are records.",
       "As above. A name server that fails for TLSA alone is theirs; meanwhile "
       "`dane_except_domains`, if you must."},
      {rule_on_failed_domain(error(ErrorKind::DnsFailure, failed_mx(), true)).verdict.text,
       "The list of hosts could not be validated: no host is tried.", kLookAgain},
      {not_usable(ErrorKind::TlsVerify, "no secure TLSA records for HOST"),
       "`hosts_require_dane` names the host, and it has none.",
       "They have given DANE up, or the list is too long: take the domain out of "
       "`hosts_require_dane`."},
      {not_usable(ErrorKind::TlsVerify, forbidden_tls_text()), "Two settings contradict.",
       "Take the host out of `hosts_avoid_tls`."},
      {under_dane(rule_on_trouble({SmtpStage::StartTls,
                                   error(ErrorKind::TlsHandshake, "STARTTLS is not offered"),
                                   {},
                                   "EHLO"}))
           .verdict.text,
       "TLSA records, and a server (or somebody before it) without STARTTLS.",
       "Theirs, or a firewall of yours that strips STARTTLS: try from elsewhere."},
      {not_usable(ErrorKind::BadInput, "option NAME: WHY", true),
       "An option of yours cannot be used; the status is for the sender, the rest for you.",
       "Mend the option; `exim4 -bV`."},
      {not_usable(ErrorKind::DnsBogus, unproved_address_text(), true),
       "Exim's resolver told another address than the signed DNS has.",
       "An old answer in your resolver, or a hosts file, or a lie. `danesmtp explain DOMAIN`."},
      {not_usable(ErrorKind::DnsBogus, unproved_host_text("HOST", "DOMAIN"), true),
       "Likewise, a host.", "As above."},
      {not_usable(
           ErrorKind::DnsBogus,
           "DANE error: HOST has no address in the validated DNS, though the system's resolver "
           "says so",
           true),
       "Likewise, a host without an address.", "As above."},
      {not_usable(ErrorKind::DnsBogus, unproved_rename_text("NAME", "NAME"), true),
       "Likewise, a domain's other name.", "As above; also `search` in resolv.conf."},
      {not_usable(ErrorKind::DnsBogus, unproved_srv_text("HOST", "DOMAIN"), true),
       "A router with `check_srv`: nobody validates these records.",
       "Route such a domain without `check_srv`."},
      {unvalidated_record_text("HOST"), "A route says `name/mx`: CV=yes at best.",
       "Nothing; or name the hosts themselves."},
  };
}

Rows of_mta_sts() {
  return {
      {of_sts(ErrorKind::TlsVerify, sts_unnamed_text("HOST", "DOMAIN")),
       "An MX record that the domain's own policy does not know.",
       "Theirs: policy and MX records differ. Or a forged MX record: that is what it is for."},
      {of_sts(ErrorKind::TlsVerify, sts_forbidden_tls_text()), "Two settings contradict.",
       "Take the host out of `hosts_avoid_tls`."},
      {refused(PolicyOf::Sts, sts_refusal_text("the certificate is not trusted: WHY")),
       "No path to an authority of this system.",
       "Theirs; or your package ca-certificates is old."},
      {refused(PolicyOf::Sts,
               sts_refusal_text("the certificate is for another name: not for HOST")),
       "The host's name is not in it.", kTheirs},
      {refused(PolicyOf::Sts, sts_refusal_text("the certificate is not valid at this time: WHY")),
       "Over, or not yet valid.", "Theirs: renew it. If all domains say this: your clock."},
      {sts_audit_text(kHost, "DOMAIN", "WHY"),
       "Mode testing, or `dane_audit_domains`: enforced, the message would wait. It went.",
       "Nothing; tell them, if you like."},
      {"MTA-STS: delivered as without a policy: WHY",
       "The daemon of `dane_mta_sts` does not answer. Once an hour.", "Start the daemon."},
  };
}

std::string unsuited(Shortcoming shortcoming, const std::string& why) {
  return under_dane(rule_on_unsuited_host(shortcoming, why)).verdict.text;
}

std::string returned(Shortcoming shortcoming, const std::string& why) {
  return rule_on_no_suited_host(rule_on_unsuited_host(shortcoming, why)).verdict.text;
}

Rows of_requirements() {
  return {
      {unsuited(Shortcoming::NoRequireTls, no_requiretls_text()),
       "The server is who it must be, and cannot promise TLS for the next hop. Another host may.",
       "Nothing; `danesmtp check DOMAIN` shows which servers offer it."},
      {unsuited(Shortcoming::NoRequireTls, unsuited_host_text("HOST")),
       "Nothing says that the host is the domain's.", "Nothing: theirs to sign, or to publish."},
      {unsuited(Shortcoming::NoTls,
                "TLS session: " + required_tls_refusal_text("the certificate WHY")),
       "A host without TLSA records, and its certificate is not its own.", kTheirs},
      {under_policy(
           PolicyOf::Requirement,
           rule_on_policy_failure(error(ErrorKind::TlsVerify, required_tls_forbidden_text())))
           .verdict.text,
       "Two settings contradict.", "Take the host out of `hosts_avoid_tls`."},
      {returned(Shortcoming::NoRequireTls, "WHY"),
       "No host may have the message: bounce, without its body.", "Nothing; the sender is told."},
      {returned(Shortcoming::NoTls, "WHY"),
       "Likewise; the last one had no TLS, or another's certificate.", "As above."},
      {"option dane_require_tls: \"WORD\" is not yes or no",
       "What the expansion yields. The message waits.", "Mend the expansion."},
  };
}

Rows of_audits() {
  return {
      {audit_text(kHost, "DOMAIN", "WHY"),
       "`dane_audit_domains`: enforced, the host would be refused for this reason. The mail went.",
       "Look WHY up above. Before you enforce, `danesmtp report` counts them."},
      {audited_host_text("HOST", "DOMAIN", "WHY"), "Likewise, before a connection.", "As above."},
  };
}

Rows of_this_machine() {
  return {
      {"DANE: nothing is kept for later deliveries: WHY",
       "The file of `dane_cache` cannot be used. Mail goes, slower. Once an hour.",
       "Owner and mode as the line says; removing the file is always safe."},
      {"DANE: the name servers of the system (SERVERS) do not carry DNSSEC: asking from the root "
       "for "
       "an hour",
       "resolv.conf has a resolver that strips signatures.",
       "Nothing breaks; a better resolver is faster (resolvers.md)."},
      {"TLSRPT: reports are lost: WHY", "The collector does not take them. Mail is not touched.",
       "Start the collector; who may write to its socket?"},
      {ciphers_not_expressed_text(kHost, "WHAT"), "A cipher list that GnuTLS has no words for.",
       "Shorten the option that it names; or leave it out."},
      {"no callout and no cutthrough delivery for DOMAIN: WHY",
       "Exim itself would have spoken to a host that may have DANE. Once a minute and domain.",
       "Nothing. `dane_callouts` chooses what the callout says."},
      {rule_on_failed_domain(
           error(ErrorKind::DnsFailure,
                 lookup_text("MX", "DOMAIN",
                             error(ErrorKind::DnsFailure,
                                   "DNSSEC validation is not working: WHY (RESOLVER)")),
                 true))
           .verdict.text,
       "Nothing validates here: no remote mail moves.",
       "`danesmtp doctor`: resolver, trust anchor or clock."},
      {"danesmtp: the module and its core library are of different versions",
       "Half of an upgrade. Remote mail waits.", "Install both parts; then `exim4 -qff`."},
      {"danesmtp: internal error: WHY", "A fault of ours. The message waits.",
       "Report it (SECURITY.md); `dane_except_domains` goes around it."},
      {"danesmtp: PATH does not belong to this module; install both again, of one version",
       "Likewise; PATH is core.so or unbound.so.", "As above. upgrade.md."},
      {"danesmtp: PATH is for another libunbound", "libunbound was upgraded.",
       "Install a module that was built with it."},
      {"danesmtp: PATH is not whole; install it again",
       "An upgrade broke off, or the disk was full. Remote mail waits.",
       "Install the module again; then `exim4 -qff`."},
      {"danesmtp: cannot open its core library: WHY", "It is not there, or no memory for it.",
       "As above; or mend what WHY says."},
      {"danesmtp: cannot open its resolver library: WHY", "Likewise.", "As above."},
      {"danesmtp: cannot tell where its core library is",
       "The path of the module is too long. Likewise `cannot tell where its resolver library is`.",
       "Install it at another place."},
      {"danesmtp_transport.so refused: WHY: install the module for this Exim; mail waits",
       "Exim was upgraded, or the module. No remote mail moves. Also in the panic log.",
       "Install the pair that fits; then `exim4 -qff`. upgrade.md."},
      {"NAME transport: WHY: mail to remote hosts will wait",
       "When the daemon started: a file that an option names cannot be read.",
       "Mend it; no restart is needed."},
      {"NAME transport: option hosts: \"HOSTS\" is tainted (from \"OPTION\")",
       "Data from outside in an option: Exim refuses it.", "Look the value up in a file instead."},
      {"failed to write journal for ADDRESS: WHY", "The spool is full, or its disk is ill.",
       "Room, then `exim4 -qff`. A message may come twice."},
      {"failed to fsync journal: WHY", "Likewise.", "As above."},
      {"NAME authenticator failed H=HOST [ADDRESS] REPLY",
       "AUTH as a client: the server does not take the password.", "Look at the credentials."},
      {"NAME authenticator cancelled authentication H=HOST [ADDRESS] WHY",
       "An expansion of the authenticator failed.", "Look at the authenticator's options."},
      {rule_on_missing_auth("WHY").verdict.text, "`hosts_require_auth` names the host.",
       "Credentials; or the list."},
      {event_answer_text("TEXT"), "Your own `event_action` said so.", "Ask whoever wrote it."},
      {denied_certificate_text("ADDRESS", 0, "TEXT"), "Likewise, for a certificate.", "As above."},
      {unencrypted_text(kHost, "WHY"),
       "TLS failed with a host without any policy: the message went in clear.",
       "`hosts_require_tls`, if that must not be."},
  };
}

Rows of_hosts() {
  return {
      {no_host_text(NoHostReason::RetryTimes, "DOMAIN"),
       "It failed a short time ago. The reason is in an earlier line.",
       "`exigrep ID` or grep for the domain; `exim4 -M ID` tries now."},
      {no_host_text(NoHostReason::AllExpired, "DOMAIN", "WHY"), "The retry rules gave up: bounce.",
       "Look WHY up here. The next message tries anew."},
      {no_host_text(NoHostReason::AllTried, "DOMAIN", "WHY"), "Likewise.", "As above."},
      {no_host_text(NoHostReason::Busy, "DOMAIN"), "`serialize_hosts` or a limit of yours.",
       "Waits; again at the next queue run."},
      {no_host_text(NoHostReason::Mixed, "DOMAIN"), "Some of each.", "Look at earlier lines."},
      {no_address_text("HOST"), "A host of the list has no address.", kLookAgain},
      {local_host_text("NAME", "HOST"), "The list leads to this machine.",
       "`self` of the router; or their MX record is wrong."},
      {missing_smtputf8_text(), "The message needs SMTPUTF8, the host has it not.",
       "Nothing: it is returned, after the last host."},
  };
}

const char* to_do(const FailureRow& row) {
  if (row.stage < SmtpStage::Mail) return "`danesmtp check DOMAIN` shows the dialogue.";
  if (row.happening == Happening::Refused4xx || row.happening == Happening::Refused5xx)
    return "Read the reply: it is theirs.";
  return "Waits; often: their server, or the network between (MTU).";
}

ErrorKind kind_of(Happening happening) {
  switch (happening) {
    case Happening::NoAnswer:
      return ErrorKind::Timeout;
    case Happening::Closed:
      return ErrorKind::Disconnected;
    case Happening::IoError:
      return ErrorKind::Io;
    case Happening::TlsFailed:
      return ErrorKind::TlsHandshake;
    case Happening::BadSetting:
      return ErrorKind::BadInput;
    case Happening::Refused4xx:
    case Happening::Refused5xx:
    case Happening::Garbled:
      break;
  }
  return ErrorKind::Protocol;
}

SmtpTrouble example(const FailureRow& row) {
  SmtpTrouble trouble{row.stage, error(kind_of(row.happening), "WHY"), {}, "COMMAND"};
  if (row.happening == Happening::Refused4xx) trouble.reply = SmtpReply{450, {}, {"TEXT"}};
  if (row.happening == Happening::Refused5xx) trouble.reply = SmtpReply{550, {}, {"TEXT"}};
  return trouble;
}

std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2)
    text.replace(at, 1, "\\|");
  return text;
}

std::string table(const char* title, const char* before, const Rows& rows) {
  std::string text =
      format("\n## {}\n\n{}| in the log | means | do |\n|---|---|---|\n", title, before);
  for (const auto& row : rows)
    text += format("| `{}` | {} | {} |\n", cell(row.text), row.means, row.to_do);
  return text;
}

struct Saying {
  std::string text;
  std::string_view follows;
  std::string_view to_do;
  std::string stages;
};

// Rows that differ by their stage alone are one.
void add(std::vector<Saying>& sayings, const FailureRow& row) {
  const Saying one{rule_on_trouble(example(row)).verdict.text, consequence(row), to_do(row),
                   std::string(stage_name(row.stage))};
  for (auto& said : sayings)
    if (said.text == one.text && said.follows == one.follows && said.to_do == one.to_do) {
      if (said.stages.find(one.stages) == std::string::npos) said.stages += ", " + one.stages;
      return;
    }
  sayings.push_back(one);
}

std::string dialogue() {
  std::vector<Saying> sayings;
  for (const auto& row : failure_rows()) add(sayings, row);
  sayings.push_back({message_refusal_text(SmtpReply{550, {}, {"TEXT"}}, "COMMAND"),
                     "bounce, for this recipient", "Read the reply: it is theirs (PRDR).",
                     std::string(stage_name(SmtpStage::EndOfData))});
  std::string text =
      "\n## In the dialogue with a server\n\nCOMMAND is what was being answered. Where TLS was "
      "demanded, a status code stands before the text (ERRORS.md).\n\n"
      "| in the log | at | so | do |\n|---|---|---|---|\n";
  for (const auto& said : sayings)
    text +=
        format("| `{}` | {} | {} | {} |\n", cell(said.text), said.stages, said.follows, said.to_do);
  return text;
}

constexpr const char* kHead =
    "# Every log line, and what to do\n\n"
    "Made by `log_lines_page` from the functions that write the log; a test compares, and looks "
    "for "
    "texts that\nare missing here. To be searched by a piece of the line; what is in CAPITALS here "
    "is "
    "a name there.\n\n"
    "How to read a line of Exim's main log: `=>` delivered, `==` waits, `**` returned to the "
    "sender, "
    "`H=HOST\n[ADDRESS]: ...` without an arrow: one host failed, and the next is tried. A line "
    "about a "
    "message that waits\nis no alarm by itself: the message is safe, and Exim tries again by its "
    "retry "
    "rules.\n\n"
    "What each failure does to a message: [ERRORS.md](../ERRORS.md).\n\n"
    "## Delivered\n\n"
    "| in the log | means | do |\n|---|---|---|\n"
    "| `CV=dane` | authenticated by DNSSEC and TLSA records, all the way from the domain | nothing "
    "|\n"
    "| `CV=yes` | authenticated, but nobody vouched for the way to the host: an unsigned MX "
    "record, a "
    "`name/mx` route, or Exim's own check by CA certificates | nothing |\n"
    "| `X=...:sts CV=yes` | authenticated as an enforced policy of MTA-STS demands | nothing |\n"
    "| `X=...:requiretls` | the message went with REQUIRETLS (`dane_require_tls`) | nothing |\n"
    "| `X=...* ` | a TLS session that an earlier delivery left (`log_selector = +tls_resumption`) "
    "| "
    "nothing |\n"
    "| `X=... CV=no` | encrypted, nobody in particular at the other end: no DANE there | nothing "
    "|\n"
    "| no `X=` | in clear: no DANE there, and no STARTTLS | nothing; `hosts_require_tls`, if that "
    "must "
    "not be |\n"
    "| `DS` | the host was found by signed records | nothing |\n";

std::string page() {
  return kHead + table("Refused: the certificate", "", refused_by_records()) +
         table("Not tried: the DNS, or an option", "", not_even_connected()) +
         table("MTA-STS", "", of_mta_sts()) +
         table("Messages that require TLS", "", of_requirements()) +
         table("Audit", "", of_audits()) + table("This machine", "", of_this_machine()) +
         table("No host", "", of_hosts()) + dialogue();
}

}  // namespace

int main(int argc, char** argv) {
  return danesmtp::docs::print_or_compare(argc, argv, "log_lines_page", page());
}

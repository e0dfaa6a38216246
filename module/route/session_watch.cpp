// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/session_watch.h"

#include "core/bytes.h"
#include "net/own_address.h"
#include "outcome/delivery_log.h"
#include "tls/openssl_names.h"

namespace danesmtp {

TlsVariables variables_of_policy(const AttemptContext& attempt) {
  const HostPolicy& policy = attempt.request.plan.policy;
  TlsVariables variables;
  if (const auto* base = tlsa_base_domain(policy)) variables.sni = base->text();
  const auto& plan = attempt.request.plan;
  if (is_held_to_sts(plan) || plan.webpki_required) variables.sni = attempt.host().asked_name;
  if (const auto* dane = std::get_if<Authenticate>(&policy))
    for (const auto& record : dane->records)
      variables.tlsa_usages |= 1U << static_cast<unsigned>(record.usage);
  return variables;
}

SessionWatch::SessionWatch(const AttemptContext& attempt, const HostTls& tls)
    : attempt_(attempt),
      tls_(tls),
      judge_(attempt, tls.peer),
      verdict_(verdict_of_policy(attempt.request.plan)) {
  facts_.host = attempt.request.host;
  facts_.host_secure = attempt.request.plan.secure;
  attempt.server.set_tls_variables(variables_of_policy(attempt));
}

void SessionWatch::listen(SessionSettings& settings) {
  const bool events = attempt_.batch.events_wanted;
  if (events)
    settings.event = [this](const char* name, const std::string& data) {
      auto answer = attempt_.ask_event(name, data);
      if (std::string_view(name) == "smtp:connect") event_answer_ = answer;
      return answer;
    };
  if (!events && tls_.peer.empty()) return;
  settings.verify_peer = [this, events](const TlsInfo& info) {
    auto shown = events ? show_certificates(info) : Result<void>();
    auto judged = shown ? judge_.judge(info) : shown;
    if (judged && events) set_variables(learnt(info));  // for the event of the second EHLO
    return judged;
  };
}

// An answer to tls:cert refuses the peer.
Result<void> SessionWatch::show_certificates(const TlsInfo& info) const {
  for (auto depth = info.chain.size(); depth-- > 0;) {
    TlsVariables variables = variables_of_policy(attempt_);
    variables.sni = info.sni;
    variables.peer_certificate = certificate_pem(info.chain[depth]);
    attempt_.server.set_tls_variables(variables);
    const auto answer = attempt_.ask_event("tls:cert", std::to_string(depth));
    if (!answer.empty())
      return fail(ErrorKind::TlsVerify,
                  denied_certificate_text(attempt_.host().address, depth, answer));
  }
  return {};
}

void SessionWatch::connected(const UniqueFd& socket) {
  if (attempt_.batch.reports_wanted)
    sending_ip_ = own_address_towards(socket.get(), attempt_.host().address);
}

ReportedSession SessionWatch::reported(const SmtpSession& session) const {
  return {tls_, session, judge_.verdict(), sending_ip_};
}

void SessionWatch::opened(const SmtpSession& session) {
  describe(session);
  attempt_.report([&] { return report_of_opened(attempt_, reported(session)); });
  if (!session.tls()) note_clear_session();
}

// Only a policy that is not enforced lets it come to this.
void SessionWatch::note_clear_session() const {
  constexpr const char* kClear = "the session is not encrypted";
  const auto& plan = attempt_.request.plan;
  if (has_dane_policy(plan) && plan.enforcement == Enforcement::Audit)
    attempt_.server.note(audit_text(attempt_.host(), attempt_.domain(), kClear));
  if (plan.sts) attempt_.server.note(sts_audit_text(attempt_.host(), attempt_.domain(), kClear));
}

void SessionWatch::failed(const SmtpSession& session, const SmtpTrouble& trouble,
                          const FailureRuling& ruling) {
  describe(session);
  closed();
  if (!event_answer_.empty()) return;
  attempt_.report([&] { return report_of_trouble(attempt_, reported(session), trouble); });
  if (!judge_.verdict().sts) add_failure(verdict_, trouble.stage, ruling, judge_.verdict().dane);
  tell_of_failure(attempt_.server, attempt_.request.host, attempt_.request.recipients.front(),
                  verdict_);
}

void SessionWatch::taken_over(const OpenConnection& open, bool resumed) {
  facts_.resumed = resumed;
  verdict_.trust = trust_by_policy(attempt_.request.plan);
  facts_.trust = verdict_.trust;
  facts_.cipher = open.cipher;
  TlsInfo known;
  known.sni = tls_.settings.sni;
  known.version = open.cipher.substr(0, open.cipher.find(':'));
  known.resumption.used = facts_.resumed;
  set_variables(known);
}

void SessionWatch::describe(const SmtpSession& session) {
  for (char step : session.steps()) attempt_.server.session_step(step);
  facts_.greeting = printable(session.server_words().greeting);
  facts_.hello = printable(session.server_words().hello);
  if (!session.tls()) return;
  TlsInfo known = learnt(*session.tls());
  const auto left = session.resumable();
  known.resumption.ticket = left && left->new_ticket;
  set_variables(known);
}

TlsInfo SessionWatch::learnt(const TlsInfo& info) {
  verdict_.trust = judge_.verdict().trust;
  verdict_.ocsp = judge_.verdict().ocsp;
  TlsInfo known = named_for(attempt_.batch.tls, info);
  facts_.cipher = known.cipher;
  facts_.peer_dn = known.peer_dn;
  facts_.trust = verdict_.trust;
  facts_.ocsp = verdict_.ocsp;
  facts_.resumed = known.resumption.used;
  return known;
}

// Before the connection they say what the policy asks for, after the verdict what was found.
void SessionWatch::set_variables(const TlsInfo& session) const {
  TlsVariables variables = variables_of_policy(attempt_);
  variables.sni = session.sni;
  variables.version = session.version;
  variables.cipher = facts_.cipher;
  variables.standard_cipher = session.standard_cipher;
  variables.key_bits = session.key_bits;
  variables.peer_dn = session.peer_dn;
  variables.trust = facts_.trust;
  variables.ocsp = facts_.ocsp;
  variables.resumption = session.resumption;
  variables.channel_binding = session.channel_binding;
  if (!session.chain.empty()) variables.peer_certificate = certificate_pem(session.chain.front());
  attempt_.server.set_tls_variables(variables);
}

}  // namespace danesmtp

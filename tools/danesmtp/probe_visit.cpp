// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe_visit.h"

#include <cerrno>
#include <cstring>

#include "certificate_facts.h"
#include "core/format.h"
#include "route/attempt_report.h"
#include "time_input.h"

namespace danesmtp::tool {
namespace {

bool no_way_from_here(const ConnectFailure& failure) {
  return failure.system_errno == ENETUNREACH || failure.system_errno == EAFNOSUPPORT ||
         failure.system_errno == EADDRNOTAVAIL;
}

// 500 and 502: EHLO itself is not known there.
bool refuses_our_name(const SmtpTrouble& trouble) {
  if (!trouble.reply || !trouble.reply->permanent()) return false;
  const int code = trouble.reply->code;
  return trouble.command.compare(0, 5, "EHLO ") == 0 && code != 500 && code != 502;
}

void open_session(const AttemptContext& attempt, const HostTls& tls, UniqueFd socket,
                  AddressReport& address) {
  auto settings = session_settings(attempt.server, tls);
  if (!settings) {
    address.failure = FailureRuling{};
    address.failure->verdict.text = settings.error().text;
    return;
  }
  // What was presented is of interest above all when it is refused.
  PeerJudge peer(attempt, tls.peer);
  settings->verify_peer = [&](const TlsInfo& info) {
    address.tls = info;
    return peer.judge(info);
  };
  SmtpSession session(LineChannel(std::move(socket)), std::move(*settings), attempt.server);
  auto opened = session.open();
  if (opened) session.quit();
  if (!opened) {
    address.failure = rule_on_trouble(opened.error());
    address.hello_refused = refuses_our_name(opened.error());
  }
  const ReportedSession seen{tls, session, peer.verdict(), {}};
  address.report =
      opened ? report_of_opened(attempt, seen) : report_of_trouble(attempt, seen, opened.error());
  address.requiretls = opened && session.tls() && session.capabilities().requiretls;
  address.trust = opened ? peer.verdict().trust : PeerTrust::None;
  address.dane = peer.verdict().dane;
  address.ocsp = peer.verdict().ocsp;
}

// A server may have two certificates, and which one a client gets depends on what it offers.
constexpr const char* kOnlyRsa =
    "NORMAL:-ECDHE-ECDSA:-SIGN-ALL:+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-PSS-RSAE-SHA384:"
    "+SIGN-RSA-PSS-RSAE-SHA512:+SIGN-RSA-PSS-SHA256:+SIGN-RSA-PSS-SHA384:+SIGN-RSA-PSS-SHA512:"
    "+SIGN-RSA-SHA256:+SIGN-RSA-SHA384:+SIGN-RSA-SHA512";
constexpr const char* kOnlyCurves =
    "NORMAL:-ECDHE-RSA:-DHE-RSA:-RSA:-SIGN-ALL:+SIGN-ECDSA-SHA256:+SIGN-ECDSA-SHA384:"
    "+SIGN-ECDSA-SHA512:+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-ECDSA-SECP384R1-SHA384:"
    "+SIGN-ECDSA-SECP521R1-SHA512:+SIGN-EDDSA-ED25519:+SIGN-EDDSA-ED448";

// A second session, in which only the other kind of key will do. That it fails is the usual case.
void ask_for_other_key(ProbeServer& server, const AttemptRequest& asked, const HostTls& tls,
                       AddressReport& address) {
  const auto* dane = std::get_if<Authenticate>(&asked.plan.policy);
  if (!dane || !address.tls || address.tls->chain.empty()) return;
  auto settings = session_settings(server, tls);
  auto socket = server.connect(asked.host, asked.port);
  if (!settings || !socket) return;
  const bool rsa = has_rsa_key(address.tls->chain.front());
  settings->tls.priority = rsa ? kOnlyCurves : kOnlyRsa;
  std::optional<TlsInfo> shown;
  settings->verify_peer = [&shown](const TlsInfo& info) {
    shown = info;
    return Result<void>();
  };
  SmtpSession session(LineChannel(std::move(*socket)), std::move(*settings), server);
  if (session.open()) session.quit();
  if (!shown || shown->chain.empty() || has_rsa_key(shown->chain.front()) == rsa) return;
  auto verdict =
      verify_dane({shown->chain, dane->records.records(), asked.plan.names, wall_time()});
  address.other = OtherCertificate{std::move(*shown), std::move(verdict)};
}

}  // namespace

AddressReport not_used(const std::string& address, const std::string& why) {
  AddressReport report;
  report.address = address;
  report.failure = FailureRuling{};
  report.failure->verdict.text = why;
  return report;
}

AddressReport visit_address(ProbeServer& server, const AddressBatch& batch,
                            const AttemptRequest& asked, const HostTls& tls) {
  const auto& target = batch.host(asked.host);
  auto socket = server.connect(asked.host, asked.port);
  if (!socket) {
    auto report = not_used(target.address,
                           format("no connection: {}", std::strerror(socket.error().system_errno)));
    report.unconnected = true;
    report.no_route = no_way_from_here(socket.error());
    return report;
  }
  AddressReport address;
  address.address = target.address;
  NoStore store;  // a session of another time would prove nothing of today's certificate
  open_session({server, batch, asked, store}, tls, std::move(*socket), address);
  if (asked.tls == TlsChoice::AsPolicySays) ask_for_other_key(server, asked, tls, address);
  return address;
}

}  // namespace danesmtp::tool

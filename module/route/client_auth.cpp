// SPDX-License-Identifier: GPL-2.0-or-later
// The decision and the words for each way in which it can end; see the header.
#include "route/client_auth.h"

#include <string>

#include "core/format.h"

namespace danesmtp {
namespace {

enum class Need { None, IfOffered, Required };

Result<Need> need_of(Configuration& configuration, HostIndex host) {
  auto required = configuration.host_in(kHostsRequireAuth, host);
  if (!required) return tl::unexpected(required.error());
  if (*required) return Need::Required;
  auto tried = configuration.host_in(kHostsTryAuth, host);
  if (!tried) return tl::unexpected(tried.error());
  return *tried ? Need::IfOffered : Need::None;
}

// The server's last words as the authenticator kept them: its lines joined by '\n'.
Result<SmtpReply> reply_of(const std::string& text) {
  ReplyAssembler assembler;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    auto reply = assembler.add(text.substr(at, end - at));
    if (!reply) return tl::unexpected(reply.error());
    if (reply->has_value()) return **reply;
    at = end + 1;
  }
  return fail(ErrorKind::Protocol, "a reply without an end");
}

Error error_of(const AuthReport& report) {
  switch (report.fault) {
    case AuthFault::Timeout:
      return {ErrorKind::Timeout, "timeout while waiting for the peer to send"};
    case AuthFault::Closed:
      return {ErrorKind::Disconnected, "the peer closed the connection"};
    case AuthFault::Garbled:
      break;
  }
  return {ErrorKind::Protocol, report.text};
}

// An authenticator that believes in success names no command.
SmtpTrouble trouble_of(const AuthReport& report, const Result<void>& lent) {
  const std::string command = report.command.empty() ? "AUTH" : report.command;
  SmtpTrouble trouble{SmtpStage::Auth, error_of(report), std::nullopt, command};
  auto reply = reply_of(report.text);
  if (reply && reply->transient()) {
    trouble.error = {ErrorKind::Protocol, format("refused with {}", reply->code)};
    trouble.reply = *reply;
  } else if (!lent) {
    trouble.error = lent.error();
  }
  return trouble;
}

// `lent`: what became of the session meanwhile.
AuthReport ask(Authenticators& authenticators, SmtpSession& session, HostIndex host,
               Result<void>& lent) {
  const auto& offered = session.capabilities().auth_mechanisms;
  AuthReport report{AuthEnd::NotAuthenticated, "server did not advertise AUTH support", {}, {}};
  if (!offered.empty())
    lent = session.lend(
        [&](int fd) { report = authenticators.authenticate(host, fd, join(offered, " ")); });
  return report;
}

}  // namespace

std::optional<FailureRuling> authenticate(MailServer& server, SmtpSession& session,
                                          HostIndex host) {
  auto need = need_of(server, host);
  if (!need) return rule_on_trouble({SmtpStage::Auth, need.error(), std::nullopt, "AUTH"});
  if (*need == Need::None) return std::nullopt;

  Result<void> lent;
  const AuthReport report = ask(server, session, host, lent);

  if (report.end == AuthEnd::Problem) return rule_on_auth_problem(report.text);
  if (report.end == AuthEnd::Failed || !lent) return rule_on_trouble(trouble_of(report, lent));
  if (report.end == AuthEnd::NotAuthenticated && *need == Need::Required)
    return rule_on_missing_auth(report.text);
  return std::nullopt;
}

}  // namespace danesmtp

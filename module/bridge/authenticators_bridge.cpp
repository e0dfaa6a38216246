// SPDX-License-Identifier: GPL-2.0-or-later
#include "bridge/authenticators_bridge.h"

#include "bridge/configuration_bridge.h"
#include "net/close_on_exec.h"

namespace danesmtp {
namespace {

AuthEnd auth_end_of(int end) {
  switch (end) {
    case DANESMTP_AUTH_DONE:
      return AuthEnd::Authenticated;
    case DANESMTP_AUTH_NOT:
      return AuthEnd::NotAuthenticated;
    case DANESMTP_AUTH_PROBLEM:
      return AuthEnd::Problem;
    default:
      return AuthEnd::Failed;
  }
}

}  // namespace

AuthReport AuthenticatorsBridge::authenticate(HostIndex host, int fd,
                                              const std::string& mechanisms) {
  close_all_on_exec();
  const danesmtp_authenticated answer =
      exim_.services.authenticate(exim_.handle, host.value(), fd, mechanisms.c_str());
  AuthReport report{auth_end_of(answer.end), text_of(answer.text), text_of(answer.command),
                    AuthFault::Closed};
  if (answer.timed_out) report.fault = AuthFault::Timeout;
  if (answer.garbled) report.fault = AuthFault::Garbled;
  return report;
}

Result<std::optional<std::string>> AuthenticatorsBridge::mail_auth() {
  int failed = 0;
  const char* value = exim_.services.mail_auth(exim_.handle, &failed);
  if (failed) return tl::unexpected(expansion_failed(exim_, kAuthenticatedSender));
  if (!value) return std::optional<std::string>();
  return std::optional<std::string>(value);
}

}  // namespace danesmtp

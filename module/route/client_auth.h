// SPDX-License-Identifier: GPL-2.0-or-later
// Whether and how we authenticate to a server: the options hosts_require_auth and hosts_try_auth,
// what the server offers after TLS (RFC 4954 4), and Exim's own authenticators, to which the
// session is lent. Only called on a session whose peer has been judged as its policy demands; it
// never sees a secret, and what was offered before TLS is not known to it (RFC 3207 4.2).
#pragma once

#include <cstddef>
#include <optional>

#include "outcome/failure_policy.h"
#include "server/mail_server.h"
#include "smtp/session.h"

namespace danesmtp {

// Nothing when the session can go on to MAIL, authenticated or not; else why it cannot. After a
// failure of the connection it is closed; otherwise QUIT is the caller's to say.
[[nodiscard]] std::optional<FailureRuling> authenticate(MailServer& server, SmtpSession& session,
                                                        HostIndex host);

}  // namespace danesmtp

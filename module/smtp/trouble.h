// SPDX-License-Identifier: GPL-2.0-or-later
// What went wrong in an SMTP dialogue, and where. It says what happened; what that means for the
// host, the message or a recipient is decided in outcome/failure_policy.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "core/error.h"
#include "smtp/reply.h"

namespace danesmtp {

enum class SmtpStage {
  Connect,
  Greeting,
  Ehlo,
  StartTls,  // also: TLS is required and STARTTLS cannot be had
  Handshake,
  Verify,
  Auth,
  Mail,  // also RSET before a further message
  Rcpt,
  Data,
  EndOfData,
  Quit,
};

// Lower-case name for log and debug lines.
std::string_view stage_name(SmtpStage stage);

// Told apart by `reply` and `error.kind`:
//
// - a reply 4xx or 5xx: the server refused; error.kind is Protocol, the session can go on;
// - a reply 421: the server is going away; error.kind is Disconnected;
// - any other reply: it does not fit the command; error.kind is Protocol, and we hung up;
// - no reply: what was said broke the protocol, STARTTLS was not on offer (TlsHandshake), or the
//   connection or the TLS session failed, as error.kind says.
struct SmtpTrouble {
  SmtpStage stage;
  Error error;
  std::optional<SmtpReply> reply;  // the server's answer, if it is the cause
  std::string command;             // what was being answered: "EHLO me.example", "end of data"
  bool in_group = false;           // it went out together with other commands (RFC 2920)
};

template <class T>
using SmtpResult = tl::expected<T, SmtpTrouble>;

}  // namespace danesmtp

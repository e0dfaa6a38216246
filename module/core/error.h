// SPDX-License-Identifier: GPL-2.0-or-later
// What can go wrong, as a value. What a failure means for a host, a message or a recipient is
// decided in outcome/failure_policy, nowhere else: an Error only says what happened.
#pragma once

#include <string>
#include <utility>

namespace danesmtp {

enum class ErrorKind {
  BadInput,      // an option, argument or file that cannot be used; the text names it
  DnsBogus,      // validation failed (RFC 4035 4.3); the text holds the reason
  DnsFailure,    // SERVFAIL, REFUSED, time-out, malformed answer, a bound exceeded
  TlsHandshake,  // the handshake did not complete
  TlsVerify,     // the handshake completed, the peer is not who it should be
  Timeout,       // the deadline of a step has passed
  Disconnected,  // the peer closed the connection
  Io,            // a system call failed; the text holds its reason
  Protocol,      // the peer broke the SMTP dialogue
  Internal,      // a library refused something that it never should
};

struct Error {
  ErrorKind kind;
  std::string text;           // one line, ready for a log, never a secret
  bool for_operator = false;  // it names our own resolver and files: of no use to a sender

  friend bool operator==(const Error&, const Error&) = default;
};

}  // namespace danesmtp

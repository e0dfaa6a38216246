// SPDX-License-Identifier: GPL-2.0-or-later
// What the tests of a transaction share: message, envelope, session, and what came of it as text.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "smtp/transaction.h"
#include "unit/smtp/session_support.h"
#include "unit/smtp/time_limit.h"

namespace danesmtp::test {

inline const char* const kMessage = "Subject: x\r\n\r\n..\r\n.\r\n";
inline const char* const kPlainMessage = "Subject: x\r\n\r\n.\r\n";  // the same for BDAT

inline UniqueFd file_of(std::string_view content) {
  UniqueFd fd(::memfd_create("message", MFD_CLOEXEC));
  ck_assert_int_eq(::write(fd.get(), content.data(), content.size()),
                   static_cast<ssize_t>(content.size()));
  return fd;
}

inline Envelope envelope(std::size_t recipients) {
  Envelope envelope;
  envelope.mail.sender = "s@me.lab";
  for (std::size_t i = 1; i <= recipients; ++i)
    envelope.recipients.push_back({.recipient = "r" + std::to_string(i) + "@mx.lab"});
  return envelope;
}

inline char fate_letter(RecipientFate fate) {
  switch (fate) {
    case RecipientFate::Delivered:
      return 'D';
    case RecipientFate::Refused:
      return 'R';
    case RecipientFate::MessageRefused:
      return 'M';
    case RecipientFate::NextTransaction:
      return 'N';
    case RecipientFate::Undecided:
      break;
  }
  return 'U';
}

// What the client heard of it, as text: "D250 R550 U" for three recipients.
inline std::string fates(const TransactionResult& result) {
  std::string text;
  for (const auto& recipient : result.recipients) {
    text += text.empty() ? "" : " ";
    text += fate_letter(recipient.fate);
    if (recipient.reply) text += std::to_string(recipient.reply->code);
    bool decided = recipient.fate != RecipientFate::Undecided &&
                   recipient.fate != RecipientFate::NextTransaction;
    ck_assert(recipient.reply.has_value() == decided);
  }
  return text;
}

// A session to a server with PIPELINING, which goes on as `script` says.
struct Dialogue {
  ScriptedPeer peer;
  RecordingLog log;
  SmtpSession session;

  explicit Dialogue(ScriptedPeer::Script script, SessionSettings settings = short_settings(),
                    int socket_type = SOCK_STREAM)
      : peer(
            [script = std::move(script)](PeerSide& side) {
              side.say("220 mx.lab\r\n");
              side.answer("250-mx.lab\r\n250 PIPELINING\r\n");
              script(side);
            },
            socket_type),
        session(LineChannel(peer.take_socket()), std::move(settings), log) {
    ck_assert(session.open().has_value());
  }
};

inline void ignore(const TransactionResult&) {}

}  // namespace danesmtp::test

// SPDX-License-Identifier: GPL-2.0-or-later
// One message on a ready session: MAIL, RCPT for each recipient, DATA, the octets, the final reply.
// RFC 5321 3.3 and 4.1.1.4, RFC 2920. With and without PIPELINING it is the same sequence of
// commands, only written in larger groups. It reports per recipient what was said; it decides
// nothing.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "net/line_channel.h"
#include "smtp/command.h"
#include "smtp/session.h"
#include "smtp/trouble.h"

namespace danesmtp {

struct Envelope {
  MailArguments mail{};
  std::vector<RcptArguments> recipients{};  // at least one
};

enum class RecipientFate {
  Delivered,  // the message was accepted for it; reply is the one to the end of data
  Refused,    // the server refused it; reply is the one to RCPT
  Undecided,  // neither: TransactionResult::trouble says why
};

struct RecipientResult {
  RecipientFate fate = RecipientFate::Undecided;
  std::optional<SmtpReply> reply{};  // of a Delivered or Refused recipient
  std::string command{};             // the RCPT command
};

// Whether the server has the message now.
enum class Custody {
  NotTaken,  // certainly not: it was not sent to its end, or was refused
  Taken,     // certainly
  Unknown,   // the final dot was sent and the answer did not come: it may have been delivered
};

struct TransactionResult {
  std::vector<RecipientResult> recipients{};  // as in the envelope, same order
  std::optional<SmtpTrouble> trouble{};       // set when a recipient is Undecided
  Custody custody = Custody::NotTaken;
  bool pipelined = false;  // the envelope went out in groups (RFC 2920)
};

// Called at once after the final positive reply, before anything else is sent, so that the caller
// can put the delivery on record.
using MessageAccepted = std::function<void(const TransactionResult&)>;

// `message` holds the message as it goes over the wire: lines end with CRLF, leading dots are
// doubled, the last line is the single dot. BadInput at stage Mail, before anything is sent, when
// it does not end so, or when the envelope cannot be put into commands. session.usable() tells
// whether another transaction can follow, after session.reset() unless custody is Taken.
[[nodiscard]] TransactionResult run_transaction(SmtpSession& session, const Envelope& envelope,
                                                const FileExtent& message,
                                                const MessageAccepted& accepted);

}  // namespace danesmtp

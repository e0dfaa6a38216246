// SPDX-License-Identifier: GPL-2.0-or-later
// One message on a ready session: MAIL, RCPT for each recipient, the message by DATA or BDAT, the
// final reply. RFC 5321 3.3 and 4.1.1.4, RFC 2920, RFC 3030 2, draft-hall-prdr. With and without
// PIPELINING it is the same sequence of commands, only written in larger groups. It reports per
// recipient what was said; it decides nothing.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "smtp/command.h"
#include "smtp/message_data.h"
#include "smtp/session.h"
#include "smtp/trouble.h"

namespace danesmtp {

enum class Grouping { AsOffered, OneByOne };  // of commands, where the server offers PIPELINING

// Whether the message may go to some of the recipients when the server refuses others. If not, a
// refusal leaves the others Undecided without a trouble, and the message is not sent.
enum class Partial { Allowed, Forbidden };

struct Envelope {
  MailArguments mail{};
  std::vector<RcptArguments> recipients{};  // at least one
  Grouping grouping = Grouping::AsOffered;
  Partial partial = Partial::Allowed;
  // Where the message goes out with the envelope; elsewhere QUIT always comes later.
  Farewell farewell = Farewell::Later;
};

enum class RecipientFate {
  Delivered,  // the message was accepted for it; reply is the one to the end of data
  Refused,    // the server refused it; reply is the one to RCPT
  // The server took the recipient and refused the message for it (PRDR); reply says so, command is
  // the DATA or BDAT.
  MessageRefused,
  // 452 after other recipients were answered: too many for one transaction (RFC 5321 4.5.3.1.10).
  // At least one other recipient of the transaction is decided, unless there is trouble.
  NextTransaction,
  Undecided,  // none of these: TransactionResult::trouble says why
};

struct RecipientResult {
  RecipientFate fate = RecipientFate::Undecided;
  std::optional<SmtpReply> reply{};  // of a Delivered, Refused or MessageRefused recipient
  std::string command{};             // the RCPT command, without parameters
};

// Whether the server has the message now.
enum class Custody {
  NotTaken,  // certainly not: it was not sent to its end, or was refused
  Taken,     // certainly
  Unknown,   // it was sent to its end and the answer did not come: it may have been delivered
};

struct TransactionResult {
  std::vector<RecipientResult> recipients{};  // as in the envelope, same order
  std::optional<SmtpTrouble> trouble{};       // set when a recipient is Undecided
  std::optional<SmtpReply> overall{};  // with PRDR: the reply that follows those of the recipients
  Custody custody = Custody::NotTaken;
  bool pipelined = false;  // the envelope went out in groups (RFC 2920)
};

// Called at once after the final positive reply, before anything else is sent or done that could
// fail, so that the caller can put the delivery on record. The fates are known by then; the replies
// are not yet filled in.
using MessageAccepted = std::function<void(const TransactionResult&)>;

// BadInput at stage Mail, before anything is sent, when a Dotted message does not end with its dot
// or the envelope cannot be put into commands. session.usable() tells whether another transaction
// can follow, after session.reset() unless custody is Taken.
[[nodiscard]] TransactionResult run_transaction(SmtpSession& session, const Envelope& envelope,
                                                const MessageData& message,
                                                const MessageAccepted& accepted);

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// The message of a transaction, by DATA or BDAT, and who has it after its final reply: one, or one
// for each recipient and one for the whole (draft-hall-prdr). RFC 5321 4.1.1.4 and 4.2.5, RFC
// 3030 2. It must not know who the recipients are, nor what a refusal means for them.
#pragma once

#include <string>
#include <vector>

#include "smtp/session.h"
#include "smtp/transaction_record.h"

namespace danesmtp {

// As the envelope has it.
struct MessageManner {
  PerRecipientReplies prdr = PerRecipientReplies::No;
  Farewell farewell = Farewell::Later;  // of a message that goes out with its envelope
};

class MessageTransfer {
 public:
  // All of it outlives the transfer. `command` is the DATA or BDAT.
  MessageTransfer(SmtpSession& session, const MessageData& message, const std::string& command,
                  const MessageManner& manner, TransactionRecord& record,
                  const MessageAccepted& on_record)
      : session_(session),
        message_(message),
        command_(command),
        manner_(manner),
        record_(record),
        on_record_(on_record) {}

  // Behind the envelope's last commands, in one breath with them, by BDAT.
  [[nodiscard]] Result<void> send_with(std::vector<std::string> commands);

  // When every command has been answered.
  void send_awaited();

  // To its last octet.
  bool sent() const { return sent_; }

  void read_final_reply();

 private:
  [[nodiscard]] Result<void> send(const std::vector<std::string>& commands, Farewell farewell);
  bool accepts(const SmtpReply& reply) const;
  void take_final_reply(const SmtpReply& reply);
  void read_replies_of_recipients();
  void take_overall_reply(const std::vector<SmtpReply>& said, const SmtpReply& overall);
  void taken();
  void refuse(const SmtpReply& reply);

  SmtpSession& session_;
  const MessageData& message_;
  const std::string& command_;
  const MessageManner manner_;
  TransactionRecord& record_;
  const MessageAccepted& on_record_;
  bool sent_ = false;
};

}  // namespace danesmtp

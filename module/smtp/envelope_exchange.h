// SPDX-License-Identifier: GPL-2.0-or-later
// MAIL, RCPT and DATA, in groups where the server offers PIPELINING, and which reply belongs to
// whom. RFC 5321 4.5.3.1.10, RFC 2920 3.1, RFC 3030 4.2. What a reply means for the mail it must
// not know.
#pragma once

#include <cstddef>

#include "smtp/envelope_commands.h"
#include "smtp/message_transfer.h"
#include "smtp/session.h"
#include "smtp/transaction_record.h"

namespace danesmtp {

class EnvelopeExchange {
 public:
  // All of it outlives the exchange. `early` is a message that may go out by BDAT in the group that
  // the envelope ends with; null: it waits.
  EnvelopeExchange(SmtpSession& session, const EnvelopeCommands& commands,
                   TransactionRecord& record, MessageTransfer* early)
      : session_(session), commands_(commands), record_(record), early_(early) {}

  // Until every command is answered, or one too many goes wrong.
  void run();

  // 354 was received, and not yet answered.
  bool data_invited() const { return data_invited_; }

  // The server both took and refused a recipient.
  bool doubtful() const { return doubtful_; }

 private:
  void exchange_group(std::size_t first, std::size_t end);
  bool send_group(std::size_t first, std::size_t end);
  void take_reply(std::size_t place, const SmtpReply& reply);
  void take_rcpt_reply(std::size_t recipient, const SmtpReply& reply);
  void take_data_reply(const SmtpReply& reply);
  void postpone_from(std::size_t recipient);

  SmtpSession& session_;
  const EnvelopeCommands& commands_;
  TransactionRecord& record_;
  MessageTransfer* early_;
  bool one_decided_ = false;  // a recipient was accepted or refused for good
  bool too_many_ = false;     // the server will take no more in this transaction
  bool data_invited_ = false;
  bool doubtful_ = false;
};

}  // namespace danesmtp

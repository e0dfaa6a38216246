// SPDX-License-Identifier: GPL-2.0-or-later
// The message on one open session: as many transactions as its recipients need and the server
// takes, and what each recipient is told of them, as soon as it is known. What a refusal means is
// outcome/failure_policy's; who the peer is has been settled before.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "route/attempt_recipients.h"
#include "route/dialogue.h"
#include "route/shared_connection.h"
#include "smtp/session.h"
#include "smtp/transaction.h"

namespace danesmtp {

class Transactions {
 public:
  // `facts`: of the peer. All are borrowed and outlive the transactions.
  Transactions(const AttemptContext& attempt, AttemptRecipients& recipients,
               const ConnectionFacts& facts)
      : attempt_(attempt), recipients_(recipients), facts_(facts) {}
  // On a connection that an earlier message has left open.
  Transactions(const AttemptContext& attempt, AttemptRecipients& recipients,
               const ConnectionFacts& facts, const OpenConnection& open);

  // NotTried: the connection that was left open is gone, and nothing was said of the message.
  AttemptResult send(SmtpSession& session);

  const Served& served() const { return served_; }
  // All went well, and the connection takes no more messages although recipients are left.
  bool used_up() const { return used_up_; }

 private:
  AttemptResult run_all(SmtpSession& session, const Dialogue& dialogue, const MessageData& message);
  Farewell farewell_after(const std::vector<RecipientIndex>& recipients);
  TransactionResult run_one(SmtpSession& session, const Envelope& envelope,
                            const MessageData& message,
                            const std::vector<RecipientIndex>& recipients);
  std::optional<AttemptResult> take(const TransactionResult& result,
                                    const std::vector<RecipientIndex>& recipients);
  void take_delivered(const TransactionResult& result,
                      const std::vector<RecipientIndex>& recipients);
  void take_refused(const TransactionResult& result, const std::vector<RecipientIndex>& recipients);
  void refused(RecipientIndex recipient, const RecipientResult& result);
  void message_refused(RecipientIndex recipient, const RecipientResult& result);
  AttemptResult refuse_all(const TransactionResult& result);
  AttemptResult give_up(const FailureRuling& ruling) { return recipients_.give_up(facts_, ruling); }

  AttemptContext attempt_;
  AttemptRecipients& recipients_;
  ConnectionFacts facts_;
  Served served_;
  bool left_open_untried_ = false;
  bool used_up_ = false;
};

}  // namespace danesmtp

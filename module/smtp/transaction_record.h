// SPDX-License-Identifier: GPL-2.0-or-later
// What is known of a transaction while it goes on: who was accepted, what went wrong first, who has
// the message. Decides one thing: whether the message is still to be sent.
#pragma once

#include <cstddef>
#include <vector>

#include "smtp/transaction.h"
#include "smtp/trouble.h"

namespace danesmtp {

struct TransactionRecord {
  TransactionResult result{};
  std::vector<std::size_t> accepted{};  // recipients that the server took at RCPT
  Partial partial = Partial::Allowed;
  bool in_group = false;  // what is being answered went out together with other commands

  // The first trouble is the cause; what follows from it is not interesting.
  void note(SmtpTrouble trouble);

  // Whether the message is to be sent: nothing went wrong, and enough recipients were accepted.
  bool wanted() const;
};

}  // namespace danesmtp

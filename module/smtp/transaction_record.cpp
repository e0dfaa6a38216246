// SPDX-License-Identifier: GPL-2.0-or-later
#include "smtp/transaction_record.h"

#include <utility>

namespace danesmtp {

void TransactionRecord::note(SmtpTrouble trouble) {
  // Whatever came behind a refused MAIL: there was no transaction.
  if (trouble.stage == SmtpStage::Mail && trouble.reply && trouble.reply->refused() &&
      !trouble.reply->contradicts())
    result.custody = Custody::NotTaken;
  if (result.trouble) return;
  result.trouble = std::move(trouble);
  result.trouble->in_group = in_group;
}

bool TransactionRecord::wanted() const {
  const bool some = !accepted.empty();
  const bool all = accepted.size() == result.recipients.size();
  return !result.trouble && (partial == Partial::Allowed ? some : all);
}

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// What is said to one server for this message: which of the extensions that it offers are used, as
// the options of the transport and the message have it, and the envelope of each transaction. RFC
// 1870, 2920, 3030, 3461, 6531, 9422. It chooses what Exim's own driver chooses, and it must not
// know of TLS, of other hosts or of outcomes.
#pragma once

#include <cstddef>
#include <vector>

#include "core/result.h"
#include "server/address_batch.h"
#include "server/mail_server.h"
#include "smtp/ehlo.h"
#include "smtp/transaction.h"

namespace danesmtp {

// What becomes of addresses that need SMTPUTF8.
enum class Utf8Way {
  NotNeeded,
  Asked,      // the server offers SMTPUTF8
  ToAscii,    // they are sent as A-labels (utf8_downconvert)
  Forbidden,  // the server does not offer it, and they must stay as they are
};

struct Dialogue {
  Grouping grouping = Grouping::AsOffered;
  MessageForm form = MessageForm::Dotted;
  bool size = false;
  bool prdr = false;
  bool dsn = false;
  Utf8Way utf8 = Utf8Way::NotNeeded;
  std::size_t most_recipients = 0;    // in one transaction; at least 1
  std::size_t most_transactions = 0;  // on one connection; at least 1
};

// `offered` is the server's last word (RFC 3207 4.2). BadInput: utf8_downconvert cannot be
// expanded.
[[nodiscard]] Result<Dialogue> plan_dialogue(MailServer& server, const AddressBatch& batch,
                                             HostIndex host, const EhloCapabilities& offered);

// The envelope for these recipients of the batch. BadInput: an address has no form in ASCII.
[[nodiscard]] Result<Envelope> make_envelope(MailServer& server, const AddressBatch& batch,
                                             const Dialogue& dialogue,
                                             const std::vector<RecipientIndex>& recipients);

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// One call of the transport: the recipients of one message that share a host list. Reads as the
// flow: address batch -> host list -> DNSSEC state -> TLSA policy -> MTA-STS -> connect -> STARTTLS
// -> verify
// -> SMTP transaction -> per-recipient results. Domains without any policy go to Exim's own
// smtp driver. It puts the pieces of route/ together; what any of them says is decided there.
#pragma once

#include <memory>

#include "cache/store.h"
#include "dns/resolver.h"
#include "server/address_batch.h"
#include "server/mail_server.h"
#include "sts/sts_policy.h"

namespace danesmtp {

// Ends with an outcome for every recipient: set here, or by Exim's own driver. The resolver is
// given up before the first connection: its thread and memory are of no use in a long dialogue. The
// store has what earlier deliveries left.
void deliver(MailServer& server, std::unique_ptr<Resolver> resolver, AddressBatch& batch,
             Store& store, StsPolicies& sts);

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// What a domain without DANE would be told of a delivery by the mail server's own driver: RFC 8460
// 4.4, "no-policy-found". Of what went wrong there nothing is known but that it did
// (doc/decisions/0026).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "server/address_batch.h"
#include "server/mail_server.h"
#include "sts/sts_policy.h"

namespace danesmtp {

// By recipients' domains as the batch has them: policies of MTA-STS that nobody could get.
using UnavailablePolicies = std::map<std::string, StsPolicy>;

// `delegated`: after the delivery; each host is told of once for each domain.
void report_delegated(MailServer& server, const AddressBatch& batch,
                      const std::vector<RecipientIndex>& delegated,
                      const UnavailablePolicies& unavailable = {});

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// The mark of a connection that stays open for a further message, and may be taken over by the
// delivery process of that one: a digest of the whole policy that it was verified for, and what the
// server offers on it. RFC 7672 2.2, D-104. A connection is taken over only with an equal digest,
// so a changed record, name, trust or option means a new connection. It decides nothing else.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "route/host_plan.h"
#include "route/host_tls.h"
#include "server/address_batch.h"
#include "server/configuration.h"
#include "smtp/ehlo.h"

namespace danesmtp {

// Every mark begins so. Exim's own driver takes it for an SNI, which it never asks for, so it ends
// such a connection.
constexpr std::string_view kMarkPrefix = "danesmtp+";

// Of all that decided over who the peer may be, how the session is protected and who we say we are.
// An error of an option: no connection can be shared.
[[nodiscard]] Result<std::string> policy_digest(Configuration& configuration,
                                                const AddressBatch& batch,
                                                const AttemptRequest& request, const HostTls& tls,
                                                const SessionSettings& settings);

// What is known of a connection that is verified for a policy.
struct MarkedConnection {
  EhloCapabilities offered;  // AUTH and the size limit are not kept
  bool resumed = false;      // its TLS session goes on with an earlier one
};

// Letters, digits and '+', at most 200.
std::string connection_mark(std::string_view digest, const MarkedConnection& connection);

// If the mark has this digest.
std::optional<MarkedConnection> marked_under(std::string_view digest, std::string_view mark);

}  // namespace danesmtp

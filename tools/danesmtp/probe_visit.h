// SPDX-License-Identifier: GPL-2.0-or-later
// One address of a host: a session as the transport would have it, up to MAIL, and what is seen of
// the server in it. Under DANE a second one, for the certificate that a client of the other kind of
// key would get.
#pragma once

#include <string>

#include "probe.h"
#include "probe_server.h"
#include "route/host_tls.h"

namespace danesmtp::tool {

// An address that is not connected to, and why.
AddressReport not_used(const std::string& address, const std::string& why);

// The host of the batch that `asked` speaks of.
AddressReport visit_address(ProbeServer& server, const AddressBatch& batch,
                            const AttemptRequest& asked, const HostTls& tls);

}  // namespace danesmtp::tool

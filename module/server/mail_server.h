// SPDX-License-Identifier: GPL-2.0-or-later
// What the mail server around us does for a delivery, all its roles in one. In production it is
// Exim (bridge/core_entry.cpp), in tests a fake, in the tool a probe. Whoever needs one role takes
// that role. Hosts and recipients are named by their index in the batch.
#pragma once

#include "server/authenticators.h"
#include "server/configuration.h"
#include "server/events.h"
#include "server/host_log.h"
#include "server/hosts.h"
#include "server/message.h"
#include "server/open_connections.h"
#include "server/results.h"
#include "server/tls_reports.h"

namespace danesmtp {

// The bases are virtual: an implementation of it joins implementations of the roles.
class MailServer : public virtual Configuration,
                   public virtual Hosts,
                   public virtual OpenConnections,
                   public virtual Authenticators,
                   public virtual Message,
                   public virtual Results,
                   public virtual Events,
                   public virtual TlsReports,
                   public virtual HostLog {};

}  // namespace danesmtp

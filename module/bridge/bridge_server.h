// SPDX-License-Identifier: GPL-2.0-or-later
// The bridge's table of services seen as the core's MailServer: a bridge a role, all over one link.
#pragma once

#include "bridge/authenticators_bridge.h"
#include "bridge/configuration_bridge.h"
#include "bridge/events_bridge.h"
#include "bridge/host_log_bridge.h"
#include "bridge/hosts_bridge.h"
#include "bridge/message_bridge.h"
#include "bridge/open_connections_bridge.h"
#include "bridge/results_bridge.h"
#include "bridge/tls_reports_bridge.h"
#include "server/mail_server.h"

namespace danesmtp {

class BridgeServer final : public MailServer,
                           public ConfigurationBridge,
                           public HostsBridge,
                           public OpenConnectionsBridge,
                           public AuthenticatorsBridge,
                           public MessageBridge,
                           public ResultsBridge,
                           public EventsBridge,
                           public TlsReportsBridge,
                           public HostLogBridge {
 public:
  explicit BridgeServer(const EximLink& exim)
      : ConfigurationBridge(exim),
        HostsBridge(exim),
        OpenConnectionsBridge(exim),
        AuthenticatorsBridge(exim),
        MessageBridge(exim),
        ResultsBridge(exim),
        EventsBridge(exim),
        TlsReportsBridge(exim),
        HostLogBridge(exim) {}
};

}  // namespace danesmtp

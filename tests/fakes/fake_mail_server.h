// SPDX-License-Identifier: GPL-2.0-or-later
// A MailServer that remembers, role by role: options and host lists are maps; every call that
// leaves a trace in a real Exim is a line of `calls`, every outcome is kept by recipient.
#pragma once

#include "core/format.h"
#include "fakes/fake_authenticators.h"
#include "fakes/fake_configuration.h"
#include "fakes/fake_events.h"
#include "fakes/fake_host_log.h"
#include "fakes/fake_hosts.h"
#include "fakes/fake_message.h"
#include "fakes/fake_open_connections.h"
#include "fakes/fake_results.h"
#include "fakes/fake_tls_reports.h"
#include "server/mail_server.h"

namespace danesmtp::test {

class FakeMailServer : public MailServer,
                       public FakeConfiguration,
                       public FakeHosts,
                       public FakeOpenConnections,
                       public FakeAuthenticators,
                       public FakeMessage,
                       public FakeResults,
                       public FakeEvents,
                       public FakeTlsReports,
                       public FakeHostLog {};

// A batch of hosts "mx1.lab"... (MX preference 10, 20, ...) and recipients "user1@dom.lab"...
inline AddressBatch make_batch(std::size_t hosts, std::size_t recipients) {
  AddressBatch batch;
  batch.transport_name = "remote_smtp";
  batch.sender = "alice@sender.lab";
  batch.spool_directory = "/tmp";
  batch.message_size = 100;
  for (std::size_t i = 1; i <= hosts; ++i) {
    const auto name = format("mx{}.lab", i);
    batch.hosts.push_back(
        {name, name, format("192.0.2.{}", i), std::nullopt, static_cast<int>(i) * 10});
  }
  for (std::size_t i = 1; i <= recipients; ++i)
    batch.recipients.push_back({format("user{}@dom.lab", i), "dom.lab", RouteKind::Mx});
  return batch;
}

}  // namespace danesmtp::test

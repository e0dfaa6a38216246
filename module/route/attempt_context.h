// SPDX-License-Identifier: GPL-2.0-or-later
// What every part of an attempt on one host works with. Borrowed: all of it outlives the attempt.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "cache/store.h"
#include "route/host_plan.h"
#include "server/address_batch.h"
#include "server/mail_server.h"

namespace danesmtp {

struct AttemptContext {
  MailServer& server;
  const AddressBatch& batch;
  const AttemptRequest& request;
  Store& store;

  const BatchHost& host() const { return batch.host(request.host); }
  const std::string& domain() const { return batch.recipient(request.recipients.front()).domain; }
  bool last_host() const { return request.host.value() + 1 == batch.hosts.size(); }
  // Events about the host name the first recipient that still waits for it.
  void event(const char* name, const std::string& data) const {
    server.event(request.host, request.recipients.front(), name, data);
  }
  // What its domain may want to know of it, if anybody does; `made` says what, or nothing.
  template <class Made>
  void report(const Made& made) const {
    if (!batch.reports_wanted) return;
    if (const std::optional<TlsAttempt> seen = made())
      server.tls_attempted(request.host, request.recipients.front(), *seen);
  }
  std::string ask_event(const char* name, const std::string& data) const {
    return server.ask_event(request.host, request.recipients.front(), name, data);
  }
};

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// The Events as Exim's events and variables. Conversions only; no decision.
#pragma once

#include "bridge/exim_link.h"
#include "server/events.h"

namespace danesmtp {

class EventsBridge : public virtual Events {
 public:
  explicit EventsBridge(const EximLink& exim) : exim_(exim) {}

  void set_tls_variables(const TlsVariables& variables) override;
  void session_step(char letter) override;
  void event(HostIndex host, RecipientIndex recipient, const char* name,
             const std::string& data) override;
  std::string ask_event(HostIndex host, RecipientIndex recipient, const char* name,
                        const std::string& data) override;

 private:
  EximLink exim_;
};

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// The mail server's logs, with those lines that are of a host. Their text is made in
// outcome/delivery_log.
#pragma once

#include <string>

#include "core/log.h"
#include "server/index.h"

namespace danesmtp {

class HostLog : public Log {
 public:
  // One attempt on a host failed: one line for the administrator.
  virtual void log_host(HostIndex host, const std::string& text, int system_errno) = 0;
  // A recipient was refused: for the message's own log.
  virtual void log_message(HostIndex host, const std::string& text) = 0;
  // A recipient was refused for now and another host is to be tried: for the administrator.
  virtual void log_refusal(HostIndex host, const std::string& text) = 0;
};

}  // namespace danesmtp

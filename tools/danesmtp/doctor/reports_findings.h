// SPDX-License-Identifier: GPL-2.0-or-later
// The socket of dane_tlsrpt_socket: whether there is a collector of TLS reports (RFC 8460) that
// deliveries can tell. Without one no mail waits. No datagram is sent.
#pragma once

#include <optional>
#include <string>

#include "as_user.h"
#include "finding.h"

namespace danesmtp::tool {

struct ReportsFacts {
  std::string socket;   // empty: nothing is reported
  std::string trouble;  // nobody there takes datagrams, and why
  std::string user;     // that deliveries run as
  std::string refused;  // why that user cannot write to it; empty: it can
};

ReportsFacts examine_reports(const std::string& socket, const std::optional<DeliveryUser>& user);

Finding judge_reports(const ReportsFacts& facts);

}  // namespace danesmtp::tool

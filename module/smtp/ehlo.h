// SPDX-License-Identifier: GPL-2.0-or-later
// What a server offers in its reply to EHLO. RFC 5321 4.1.1.1; SIZE RFC 1870, PIPELINING 2920,
// STARTTLS 3207, CHUNKING 3030, DSN 3461, SMTPUTF8 6531, AUTH 4954, REQUIRETLS 8689, LIMITS 9422,
// PRDR draft-hall-prdr. Pure. A line that cannot be understood offers nothing; it never makes the
// reply unusable. Which of it is used is decided in route/dialogue.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "smtp/reply.h"

namespace danesmtp {

struct EhloLimits {
  std::optional<std::uint32_t> mail_max{};         // transactions in one session
  std::optional<std::uint32_t> rcpt_max{};         // recipients in one transaction
  std::optional<std::uint32_t> rcpt_domain_max{};  // domains in one transaction

  friend bool operator==(const EhloLimits&, const EhloLimits&) = default;
};

struct EhloCapabilities {
  std::string server_name{};  // first word of the first line; may be empty
  bool starttls = false;
  bool pipelining = false;
  bool size = false;                          // SIZE may be given with MAIL
  std::optional<std::uint64_t> size_limit{};  // octets; none: no fixed limit is declared
  bool chunking = false;
  bool smtputf8 = false;
  bool dsn = false;
  bool prdr = false;
  bool requiretls = false;
  std::vector<std::string> auth_mechanisms{};  // upper case, in the server's order
  EhloLimits limits{};

  friend bool operator==(const EhloCapabilities&, const EhloCapabilities&) = default;
};

// `reply` is a positive reply to EHLO. Keywords are compared without regard to case.
EhloCapabilities parse_ehlo(const SmtpReply& reply);

}  // namespace danesmtp

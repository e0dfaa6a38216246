// SPDX-License-Identifier: GPL-2.0-or-later
// One line of Exim's main log, of this transport or of Exim's own driver (Exim's specification,
// "Log files"). What peers and senders write stands in it: a field counts where Exim puts it,
// before anything that a peer says, and only once.
#pragma once

#include <string_view>

namespace danesmtp::tool {

enum class LineKind {
  Delivered,    // "=>", "->", ">>"
  Deferred,     // "=="
  Failed,       // "**"
  HostRefused,  // a server that its TLSA records do not authenticate
  Audited,      // "DANE audit: ": what would have been held, and was not
  Completed,    // nothing of the message is left
  Other,        // of no meaning here
  Unknown,      // not a line of a main log
};

enum class Protection {
  Dane,       // CV=dane
  Verified,   // CV=yes
  Encrypted,  // TLS with nobody in particular
  Clear,
};

// Its parts are in the line.
struct LogLine {
  LineKind kind = LineKind::Unknown;
  std::string_view day;      // "2026-11-28"
  std::string_view message;  // Exim's id
  std::string_view address;  // the recipient
  std::string_view domain;   // of the recipient; for Audited the one that is told
  std::string_view host;     // whom mail went to, or was to go to; empty: none, or this machine
  bool signed_host = false;  // "DS": found by DNSSEC
  Protection protection = Protection::Clear;
  std::string_view text;  // why
};

// Never fails: what it does not know is Unknown.
LogLine parse_log_line(std::string_view line);

// The domain of an address: what follows the last '@'; empty: there is none.
std::string_view domain_of(std::string_view address);

}  // namespace danesmtp::tool

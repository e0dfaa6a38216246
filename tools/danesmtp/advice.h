// SPDX-License-Identifier: GPL-2.0-or-later
// What often goes wrong, found in a report: each piece of advice with the RFC section that it
// follows from and, where one helps, the record to publish. It changes no verdict. RFC 7671 5, 8, 9
// and 10, RFC 7672 2 and 3.
#pragma once

#include <string>
#include <vector>

#include "probe.h"

namespace danesmtp::tool {

enum class Weight {
  Note,     // nothing is wrong
  Warning,  // something is, though mail may still be delivered
};

// Whom it is for.
enum class Role {
  Owner,     // runs the domain or the server
  Sender,    // sends mail to it, from this machine
  Resolver,  // runs the resolver that was asked
};

struct Advice {
  Weight weight = Weight::Note;
  std::string host;     // "mx.ee.lab:25", or "" for the domain
  std::string text;     // one line
  std::string rfc;      // "RFC 7672 2.2.1"
  std::string publish;  // zone file lines joined by "; ", or ""
  Role role = Role::Owner;
};

struct AdviceQuestion {
  const Report& report;
  WallTime now;
  int warn_days = 14;  // of a certificate whose dates count
};

// The TLSA RRset of a host as look-ups found it, in zone-file form; what is no record at all, in
// the generic form.
std::vector<std::string> published_texts(const Report& report, const HostReport& host);

std::vector<Advice> advice_on(const AdviceQuestion& question);

}  // namespace danesmtp::tool

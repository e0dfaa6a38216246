// SPDX-License-Identifier: GPL-2.0-or-later
// What is to be said of the trust anchor, the name servers and the clock, once the facts are there.
// Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "anchor_marks.h"
#include "core/error.h"
#include "dns/dns_message.h"
#include "dns/resolver_config.h"
#include "dns/signature_times.h"
#include "finding.h"
#include "root_keys.h"
#include "x509/chain.h"

namespace danesmtp::tool {

// One name server, asked for the root's keys.
struct ServerFacts {
  std::string server;                 // "192.0.2.1@53"
  std::optional<Error> trouble;       // no reply, or none that can be read
  bool answers_without_edns = false;  // no reply, and one to the same question without EDNS
  DnsReply reply;
  bool over_tcp = false;   // what it said over UDP was cut short
  std::size_t octets = 0;  // of its reply over UDP
  std::optional<SignatureTimes> signed_for;
  std::chrono::milliseconds took{0};
  std::optional<Error> root;   // by it alone the root does not validate, and why
  std::optional<Error> truth;  // what it says of a name that does not exist does not validate
};

// All of them together, as a delivery asks.
struct ResolutionFacts {
  ResolverSettings settings;
  std::vector<ServerFacts> servers;  // none: from the root, or as an unbound.conf says
  std::optional<Error> error;        // nothing validates, and mail waits
  std::string note;                  // what a delivery would log
};

// A finding for each server; those of one that need not be asked are no failures.
Findings judge_servers(const ResolutionFacts& facts);
Finding judge_resolution(const ResolutionFacts& facts);

struct AnchorFacts {
  std::string file;
  std::optional<Error> trouble;  // it cannot be used
  std::string reader;            // the user that deliveries run as
  std::string unreadable;        // why that user cannot read it; empty: it can
  std::chrono::days age{0};      // since it was written
  AnchorMarks marks;             // of a file that a program keeps up to date
  WallTime now;
  std::vector<KeyId> keys;         // that it trusts
  std::vector<KeyId> root;         // that the root has, as a server said; empty: not known
  std::optional<Error> untrusted;  // with it the root does not validate
};

Finding judge_anchor(const AnchorFacts& facts);

struct ClockFacts {
  WallTime now;
  std::optional<SignatureTimes> signed_for;  // of the root's keys, as a server showed them
  bool validates = false;                    // libunbound finds the signatures good now
};

Finding judge_clock(const ClockFacts& facts);

}  // namespace danesmtp::tool

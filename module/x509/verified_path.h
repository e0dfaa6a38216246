// SPDX-License-Identifier: GPL-2.0-or-later
// Is this path good under this anchor alone (RFC 5280 6.1)? GnuTLS judges signatures, names,
// constraints and usages; the dates are judged here, as of any moment. Nothing is searched for: the
// path is verified as it is given, and no certificate but the anchor is trusted, whatever the
// machine's own stores hold. Whether the anchor may be one is for whoever names it.
#pragma once

#include <span>
#include <string>

#include "x509/chain.h"
#include "x509/gnutls_handles.h"

namespace danesmtp {

enum class PathFault {
  None,
  NotTrusted,  // the anchor does not vouch for it, at any time
  OutOfDate,   // nothing else is wrong
};

// All of it is borrowed.
struct PathUnderAnchor {
  std::span<const gnutls_x509_crt_t> path;  // each issued by the next, the last by the anchor
  gnutls_x509_crt_t anchor;                 // its own dates are not looked at
  const char* purpose;  // an OID that each extended key usage in the path must allow; or null
  WallTime at;
};

struct PathFinding {
  PathFault fault = PathFault::None;
  std::string reason{};  // one line, of what is not trusted
};

[[nodiscard]] PathFinding verify_path(const PathUnderAnchor& question);

// RFC 5280 4.1.2.5: both ends are inclusive.
bool valid_at(gnutls_x509_crt_t certificate, WallTime at);

// The sentences of GnuTLS for what a verification found, as it words and ends them.
std::string verification_text(unsigned status);

}  // namespace danesmtp

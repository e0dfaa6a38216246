// SPDX-License-Identifier: GPL-2.0-or-later
// The certificates of a file, seen as the chain that a server presents (RFC 8446 4.4.2: its own
// first, then the issuer of each): which is whose issuer, what stands there twice or in another
// order. Names are compared, no signature is checked: that is the verdict's part.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "dane/dane_verify.h"

namespace danesmtp::tool {

struct ServerChain {
  PeerChain presented;                // as in the file
  PeerChain distinct;                 // without repetitions; the server's own first
  std::optional<std::size_t> issuer;  // of the server's own, in `distinct`
  std::vector<std::string> remarks;   // one line each, for whoever keeps the file
};

// BadInput, naming the file, for one that cannot be used: no certificate in outline, or the
// server's own is not the first.
[[nodiscard]] Result<ServerChain> server_chain(PeerChain presented, const std::string& path);

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// Trust anchors (usage 2) that a server does not send: RFC 7672 3.1.2, RFC 7671 5.2.2. Which of the
// common mistakes it is, and both ways to mend it. The keys of Let's Encrypt are known here, as
// most such records are of them; no verdict hangs on that.
#pragma once

#include <string>

#include "dane/dane_verify.h"
#include "dane/tlsa_record.h"

namespace danesmtp::tool {

// " (the key of ISRG Root X1, a root of Let's Encrypt)"; empty: it is none that is known here.
std::string known_anchor_text(const TlsaRecord& record);

// Of a record of usage 2 that no certificate of `chain`, the server's own first, matches.
std::string unsent_anchor_text(const TlsaRecord& record, const PeerChain& chain);

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// TLSA records as people have them at hand: "3 1 1 ab12...", a line of a zone file (RFC 1035 5.1,
// RFC 6698 2.2), what dig prints, the generic form (RFC 3597 5), also several lines at a time. It
// reads them and judges nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "dane/tlsa_record.h"

namespace danesmtp::tool {

// At least one record. Comments, directives, and the signatures and aliases that dig shows beside
// the records, are passed over. BadInput, naming what is wrong.
[[nodiscard]] Result<std::vector<TlsaRecord>> read_records(std::string_view text);

// The digest in the record is that of no octets at all: an empty file, or a command that failed,
// was taken for a certificate.
bool is_digest_of_nothing(const TlsaRecord& record);
inline constexpr const char* kOfNothing =
    ": the digest of nothing: it was made of an empty file or of a command that failed";

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// Which keys a trust anchor file speaks of, and which the root has: by number, so that a person can
// see a key roll (RFC 5011) coming. Validation itself is libunbound's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/bytes.h"

namespace danesmtp::tool {

// The key tag (RFC 4034 appendix B) and algorithm of a key.
struct KeyId {
  std::uint16_t tag = 0;
  std::uint8_t algorithm = 0;

  friend bool operator==(const KeyId&, const KeyId&) = default;
};

// Of a DNSKEY record's rdata; none: too short.
std::optional<KeyId> key_id(ByteView dnskey);

// Of a line that parse_trust_anchors() gave: a DS or DNSKEY record.
std::optional<KeyId> anchor_key_id(const std::string& anchor);

// Of the rdata of an RRset: the keys that sign keys (SEP, RFC 4034 2.1.1) and are not revoked.
std::vector<KeyId> signing_keys(const std::vector<Bytes>& dnskeys);

// "20326, 38696"
std::string tags_text(const std::vector<KeyId>& keys);

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// What a trust anchor file tells of itself where a program keeps it up to date (RFC 5011): the
// marks that Unbound and unbound-anchor write as comments. Whether a key is trusted is decided by
// parse_trust_anchors(), which reads the same marks. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "root_keys.h"
#include "x509/chain.h"

namespace danesmtp::tool {

enum class AnchorState { Start, AddPend, Valid, Missing, Revoked, Removed };  // RFC 5011 4.2

const char* state_text(AnchorState state);  // "ADDPEND"

struct MarkedKey {
  KeyId id;
  AnchorState state = AnchorState::Start;
};

struct AnchorMarks {
  std::vector<MarkedKey> keys;           // in the order of the file
  std::optional<WallTime> last_success;  // when the root's keys were last seen and were good

  // "20326 MISSING, 38696 ADDPEND": those that are not plainly valid.
  std::string others_text() const;
  bool waits_for(const KeyId& key) const;  // RFC 5011 2.4.1: it is new, and not trusted yet
};

AnchorMarks anchor_marks(std::string_view text);

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// What ties an authentication to the TLS session that it takes place in (RFC 5056): a SASL
// mechanism such as SCRAM-SHA-256-PLUS mixes it into its proof, so that the proof is worth nothing
// in another session. No secret, as it can be had by both ends only and proves nothing alone; not
// for logs.
#pragma once

#include <string>

namespace danesmtp {

enum class ChannelBindingType {
  None,      // TLS has none for this session
  Unique,    // tls-unique (RFC 5929 3): the client's Finished message, in TLS 1.2
  Exporter,  // tls-exporter (RFC 9266 2): exported keying material, in TLS 1.3
};

struct ChannelBinding {
  ChannelBindingType type = ChannelBindingType::None;
  std::string base64{};                 // empty for None
  bool extended_master_secret = false;  // RFC 7627; always in TLS 1.3
};

}  // namespace danesmtp

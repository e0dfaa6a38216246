// SPDX-License-Identifier: GPL-2.0-or-later
// Why mail waits, or would have waited: the text of a deferral or of an audit, told by how it
// begins, for what follows may be a peer's. The texts are made by module/outcome/delivery_log and
// by Exim's own driver.
#pragma once

#include <array>
#include <string_view>

namespace danesmtp::tool {

enum class WaitCause {
  NotAuthenticated,  // TLSA records, and a certificate that is not theirs
  BogusDns,          // an answer that fails validation
  FailedDns,         // no answer
  NoTls,             // a policy demands TLS, and there is none
  Tls,               // the handshake fails
  Options,           // our own configuration
  Reply,             // the server says so, 4xx
  Connection,
  Routing,    // no host list
  RetryTime,  // it was not time for another attempt
  Other,
};
inline constexpr std::size_t kWaitCauses = 11;

WaitCause wait_cause(std::string_view text);

const char* cause_word(WaitCause cause);  // "not-authenticated"
const char* cause_text(WaitCause cause);  // a few words for people

// Of a DANE policy: without DANE the mail would have gone.
bool is_dane(WaitCause cause);

}  // namespace danesmtp::tool

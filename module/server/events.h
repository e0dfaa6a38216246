// SPDX-License-Identifier: GPL-2.0-or-later
// What the configuration is told while a delivery goes on, and may answer: events, the variables
// $tls_out_..., the steps of the session. When there is one, and what an answer means, is decided
// in route/.
#pragma once

#include <cstddef>
#include <string>

#include "server/index.h"
#include "server/recipient_result.h"
#include "tls/channel_binding.h"
#include "tls/ocsp_policy.h"
#include "tls/resumption.h"

namespace danesmtp {

// What the variables $tls_out_... say while options are expanded and events are raised; Exim's own
// flags of the same meaning decide nothing here.
struct TlsVariables {
  std::string sni{};         // as it will be or was sent
  unsigned tlsa_usages = 0;  // bit n: there is a usable TLSA record of usage n
  std::string version{};     // "TLS1.3"; this and the rest are known after the handshake
  std::string cipher{};      // as in the log's X=
  std::string standard_cipher{};
  int key_bits = 0;
  std::string peer_dn{};
  std::string peer_certificate{};  // the leaf, PEM
  PeerTrust trust = PeerTrust::None;
  OcspResult ocsp = OcspResult::NotRequested;
  ResumptionSteps resumption{};
  ChannelBinding channel_binding{};  // for authenticators; no variable shows it
};

// In event(): the event is about no host in particular.
constexpr HostIndex kNoHost(static_cast<std::size_t>(-1));

class Events {
 public:
  Events() = default;
  virtual ~Events() = default;
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  // They stay until they are set anew, or this delivery ends.
  virtual void set_tls_variables(const TlsVariables& variables) = 0;
  virtual void session_step(char letter) = 0;  // PS= in the log: e EHLO, h HELO, s TLS

  virtual void event(HostIndex host, RecipientIndex recipient, const char* name,
                     const std::string& data) = 0;
  // An event that the configuration may answer: what it says, else nothing.
  virtual std::string ask_event(HostIndex host, RecipientIndex recipient, const char* name,
                                const std::string& data) = 0;
};

}  // namespace danesmtp

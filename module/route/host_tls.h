// SPDX-License-Identifier: GPL-2.0-or-later
// TLS on one host: from its policy and the transport's options to session settings, and the rules
// that its peer is judged by (route/peer_judge). Under DANE the options tls_sni, tls_verify_* ,
// tls_crl and hosts_require_tls have no say; without it they mean what they mean to Exim's own
// driver.
#pragma once

#include <span>

#include "core/result.h"
#include "route/host_plan.h"
#include "route/peer_judge.h"
#include "server/address_batch.h"
#include "server/mail_server.h"
#include "smtp/session.h"

namespace danesmtp {

// Options of Exim's smtp driver that have no say for a host with TLSA records, and why; the manual
// page has the same list.
struct OptionWithoutSay {
  Option option;
  const char* instead;
};
// In the order of the alphabet.
std::span<const OptionWithoutSay> options_without_say();

// Of the host, the same for every connection to it.
struct HostTls {
  TlsUse use = TlsUse::Never;
  TlsStart start = TlsStart::AfterStartTls;
  TlsSettings settings;
  PeerRules peer;
  bool may_resume = false;  // a session of an earlier connection (D-103)
};

// Errors: an option that cannot be expanded (BadInput), or a policy that the configuration forbids
// to keep, as hosts_avoid_tls for a host with TLSA records (TlsVerify).
[[nodiscard]] Result<HostTls> tls_for_host(MailServer& server, const AddressBatch& batch,
                                           const AttemptRequest& request);

// What a session with the host begins with: its TLS, our name, the time limits of the options; its
// peer is the caller's to judge. BadInput: helo_data cannot be expanded, or not be sent.
[[nodiscard]] Result<SessionSettings> session_settings(MailServer& server, const HostTls& tls);

}  // namespace danesmtp

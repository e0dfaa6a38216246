// SPDX-License-Identifier: GPL-2.0-or-later
// TLS on one host: from its policy and the transport's options to session settings, and the verdict
// on the peer. Under DANE the options tls_sni, tls_verify_* , tls_crl and hosts_require_tls have no
// say; without it they mean what they mean to Exim's own driver.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "dane/dane_verify.h"
#include "route/host_plan.h"
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

// What the judgement of one peer came to: of one connection, and of no other.
struct PeerVerdict {
  PeerTrust trust = PeerTrust::None;
  OcspResult ocsp = OcspResult::NotRequested;
  std::optional<DaneVerdict> dane;  // where there are records to judge by
};

// Judges the peer right after the handshake; an error refuses it. The verdict is the connection's.
using JudgePeer = std::function<Result<void>(const TlsInfo&, PeerVerdict&)>;

// Of the host, the same for every connection to it.
struct HostTls {
  TlsUse use = TlsUse::Never;
  TlsStart start = TlsStart::AfterStartTls;
  TlsSettings settings;
  JudgePeer judge;  // empty: any peer will do
};

// Errors: an option that cannot be expanded (BadInput), or a policy that the configuration forbids
// to keep, as hosts_avoid_tls for a host with TLSA records (TlsVerify). `request` must outlive the
// session that is opened with the answer.
[[nodiscard]] Result<HostTls> tls_for_host(MailServer& server, const AddressBatch& batch,
                                           const AttemptRequest& request);

// The log line of a server that does not satisfy a policy which is not enforced.
std::string audit_text(const AddressBatch& batch, const AttemptRequest& request,
                       const std::string& why);

// What a session with the host begins with: its TLS, our name, the time limits of the options.
// `verdict` is fresh, is filled during the handshake, and must outlive the session. BadInput:
// helo_data cannot be expanded.
[[nodiscard]] Result<SessionSettings> session_settings(MailServer& server, const HostTls& tls,
                                                       PeerVerdict& verdict);

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// The only place where the text of a log line about a delivery is made. Where Exim's own driver has
// words for an event, log tools know them, and these are the same words. No decision hangs on a
// text, and none is made here.
#pragma once

#include <string>
#include <string_view>

#include "core/dns_name.h"
#include "core/error.h"
#include "server/address_batch.h"
#include "smtp/trouble.h"

namespace danesmtp {

// "SMTP error from remote mail server after RCPT TO:<x>: 550 no"
std::string trouble_text(const SmtpTrouble& trouble);

// The reply to the end of data, as C= shows it.
std::string confirmation_text(const SmtpReply& reply);

// With PRDR: the recipient's own reply, then the one for all.
std::string confirmation_text(const SmtpReply& own, const SmtpReply& overall);

// A recipient for which the message was refused after it was sent (PRDR).
std::string message_refusal_text(const SmtpReply& reply, const std::string& command);

// event_action answered "smtp:connect", or "tls:cert" for the certificate `depth` above the leaf.
std::string event_answer_text(const std::string& answer);
std::string denied_certificate_text(const std::string& address, std::size_t depth,
                                    const std::string& answer);

// A server that its records do not authenticate, with what its operator needs to know first: the
// record that its own certificate would match. The rest is in debug output.
std::string dane_refusal_text(const std::string& reason, const std::string& presented);

// What of the TLS options cannot be said in the language of the module's TLS library.
std::string ciphers_not_expressed_text(const BatchHost& host, const std::string& what);

// A server that does not satisfy a policy which is not enforced (dane_audit_domains).
std::string audit_text(const BatchHost& host, const std::string& domain, const std::string& why);

std::string forbidden_tls_text();

// MTA-STS (RFC 8461): a host that the policy of a domain does not name, a server that does not
// satisfy one, and one that need not.
std::string sts_unnamed_text(const std::string& host, const std::string& domain);
std::string sts_refusal_text(const std::string& why);
std::string sts_forbidden_tls_text();
std::string sts_audit_text(const BatchHost& host, const std::string& domain,
                           const std::string& why);

// A message that requires TLS (RFC 8689): a host of which nothing says that it is the domain's, a
// server whose certificate is not its host's, one that does not promise as much for the next hop.
std::string unsuited_host_text(const std::string& host);
std::string required_tls_refusal_text(const std::string& why);
std::string required_tls_forbidden_text();
std::string no_requiretls_text();
// And no host may have it; `status` as of the last one, of a text that waits.
std::string no_suited_host_text(std::string_view status, std::string_view why);

// hosts_require_auth names the host: `why` completes "but ...".
std::string missing_auth_text(const std::string& why);

// SMTPUTF8 (RFC 6531) is needed.
std::string missing_smtputf8_text();

// Who may read a text: what names our own resolver, files or options is for the operator alone.
enum class Reader { Anybody, Operator };

// Requirement: of a message that requires TLS (RFC 8689).
enum class PolicyOf { Dane, Sts, Requirement };

// What a policy makes wait, with the enhanced status code. It stands behind the first ": ", where
// Exim takes the Diagnostic-Code of a DSN from. A text for the operator begins with "DANE error: "
// or "MTA-STS error: ", so that its beginning tells it from one about the server.
std::string policy_failure_text(std::string_view status, std::string_view text, Reader reader,
                                PolicyOf policy = PolicyOf::Dane);

// What anybody may read of a policy_failure_text() in what Exim's retry record keeps of a host's
// last failure, which was that of another message: what the server did or shows, or which look-up
// failed. Told by its beginning, as Exim keeps 150 octets. Empty: there is none.
std::string recorded_policy_failure(std::string_view record);

// Why a recipient waits although no host was tried.
enum class NoHostReason {
  RetryTimes,  // it was not time for any host
  AllExpired,  // and all of them have failed for long
  AllTried,    // likewise, and so they have after the message came (delay_after_cutoff)
  Busy,        // serialize_hosts
  Mixed,
};
// `why`: the reason of the last attempt that is on record, with AllExpired and AllTried; or empty.
std::string no_host_text(NoHostReason reason, std::string_view domain, std::string_view why = {});

// A host of the list has no address, or none for now.
std::string no_address_text(std::string_view host);

std::string local_host_text(std::string_view transport, std::string_view host);

// TLS failed with `why`, no DANE policy and no option forbids to go without.
std::string unencrypted_text(const BatchHost& host, const std::string& why);

// The validated DNS does not bear out what the system's resolver says: of an address of a host, of
// a host of a domain, of a domain's name.
std::string unproved_address_text();
std::string unproved_host_text(const std::string& host, const std::string& domain);
std::string unproved_rename_text(const std::string& from, const std::string& to);

// The records that a router's check_srv asks for are validated by nobody.
std::string unproved_srv_text(const std::string& host, const std::string& domain);

// A host that is held to its records although nothing vouches for the record that names it.
std::string unvalidated_record_text(const std::string& host);

// A host that a policy would keep from being used, were it enforced.
std::string audited_host_text(const std::string& host, const std::string& domain,
                              const std::string& why);

// A look-up failed before any host could be chosen.
std::string lookup_text(std::string_view what, std::string_view domain, const Error& error);

}  // namespace danesmtp

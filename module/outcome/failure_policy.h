// SPDX-License-Identifier: GPL-2.0-or-later
// What a failure means: for the host, the message or a recipient; for now or for good. The only
// place where that is decided; the rows of failure_rows() are what doc/ERRORS.md shows. RFC
// 5321 4.2 and 4.5.4, RFC 7672 2.2, and the classes that Exim's retry rules expect. It must not
// know which host comes next.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/error.h"
#include "outcome/delivery_log.h"
#include "server/failure.h"
#include "server/recipient_result.h"
#include "smtp/transaction.h"
#include "smtp/trouble.h"

namespace danesmtp {

enum class FailureScope {
  Host,       // this host is bad for now: a retry record for it, then the next host
  Message,    // the host is well, it would not take this message: the next host, no penalty
  Recipient,  // one recipient
  Delivery,   // no other host would do better
  Unsuited,   // the host is well, and may not have this message: the next host, no penalty
};

// What can happen while waiting for an answer.
enum class Happening {
  Refused4xx,
  Refused5xx,
  NoAnswer,
  Closed,
  Garbled,
  IoError,
  TlsFailed,
  BadSetting,  // of ours, and the peer has no part in it
};

struct FailureRow {
  SmtpStage stage;
  Happening happening;
  FailureScope scope;
  Status status;
  Cause cause;
  const char* policy_status = "";  // enhanced status code where a DANE policy makes it wait
};

// All rows, in the order of the dialogue; what has none is the host's trouble, for now.
std::span<const FailureRow> failure_rows();

// Before any connection: what keeps a host or a domain with a DANE policy from being tried.
enum class PolicyFailure { Bogus, NoDns, NoRecords, Configuration };

struct PolicyFailureRow {
  PolicyFailure failure;
  Cause cause;
  const char* policy_status;
  const char* what;
};

// One row a kind of failure.
std::span<const PolicyFailureRow> policy_failure_rows();

// What ends a delivery for good although no server has said so of the recipient.
enum class DeliveryEnd { AllHostsExpired, NoSmtpUtf8, PartialRefusal, NoSuitedHost };

struct DeliveryEndRow {
  DeliveryEnd end;
  Status status;
  const char* what;
};

std::span<const DeliveryEndRow> delivery_end_rows();

struct FailureRuling {
  FailureScope scope = FailureScope::Host;
  RecipientVerdict verdict{};
  std::string policy_status{};       // as in the row; means something under a DANE policy only
  bool for_operator = false;         // as of the error that it is about
  std::optional<PolicyOf> policy{};  // whose it is, if it is not the host's
};

// `error` is why a host, or all hosts of a domain, cannot be used under a DANE policy.
FailureRuling rule_on_policy_failure(const Error& error);

// `error` is why a host cannot be used, or spoken to, without any such policy.
FailureRuling rule_on_host_error(const Error& error);

// A look-up failed without which no host of the domain can be used.
FailureRuling rule_on_failed_domain(const Error& error);

// No host was tried. `why`: the reason of the last attempt that is on record, or empty.
FailureRuling rule_on_untried(NoHostReason reason, std::string_view domain,
                              std::string_view why = {});

// A host of the list that has no address, or is this machine.
FailureRuling rule_on_missing_address(std::string_view host);
FailureRuling rule_on_local_host(std::string_view transport, std::string_view host);

// The recipient's part of a ruling that a policy of DANE or MTA-STS makes: with its status code,
// and fit for the sender, who is to learn the reason when the retry time is over.
FailureRuling under_dane(FailureRuling ruling);
FailureRuling under_policy(PolicyOf policy, FailureRuling ruling);

FailureRuling rule_on_trouble(const SmtpTrouble& trouble);

// RSET between two transactions: it says nothing of the recipients that are left, so that no
// refusal of it is final.
FailureRuling rule_on_reset(const SmtpTrouble& trouble);

// What keeps a host from having a message that requires TLS (RFC 8689 4.2.1): for good, as nobody
// has promised that it would be otherwise. `why` is one line.
enum class Shortcoming { NoTls, NoRequireTls };
FailureRuling rule_on_unsuited_host(Shortcoming shortcoming, std::string why);

// No host of the domain may have it, and `last` was ruled on the last one.
FailureRuling rule_on_no_suited_host(const FailureRuling& last);

// Such a message asks for more than others do: where that fails, no other one is held up.
FailureRuling for_this_message_alone(FailureRuling ruling);

// Has the domain promised, by TLSA records or MTA-STS, that TLS with the host will do?
enum class TlsPromise { Made, None };
FailureRuling rule_on_required_tls(const SmtpTrouble& trouble, TlsPromise promise);

FailureRuling rule_on_connect_failure(const ConnectFailure& failure);
FailureRuling rule_on_write_failure(const WriteFailure& failure);

// event_action has forbidden to go on, after "smtp:connect".
FailureRuling rule_on_event_answer(const std::string& answer);

// hosts_require_auth names the host, and nobody was authenticated: `why` completes "but ...".
FailureRuling rule_on_missing_auth(const std::string& why);

// An authenticator cannot do its part, whatever the server says.
FailureRuling rule_on_auth_problem(const std::string& why);

// The message needs SMTPUTF8 and the server does not offer it (RFC 6531 3.2): another host may, and
// after the last one it is final.
enum class OtherHosts { Remain, None };
FailureRuling rule_on_missing_smtputf8(OtherHosts others);

// An address needs SMTPUTF8, is to be sent as A-labels, and cannot.
FailureRuling rule_on_inconvertible_address(const Error& error);

// A transaction that ended in trouble.
FailureRuling rule_on_transaction(const TransactionResult& result);

// The server has ended a connection that waited for this message, or says on it what nobody asked
// for: nothing was said of the message, and another connection is tried at once.
bool was_lost_before_mail(const TransactionResult& result);

// mua_wrapper: one recipient was refused, so none gets the message, and nobody tries again.
FailureRuling rule_on_partial_refusal(const TransactionResult& result);

// A recipient that was refused at RCPT.
FailureRuling rule_on_refusal(const SmtpReply& reply, const std::string& command);

// The message was refused for one recipient (PRDR), after `command`.
FailureRuling rule_on_message_refusal(const SmtpReply& reply, const std::string& command);

}  // namespace danesmtp

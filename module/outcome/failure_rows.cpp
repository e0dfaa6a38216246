// SPDX-License-Identifier: GPL-2.0-or-later
// The rows of outcome/failure_policy, as doc/ERRORS.md shows them.
#include "outcome/failure_policy.h"

namespace danesmtp {
namespace {

using enum Happening;

// RFC 3463 3.8, RFC 5248 2.4: what a DANE policy makes wait, by its cause. 4.7.4: the server lacks
// the security feature; 4.7.5: there is one, and the cryptography fails; 4.3.5: our configuration.
constexpr const char* kNotSupported = "4.7.4";
constexpr const char* kCryptography = "4.7.5";
constexpr const char* kConfiguration = "4.3.5";
constexpr auto kHost = FailureScope::Host;
constexpr auto kMessage = FailureScope::Message;

// One row a stage and happening. Until the peer is authenticated nothing it says is final (D-027,
// D-135): a refusal before MAIL only takes the host out.
constexpr FailureRow kRows[] = {
    {SmtpStage::Greeting, Refused4xx, kHost, Status::Deferred, Cause::None},
    {SmtpStage::Greeting, Refused5xx, kHost, Status::Deferred, Cause::None},
    {SmtpStage::Greeting, NoAnswer, kHost, Status::Deferred, Cause::Timeout},
    {SmtpStage::Greeting, Closed, kHost, Status::Deferred, Cause::Closed},
    {SmtpStage::Greeting, Garbled, kHost, Status::Deferred, Cause::Format},
    {SmtpStage::Greeting, IoError, kHost, Status::Deferred, Cause::None},

    {SmtpStage::Ehlo, Refused4xx, kHost, Status::Deferred, Cause::None},
    {SmtpStage::Ehlo, Refused5xx, kHost, Status::Deferred, Cause::None},
    {SmtpStage::Ehlo, NoAnswer, kHost, Status::Deferred, Cause::Timeout},
    {SmtpStage::Ehlo, Closed, kHost, Status::Deferred, Cause::Closed},
    {SmtpStage::Ehlo, Garbled, kHost, Status::Deferred, Cause::Format},
    {SmtpStage::Ehlo, IoError, kHost, Status::Deferred, Cause::None},

    // RFC 7672 2.2, D-023, D-131: no STARTTLS where TLS is mandatory => do not send, try another
    // host, else wait; only the retry rules make a bounce of it (D-112).
    {SmtpStage::StartTls, Refused4xx, kHost, Status::Deferred, Cause::TlsRequired, kNotSupported},
    {SmtpStage::StartTls, Refused5xx, kHost, Status::Deferred, Cause::TlsRequired, kNotSupported},
    {SmtpStage::StartTls, NoAnswer, kHost, Status::Deferred, Cause::Timeout},
    {SmtpStage::StartTls, Closed, kHost, Status::Deferred, Cause::Closed},
    {SmtpStage::StartTls, Garbled, kHost, Status::Deferred, Cause::Format},
    {SmtpStage::StartTls, IoError, kHost, Status::Deferred, Cause::None},
    {SmtpStage::StartTls, TlsFailed, kHost, Status::Deferred, Cause::TlsRequired, kNotSupported},

    {SmtpStage::Handshake, NoAnswer, kHost, Status::Deferred, Cause::TlsFailure, kCryptography},
    {SmtpStage::Handshake, Closed, kHost, Status::Deferred, Cause::TlsFailure, kCryptography},
    {SmtpStage::Handshake, Garbled, kHost, Status::Deferred, Cause::TlsFailure, kCryptography},
    {SmtpStage::Handshake, IoError, kHost, Status::Deferred, Cause::TlsFailure, kCryptography},
    {SmtpStage::Handshake, TlsFailed, kHost, Status::Deferred, Cause::TlsFailure, kCryptography},
    {SmtpStage::Handshake, BadSetting, kHost, Status::Deferred, Cause::TlsFailure, kConfiguration},
    {SmtpStage::Verify, TlsFailed, kHost, Status::Deferred, Cause::TlsFailure, kCryptography},

    // A 5xx reply to one authenticator leads to the next one; it is no row.
    {SmtpStage::Auth, Refused4xx, kHost, Status::Deferred, Cause::None},
    {SmtpStage::Auth, NoAnswer, kHost, Status::Deferred, Cause::Timeout},
    {SmtpStage::Auth, Closed, kHost, Status::Deferred, Cause::Closed},
    {SmtpStage::Auth, Garbled, kHost, Status::Deferred, Cause::Format},
    {SmtpStage::Auth, IoError, kHost, Status::Deferred, Cause::None},

    {SmtpStage::Mail, Refused4xx, kMessage, Status::Deferred, Cause::Mail4xx},
    {SmtpStage::Mail, Refused5xx, kMessage, Status::Failed, Cause::None},
    {SmtpStage::Mail, NoAnswer, kMessage, Status::Deferred, Cause::Timeout},
    {SmtpStage::Mail, Closed, kHost, Status::Deferred, Cause::Closed},
    {SmtpStage::Mail, Garbled, kHost, Status::Deferred, Cause::Format},
    {SmtpStage::Mail, IoError, kHost, Status::Deferred, Cause::None},

    {SmtpStage::Rcpt, Refused4xx, FailureScope::Recipient, Status::Deferred, Cause::Rcpt4xx},
    {SmtpStage::Rcpt, Refused5xx, FailureScope::Recipient, Status::Failed, Cause::None},
    {SmtpStage::Rcpt, NoAnswer, FailureScope::Recipient, Status::Deferred, Cause::Timeout},
    {SmtpStage::Rcpt, Closed, kHost, Status::Deferred, Cause::Closed},
    {SmtpStage::Rcpt, Garbled, kHost, Status::Deferred, Cause::Format},
    {SmtpStage::Rcpt, IoError, kHost, Status::Deferred, Cause::None},

    {SmtpStage::Data, Refused4xx, kMessage, Status::Deferred, Cause::Data4xx},
    {SmtpStage::Data, Refused5xx, kMessage, Status::Failed, Cause::None},
    {SmtpStage::Data, NoAnswer, kHost, Status::Deferred, Cause::Timeout},
    {SmtpStage::Data, Closed, kHost, Status::Deferred, Cause::Closed},
    {SmtpStage::Data, Garbled, kHost, Status::Deferred, Cause::Format},
    {SmtpStage::Data, IoError, kHost, Status::Deferred, Cause::None},

    {SmtpStage::EndOfData, Refused4xx, kMessage, Status::Deferred, Cause::Data4xx},
    {SmtpStage::EndOfData, Refused5xx, kMessage, Status::Failed, Cause::None},
    {SmtpStage::EndOfData, NoAnswer, kMessage, Status::Deferred, Cause::Timeout},
    {SmtpStage::EndOfData, Closed, kMessage, Status::Deferred, Cause::Closed},
    {SmtpStage::EndOfData, Garbled, kHost, Status::Deferred, Cause::Format},
    {SmtpStage::EndOfData, IoError, kHost, Status::Deferred, Cause::None},
};

constexpr PolicyFailureRow kPolicyRows[] = {
    // D-130
    {PolicyFailure::Bogus, Cause::Dns, kCryptography, "a DNS answer fails validation"},
    {PolicyFailure::NoDns, Cause::Dns, "4.4.3",
     "a DNS look-up fails, or the daemon that `dane_mta_sts` names does (`dane_mta_sts_fail = "
     "defer`)"},
    {PolicyFailure::NoRecords, Cause::TlsRequired, kNotSupported,
     "hosts_require_dane names a host without TLSA records or signed names, a policy of MTA-STS "
     "does not name it, or TLS is forbidden"},
    {PolicyFailure::Configuration, Cause::Expansion, kConfiguration,
     "an option cannot be read, or forbids what the policy demands"},
};

constexpr DeliveryEndRow kEndRows[] = {
    {DeliveryEnd::AllHostsExpired, Status::Failed,
     "every host of the domain has been failing for longer than its retry rule allows, and it is "
     "not "
     "time for any"},
    {DeliveryEnd::NoSmtpUtf8, Status::Failed,
     "the message needs SMTPUTF8, and the last host does not offer it (RFC 6531 3.2)"},
    {DeliveryEnd::PartialRefusal, Status::Failed,
     "`mua_wrapper`: one recipient was refused, for now or for good, so none gets the message"},
    // RFC 8689 4.2.1, D-193
    {DeliveryEnd::NoSuitedHost, Status::Failed,
     "the message requires TLS (`dane_require_tls`), and no host of the domain is authenticated "
     "(550 5.7.10) or offers REQUIRETLS (550 5.7.30)"},
};

}  // namespace

std::span<const FailureRow> failure_rows() {
  return kRows;
}

std::span<const PolicyFailureRow> policy_failure_rows() {
  return kPolicyRows;
}

std::span<const DeliveryEndRow> delivery_end_rows() {
  return kEndRows;
}

}  // namespace danesmtp

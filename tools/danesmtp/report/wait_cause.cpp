// SPDX-License-Identifier: GPL-2.0-or-later
#include "wait_cause.h"

#include <algorithm>

namespace danesmtp::tool {
namespace {

bool take(std::string_view& text, std::string_view with) {
  if (text.substr(0, with.size()) != with) return false;
  text.remove_prefix(with.size());
  return true;
}

template <std::size_t N>
bool begins_with_any(std::string_view text, const std::array<std::string_view, N>& beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(), [&](std::string_view beginning) {
    return text.substr(0, beginning.size()) == beginning;
  });
}

constexpr std::array<std::string_view, 7> kLookUps{
    "TLSA of ", "A of ", "AAAA of ", "CNAME of ", "MX of ", "MX look-up of ", "TLSA look-up of "};
constexpr std::array<std::string_view, 4> kUnencrypted{
    "a TLS session is required", "the session is not encrypted",
    "the host has TLSA records, so TLS", "SMTP error from remote mail server after STARTTLS"};
constexpr std::array<std::string_view, 10> kConnection{
    "SMTP timeout",           "Remote host closed",
    "Connection refused",     "Connection timed out",
    "Malformed SMTP",         "No route to host",
    "Network is unreachable", "Network Error",
    "Network timed out",      "Connection reset by peer"};
constexpr std::array<std::string_view, 4> kRetry{"retry time not reached", "all hosts for ",
                                                 "some host address lookups failed",
                                                 "connection limit reached"};
constexpr std::array<std::string_view, 4> kRouting{"host lookup did not complete",
                                                   "failed to lookup IP", "lowest numbered MX",
                                                   "all relevant MX records"};
// Of Exim's own driver, behind "TLS session: ".
constexpr std::array<std::string_view, 3> kEximVerdicts{"(certificate verification failed)",
                                                        "TLSA record problem", "DANE"};

// A look-up's own text says which of the two it was.
WaitCause look_up_cause(std::string_view text) {
  const auto reason = text.find(": ");
  if (reason == std::string_view::npos) return WaitCause::FailedDns;
  constexpr std::array<std::string_view, 3> kBogus{"validation failure", "bogus",
                                                   "fails validation"};
  return begins_with_any(text.substr(reason + 2), kBogus) ? WaitCause::BogusDns
                                                          : WaitCause::FailedDns;
}

// RFC 3463 codes that policy_failure_text() writes.
WaitCause status_cause(std::string_view text, WaitCause otherwise) {
  if (take(text, "4.3.5 ")) return WaitCause::Options;
  if (take(text, "4.7.4 ")) return WaitCause::NoTls;
  if (take(text, "4.4.3 ")) return WaitCause::FailedDns;
  if (take(text, "4.7.5 "))
    return begins_with_any(text, kLookUps) ? WaitCause::BogusDns : WaitCause::NotAuthenticated;
  return begins_with_any(text, kLookUps) ? look_up_cause(text) : otherwise;
}

WaitCause tls_cause(std::string_view text) {
  for (std::string_view status : {"4.7.5 ", "4.7.4 "}) take(text, status);
  if (take(text, "MTA-STS: ")) return WaitCause::NotAuthenticated;
  return begins_with_any(text, kEximVerdicts) ? WaitCause::NotAuthenticated : WaitCause::Tls;
}

}  // namespace

WaitCause wait_cause(std::string_view text) {
  if (take(text, "TLS session: ")) return tls_cause(text);
  if (take(text, "DANE error: ") || take(text, "MTA-STS error: "))
    return status_cause(text, WaitCause::FailedDns);
  if (take(text, "DANE: ") || take(text, "MTA-STS: "))
    return status_cause(text, WaitCause::NotAuthenticated);
  if (begins_with_any(text, kLookUps)) return look_up_cause(text);
  if (begins_with_any(text, kUnencrypted)) return WaitCause::NoTls;
  if (begins_with_any(text, kConnection)) return WaitCause::Connection;
  if (begins_with_any(text, kRetry)) return WaitCause::RetryTime;
  if (begins_with_any(text, kRouting)) return WaitCause::Routing;
  if (take(text, "SMTP error from remote mail server")) return WaitCause::Reply;
  return WaitCause::Other;
}

namespace {

struct Words {
  const char* word;
  const char* text;
};

constexpr std::array<Words, kWaitCauses> kWords{{
    {"not-authenticated", "the server's certificate is refused"},
    {"bogus-dns", "a DNS answer fails validation"},
    {"failed-dns", "a DNS look-up fails"},
    {"no-tls", "TLS is demanded, and there is none"},
    {"tls", "the TLS handshake fails"},
    {"options", "an option of our own cannot be used"},
    {"reply", "the server says so (4xx)"},
    {"connection", "no connection, or it broke"},
    {"routing", "no list of hosts"},
    {"retry-time", "not time for another attempt"},
    {"other", "something else"},
}};

const Words& words_of(WaitCause cause) {
  return kWords[static_cast<std::size_t>(cause)];
}

}  // namespace

const char* cause_word(WaitCause cause) {
  return words_of(cause).word;
}

const char* cause_text(WaitCause cause) {
  return words_of(cause).text;
}

bool is_dane(WaitCause cause) {
  return cause == WaitCause::NotAuthenticated || cause == WaitCause::BogusDns ||
         cause == WaitCause::FailedDns || cause == WaitCause::NoTls || cause == WaitCause::Options;
}

}  // namespace danesmtp::tool

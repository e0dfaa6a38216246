// SPDX-License-Identifier: GPL-2.0-or-later
// What the mail server around us does for a delivery: options, host states, TCP connections,
// message bytes, results. In production it is Exim (bridge/core_entry.cpp), in tests a fake. Hosts
// and recipients are named by their index in the batch.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/log.h"
#include "core/result.h"
#include "net/unique_fd.h"
#include "server/address_batch.h"
#include "server/failure.h"
#include "server/recipient_result.h"
#include "smtp/command.h"
#include "tls/channel_binding.h"

namespace danesmtp {

enum class HostState {
  Usable,
  UsableExpired,  // its retry time has come; all its retries were used up before
  Waiting,        // its retry time has not come
  Expired,        // as above, and its retries are used up
  NoAddress,      // permanently
  AddressLater,   // the address look-up failed for now
  Local,          // is this machine
  Busy,           // serialize_hosts: another delivery has a connection to it
};

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
  ChannelBinding channel_binding{};  // for authenticators; no variable shows it
};

enum class AuthEnd {
  Authenticated,
  NotAuthenticated,  // no authenticator fits, or all were refused; the session can go on
  Failed,            // the server refused for now, or the dialogue broke off
  Problem,           // an authenticator cannot be used as it is configured
};

// Of an AuthEnd::Failed without a 4xx reply.
enum class AuthFault { Closed, Timeout, Garbled };

struct AuthReport {
  AuthEnd end = AuthEnd::Failed;
  std::string text;     // why; if Failed what the server said last, if anything, else empty
  std::string command;  // if Failed: the one that was being answered, without a secret
  AuthFault fault = AuthFault::Closed;
};

// A connection that the delivery of an earlier message has left open.
struct OpenConnection {
  std::size_t host = 0;
  std::string mark;              // what we said of it then: route/connection_mark
  std::string cipher;            // as in the log's X=
  std::size_t transactions = 0;  // on it so far
};

// In event(): the event is about no host in particular.
constexpr std::size_t kNoHost = static_cast<std::size_t>(-1);

enum class RetryChange { Deferred, Worked };

class MailServer : public Log {
 public:
  // One attempt on a host failed: one line for the administrator.
  virtual void log_host(std::size_t host, const std::string& text, int system_errno) = 0;
  // A recipient was refused: for the message's own log.
  virtual void log_message(std::size_t host, const std::string& text) = 0;
  // A recipient was refused for now and another host is to be tried: for the administrator.
  virtual void log_refusal(std::size_t host, const std::string& text) = 0;

  // The recipients, and with a host that host, are what $domain, $local_part and $host speak of
  // from here on, as when Exim's own driver asks. host_in() and host_state() set the host
  // themselves.
  virtual void about(const std::vector<std::size_t>& recipients) { (void)recipients; }
  // Does this machine's hosts file give the name this address?
  virtual bool in_hosts_file(const std::string& /*name*/, const std::string& /*address*/) {
    return false;
  }

  // Options of the transport. Unknown names read as unset.
  virtual int option_number(const char* name, int fallback) = 0;
  virtual std::string option_text(const char* name) = 0;  // unexpanded; empty: unset
  // Expanded with the variables of the moment; empty: unset. BadInput names the option.
  [[nodiscard]] virtual Result<std::string> option_expanded(const char* name) = 0;
  [[nodiscard]] virtual Result<bool> option_flag(const char* name) = 0;
  // Whether a host list option names this host. DnsFailure: a look-up in the list failed.
  [[nodiscard]] virtual Result<bool> host_in(const char* option, std::size_t host) = 0;
  // Whether a domain list option names this domain. DnsFailure: a look-up in the list failed.
  [[nodiscard]] virtual Result<bool> domain_in(const char* option, const std::string& domain) = 0;
  [[nodiscard]] virtual Result<std::uint16_t> service_port() = 0;
  // They stay until they are set anew, or this delivery ends.
  virtual void set_tls_variables(const TlsVariables& variables) = 0;

  // We deliver from here on: ends a connection that is open from an earlier message of Exim's own
  // driver. The tool looks up addresses here, and numbers the hosts anew.
  virtual void take_over(AddressBatch& batch) = 0;
  // Reads the retry database, sets $host; a usable host must be left again by leave_host().
  virtual HostState host_state(std::size_t host, std::uint16_t port) = 0;
  virtual void leave_host(std::size_t host) = 0;
  virtual bool tried_since_arrival(std::size_t host) = 0;
  // What the retry record keeps of the host's last failure; empty: nothing. After host_state().
  virtual std::string last_failure(std::size_t /*host*/) { return {}; }
  virtual bool retries_over(
      std::size_t host) = 0;  // the message is older than the host's last rule
  virtual tl::expected<UniqueFd, ConnectFailure> connect(std::size_t host, std::uint16_t port) = 0;

  // After take_over(): one of ours that is open from an earlier message, until one of the two
  // following is called.
  virtual std::optional<OpenConnection> open_connection() { return std::nullopt; }
  virtual UniqueFd use_open_connection() { return UniqueFd(); }
  virtual void end_open_connection() {}
  // Whether a further message can go to the host on the connection that has served `transactions`,
  // of `most`; and leaves the connection to it.
  virtual bool further_message(std::size_t, std::size_t /*transactions*/, std::size_t /*most*/) {
    return false;
  }
  virtual void leave_open(UniqueFd, const OpenConnection&) {}

  // Exim's client authenticators, in their order, over the plain socket `fd`, until one succeeds.
  // `mechanisms` is what the server offers, separated by spaces.
  virtual AuthReport authenticate(std::size_t host, int fd, const std::string& mechanisms) = 0;
  // For AUTH= of MAIL on this connection (RFC 4954 5), as xtext; none: leave it out.
  [[nodiscard]] virtual Result<std::optional<std::string>> mail_auth() = 0;

  // The message as it goes over the wire into `fd`.
  virtual tl::expected<void, WriteFailure> write_message(int fd, MessageForm form) = 0;
  // The address with A-labels in the place of what is not ASCII. BadInput: it has no such form.
  [[nodiscard]] virtual Result<std::string> ascii_address(const std::string& address) = 0;

  virtual void set_outcome(std::size_t recipient, const RecipientOutcome& outcome) = 0;
  // They are delivered from here on, whatever follows, also without an outcome.
  virtual void journal(const std::vector<std::size_t>& recipients) = 0;
  // Retry records; the recipient's outcome must have been set.
  virtual void retry_host(std::size_t host, std::size_t recipient, RetryChange change) = 0;
  virtual void retry_message(std::size_t host, std::size_t recipient, RetryChange change) = 0;
  virtual void retry_recipient(std::size_t recipient, RetryChange change) = 0;
  virtual void retry_skipped(std::size_t recipient) = 0;  // it must not time out by this attempt
  virtual void retry_routing(std::size_t recipient, const std::string& name) = 0;
  virtual void session_step(char letter) = 0;  // PS= in the log: e EHLO, h HELO, s TLS
  virtual void event(std::size_t host, std::size_t recipient, const char* name,
                     const std::string& data) = 0;

  // An event that the configuration may answer: what it says, else nothing.
  virtual std::string ask_event(std::size_t, std::size_t, const char*, const std::string&) {
    return {};
  }

  // Exim's own smtp driver delivers these recipients.
  virtual void delegate(const std::vector<std::size_t>& recipients) = 0;
};

}  // namespace danesmtp

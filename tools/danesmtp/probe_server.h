// SPDX-License-Identifier: GPL-2.0-or-later
// The tool in the place of Exim: the options of the smtp driver with their defaults, addresses from
// the validated look-ups, TCP connections. It has no message, no retry database and no logs, and it
// decides nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "probe.h"
#include "server/mail_server.h"

namespace danesmtp::tool {

class ProbeServer final : public MailServer {
 public:
  // Both are borrowed.
  ProbeServer(const ProbeOptions& options, const Trace& trace) : options_(options), trace_(trace) {}

  // Keeps it, for take_over() and the report.
  void looked_up(const LookUp& look_up);
  const std::vector<LookUp>& look_ups() const { return look_ups_; }

  // What became of the recipient; none before the host loop is through.
  const std::optional<RecipientOutcome>& outcome() const { return outcome_; }

  void note(std::string_view line) override { debug(line); }
  bool debugging() const override { return static_cast<bool>(trace_); }
  void debug(std::string_view line) override {
    if (trace_) trace_(line);
  }
  void log_host(HostIndex, const std::string& text, int) override { debug(text); }
  void log_message(HostIndex, const std::string&) override {}
  void log_refusal(HostIndex, const std::string&) override {}
  void set_tls_variables(const TlsVariables&) override {}

  void about(const std::vector<RecipientIndex>&) override {}
  bool in_hosts_file(const std::string&, const std::string&) override { return false; }
  int option_number(const NumberOption& option) override;
  std::string option_text(const Option& option) override;
  Result<std::string> option_expanded(const TextOption& option) override;
  Result<bool> option_flag(const FlagOption& option) override;
  Result<bool> host_in(const HostListOption& option, HostIndex host) override;
  Result<bool> domain_in(const DomainListOption&, const std::string&) override { return false; }
  Result<std::uint16_t> service_port() override { return options_.port; }

  // One entry an address, of the families wanted; a host without any keeps its entry.
  void take_over(AddressBatch& batch) override;
  Result<HostState> host_state(HostIndex, std::uint16_t) override { return HostState::Usable; }
  void leave_host(HostIndex) override {}
  bool tried_since_arrival(HostIndex) override { return false; }
  std::string last_failure(HostIndex) override { return {}; }
  bool retries_over(HostIndex) override { return false; }
  tl::expected<UniqueFd, ConnectFailure> connect(HostIndex host, std::uint16_t port) override;
  // A probe is alone on its connection.
  std::optional<OpenConnection> open_connection() override { return std::nullopt; }
  UniqueFd use_open_connection() override { return UniqueFd(); }
  void end_open_connection() override {}
  bool further_message(HostIndex, std::size_t, std::size_t) override { return false; }
  void leave_open(UniqueFd, const OpenConnection&) override {}
  AuthReport authenticate(HostIndex, int, const std::string&) override {
    return {AuthEnd::NotAuthenticated, "a probe has no authenticators", {}, {}};
  }
  Result<std::optional<std::string>> mail_auth() override { return std::optional<std::string>(); }
  tl::expected<void, WriteFailure> write_message(int fd, MessageForm form) override;
  std::optional<StoredBody> stored_body() override { return std::nullopt; }
  tl::expected<void, WriteFailure> write_headers(int fd) override;
  Result<std::string> ascii_address(const std::string& address) override { return address; }

  void set_outcome(RecipientIndex, const RecipientOutcome& outcome) override { outcome_ = outcome; }
  void journal(const std::vector<RecipientIndex>&) override {}
  void retry_host(HostIndex, RecipientIndex, RetryChange) override {}
  void retry_message(HostIndex, RecipientIndex, RetryChange) override {}
  void retry_recipient(RecipientIndex, RetryChange) override {}
  void retry_skipped(RecipientIndex) override {}
  void retry_routing(RecipientIndex, const std::string&) override {}
  void session_step(char) override {}
  void event(HostIndex, RecipientIndex, const char*, const std::string&) override {}
  std::string ask_event(HostIndex, RecipientIndex, const char*, const std::string&) override {
    return {};
  }
  void tls_attempted(HostIndex, RecipientIndex, const TlsAttempt&) override {}
  std::optional<DelegatedDelivery> delegated_delivery(RecipientIndex) override {
    return std::nullopt;
  }
  void delegate(const std::vector<RecipientIndex>&) override {}

 private:
  std::vector<BatchHost> with_addresses(const BatchHost& host) const;

  const ProbeOptions& options_;
  const Trace& trace_;
  std::vector<LookUp> look_ups_;
  std::vector<std::string> addresses_;  // by host, after take_over(); empty: none
  std::optional<RecipientOutcome> outcome_;
};

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// The bridge's C tables seen as the core's MailServer, and its arrays as an AddressBatch.
// Conversions only; no decision.
#pragma once

#include "bridge/bridge.h"
#include "server/mail_server.h"

namespace danesmtp {

AddressBatch import_batch(const danesmtp_batch& batch);

class BridgeServer : public MailServer {
 public:
  // Both are borrowed and outlive the call of the transport.
  BridgeServer(const danesmtp_services& services, void* exim, danesmtp_batch& batch)
      : s_(services), exim_(exim), batch_(batch) {}

  void note(std::string_view line) override;
  bool debugging() const override;
  void debug(std::string_view line) override;
  void dialogue(std::string_view line) override;
  void log_host(std::size_t host, const std::string& text, int system_errno) override;
  void log_message(std::size_t host, const std::string& text) override;
  void log_refusal(std::size_t host, const std::string& text) override;

  void about(const std::vector<std::size_t>& recipients) override;
  bool in_hosts_file(const std::string& name, const std::string& address) override;
  int option_number(const char* name, int fallback) override;
  std::string option_text(const char* name) override;
  Result<std::string> option_expanded(const char* name) override;
  Result<bool> option_flag(const char* name) override;
  Result<bool> host_in(const char* option, std::size_t host) override;
  Result<bool> domain_in(const char* option, const std::string& domain) override;
  Result<std::uint16_t> service_port() override;
  void set_tls_variables(const TlsVariables& variables) override;

  void take_over(AddressBatch& batch) override;
  HostState host_state(std::size_t host, std::uint16_t port) override;
  void leave_host(std::size_t host) override;
  bool tried_since_arrival(std::size_t host) override;
  std::string last_failure(std::size_t host) override;
  bool retries_over(std::size_t host) override;
  tl::expected<UniqueFd, ConnectFailure> connect(std::size_t host, std::uint16_t port) override;
  std::optional<OpenConnection> open_connection() override;
  UniqueFd use_open_connection() override;
  void end_open_connection() override;
  bool further_message(std::size_t host, std::size_t transactions, std::size_t most) override;
  void leave_open(UniqueFd socket, const OpenConnection& open) override;
  AuthReport authenticate(std::size_t host, int fd, const std::string& mechanisms) override;
  Result<std::optional<std::string>> mail_auth() override;
  tl::expected<void, WriteFailure> write_message(int fd, MessageForm form) override;
  Result<std::string> ascii_address(const std::string& address) override;

  void set_outcome(std::size_t recipient, const RecipientOutcome& outcome) override;
  void journal(const std::vector<std::size_t>& recipients) override;
  void retry_host(std::size_t host, std::size_t recipient, RetryChange change) override;
  void retry_message(std::size_t host, std::size_t recipient, RetryChange change) override;
  void retry_recipient(std::size_t recipient, RetryChange change) override;
  void retry_skipped(std::size_t recipient) override;
  void retry_routing(std::size_t recipient, const std::string& name) override;
  void session_step(char letter) override;
  void event(std::size_t host, std::size_t recipient, const char* name,
             const std::string& data) override;
  std::string ask_event(std::size_t host, std::size_t recipient, const char* name,
                        const std::string& data) override;
  void delegate(const std::vector<std::size_t>& recipients) override;

 private:
  Error expansion_failed(const char* option) const;

  const danesmtp_services& s_;
  void* exim_;
  danesmtp_batch& batch_;
};

}  // namespace danesmtp

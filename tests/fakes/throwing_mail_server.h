// SPDX-License-Identifier: GPL-2.0-or-later
// A MailServer whose n-th call throws before it has done anything; the others go to the real one.
// Unlike the fake behind it, what is journalled is kept without an allocation, as in production.
#pragma once

#include <array>
#include <new>

#include "server/mail_server.h"

namespace danesmtp::test {

class ThrowingMailServer final : public MailServer {
 public:
  ThrowingMailServer(MailServer& server, int throw_at) : server_(server), throw_at_(throw_at) {}

  std::array<int, 16> journalled{};  // how often, by recipient
  bool thrown() const { return calls_ >= throw_at_; }

  void note(std::string_view line) override { next().note(line); }
  bool debugging() const override { return server_.debugging(); }
  void debug(std::string_view line) override { next().debug(line); }
  void log_host(HostIndex host, const std::string& text, int error) override {
    next().log_host(host, text, error);
  }
  void log_message(HostIndex host, const std::string& text) override {
    next().log_message(host, text);
  }
  void log_refusal(HostIndex host, const std::string& text) override {
    next().log_refusal(host, text);
  }
  void about(const std::vector<RecipientIndex>& recipients) override { next().about(recipients); }
  bool in_hosts_file(const std::string& name, const std::string& address) override {
    return next().in_hosts_file(name, address);
  }
  int option_number(const NumberOption& option) override { return next().option_number(option); }
  std::string option_text(const Option& option) override { return next().option_text(option); }
  Result<std::string> option_expanded(const TextOption& option) override {
    return next().option_expanded(option);
  }
  Result<bool> option_flag(const FlagOption& option) override { return next().option_flag(option); }
  Result<bool> host_in(const HostListOption& option, HostIndex host) override {
    return next().host_in(option, host);
  }
  Result<bool> domain_in(const DomainListOption& option, const std::string& domain) override {
    return next().domain_in(option, domain);
  }
  Result<std::uint16_t> service_port() override { return next().service_port(); }
  void set_tls_variables(const TlsVariables& variables) override {
    next().set_tls_variables(variables);
  }
  void tls_attempted(HostIndex host, RecipientIndex recipient, const TlsAttempt& attempt) override {
    next().tls_attempted(host, recipient, attempt);
  }
  std::optional<DelegatedDelivery> delegated_delivery(RecipientIndex recipient) override {
    return next().delegated_delivery(recipient);
  }
  void take_over(AddressBatch& batch) override { next().take_over(batch); }
  Result<HostState> host_state(HostIndex host, std::uint16_t port) override {
    return next().host_state(host, port);
  }
  void leave_host(HostIndex host) override { next().leave_host(host); }
  bool tried_since_arrival(HostIndex host) override { return next().tried_since_arrival(host); }
  std::string last_failure(HostIndex host) override { return next().last_failure(host); }
  bool retries_over(HostIndex host) override { return next().retries_over(host); }
  tl::expected<UniqueFd, ConnectFailure> connect(HostIndex host, std::uint16_t port) override {
    return next().connect(host, port);
  }
  std::optional<OpenConnection> open_connection() override { return next().open_connection(); }
  UniqueFd use_open_connection() override { return next().use_open_connection(); }
  void end_open_connection() override { next().end_open_connection(); }
  bool further_message(HostIndex host, std::size_t transactions, std::size_t most) override {
    return next().further_message(host, transactions, most);
  }
  void leave_open(UniqueFd socket, const OpenConnection& connection) override {
    next().leave_open(std::move(socket), connection);
  }
  AuthReport authenticate(HostIndex host, int fd, const std::string& mechanisms) override {
    return next().authenticate(host, fd, mechanisms);
  }
  Result<std::optional<std::string>> mail_auth() override { return next().mail_auth(); }
  tl::expected<void, WriteFailure> write_message(int fd, MessageForm form) override {
    return next().write_message(fd, form);
  }
  std::optional<StoredBody> stored_body() override { return next().stored_body(); }
  tl::expected<void, WriteFailure> write_headers(int fd) override {
    return next().write_headers(fd);
  }
  Result<std::string> ascii_address(const std::string& address) override {
    return next().ascii_address(address);
  }
  void set_outcome(RecipientIndex recipient, const RecipientOutcome& outcome) override {
    next().set_outcome(recipient, outcome);
  }
  void journal(const std::vector<RecipientIndex>& recipients) override {
    next();
    for (auto recipient : recipients) ++journalled[recipient.value()];
  }
  void retry_host(HostIndex host, RecipientIndex recipient, RetryChange change) override {
    next().retry_host(host, recipient, change);
  }
  void retry_message(HostIndex host, RecipientIndex recipient, RetryChange change) override {
    next().retry_message(host, recipient, change);
  }
  void retry_recipient(RecipientIndex recipient, RetryChange change) override {
    next().retry_recipient(recipient, change);
  }
  void retry_skipped(RecipientIndex recipient) override { next().retry_skipped(recipient); }
  void retry_routing(RecipientIndex recipient, const std::string& name) override {
    next().retry_routing(recipient, name);
  }
  void session_step(char letter) override { next().session_step(letter); }
  void event(HostIndex host, RecipientIndex recipient, const char* name,
             const std::string& data) override {
    next().event(host, recipient, name, data);
  }
  std::string ask_event(HostIndex host, RecipientIndex recipient, const char* name,
                        const std::string& data) override {
    return next().ask_event(host, recipient, name, data);
  }
  void delegate(const std::vector<RecipientIndex>& recipients) override {
    next().delegate(recipients);
  }

 private:
  MailServer& next() {
    if (++calls_ == throw_at_) throw std::bad_alloc();
    return server_;
  }

  MailServer& server_;
  int throw_at_;
  int calls_ = 0;
};

}  // namespace danesmtp::test

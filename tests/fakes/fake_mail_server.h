// SPDX-License-Identifier: GPL-2.0-or-later
// A MailServer that remembers. Options and host lists are maps; every call that leaves a trace in a
// real Exim is a line of `calls`, every outcome is kept by recipient. connect() hands out the
// sockets that the test put into `sockets`, by host.
#pragma once

#include <unistd.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/format.h"
#include "server/mail_server.h"

namespace danesmtp::test {

class FakeMailServer : public MailServer {
 public:
  std::map<std::string, std::string> options;
  std::map<std::string, int> numbers;
  std::map<std::string, bool> flags;
  std::set<std::string> broken_options;  // their expansion, or their list's look-up, fails
  std::map<std::string, std::set<std::size_t>> lists;  // host list option -> hosts in it
  std::map<std::size_t, HostState> states;             // Usable if absent
  std::set<std::size_t> tried_lately, too_old_for;
  std::map<std::size_t, UniqueFd> sockets;
  std::vector<UniqueFd> later_sockets;  // for further connections, in order
  std::string message = "Subject: x\r\n\r\nHello.\r\n.\r\n";
  std::string plain_message = "Subject: x\r\n\r\nHello.\r\n";
  std::map<std::size_t, WriteFailure> no_message;  // by 0: write_message fails so

  std::vector<std::string> calls;
  std::map<std::size_t, RecipientOutcome> outcomes;
  std::vector<std::size_t> delegated;

  std::string trace() const {
    std::string text;
    for (const auto& call : calls) text += (text.empty() ? "" : "; ") + call;
    return text;
  }

  void note(std::string_view line) override { calls.push_back("note " + std::string(line)); }
  bool debugging() const override { return true; }
  void debug(std::string_view line) override { debug_output += std::string(line) + "\n"; }
  std::string debug_output;

  void log_host(std::size_t host, const std::string& text, int system_errno) override {
    calls.push_back(format("log_host {} {}/{}", host, text, system_errno));
  }
  void log_message(std::size_t host, const std::string& text) override {
    calls.push_back(format("log_message {} {}", host, text));
  }

  void log_refusal(std::size_t host, const std::string& text) override {
    calls.push_back(format("log_refusal {} {}", host, text));
  }

  std::set<std::pair<std::string, std::string>> hosts_file;  // names and addresses
  std::vector<std::vector<std::size_t>> spoken_of;           // recipients, by about()
  void about(const std::vector<std::size_t>& recipients) override {
    spoken_of.push_back(recipients);
  }
  bool in_hosts_file(const std::string& name, const std::string& address) override {
    return hosts_file.count({name, address}) != 0;
  }

  int option_number(const char* name, int fallback) override {
    auto found = numbers.find(name);
    return found == numbers.end() ? fallback : found->second;
  }
  std::string option_text(const char* name) override { return options[name]; }
  Result<std::string> option_expanded(const char* name) override {
    if (broken_options.count(name) != 0)
      return fail(ErrorKind::BadInput, format("failed to expand option {}", name));
    return options[name];
  }
  Result<bool> option_flag(const char* name) override { return flags[name]; }
  Result<bool> host_in(const char* option, std::size_t host) override {
    if (broken_options.count(option) != 0)
      return fail(ErrorKind::DnsFailure, format("a look-up failed in {}", option));
    return lists[option].count(host) != 0;
  }
  Result<bool> domain_in(const char* option, const std::string& domain) override {
    if (broken_options.count(option) != 0)
      return fail(ErrorKind::DnsFailure, format("a look-up failed in {}", option));
    return domain_lists[option].count(domain) != 0;
  }
  std::map<std::string, std::set<std::string>> domain_lists;  // domain list option -> its domains
  Result<std::uint16_t> service_port() override {
    if (broken_options.count("port") != 0) return fail(ErrorKind::BadInput, "option port");
    return std::uint16_t{25};
  }

  void set_tls_variables(const TlsVariables& variables) override {
    tls_variables.push_back(variables);
  }
  std::vector<TlsVariables> tls_variables;

  void take_over(AddressBatch&) override { calls.push_back("take_over"); }
  HostState host_state(std::size_t host, std::uint16_t) override {
    auto found = states.find(host);
    return found == states.end() ? HostState::Usable : found->second;
  }
  void leave_host(std::size_t host) override { calls.push_back(format("leave {}", host)); }
  bool tried_since_arrival(std::size_t host) override { return tried_lately.count(host) != 0; }
  std::string last_failure(std::size_t host) override { return last_failures[host]; }
  std::map<std::size_t, std::string> last_failures;  // host -> the text of its retry record
  bool retries_over(std::size_t host) override { return too_old_for.count(host) != 0; }
  tl::expected<UniqueFd, ConnectFailure> connect(std::size_t host, std::uint16_t port) override {
    calls.push_back(format("connect {}:{}", host, port));
    auto found = sockets.find(host);
    if (found != sockets.end()) {
      auto socket = std::move(found->second);
      sockets.erase(found);
      return socket;
    }
    if (later_sockets.empty()) return tl::unexpected(ConnectFailure{ECONNREFUSED, false});
    auto socket = std::move(later_sockets.front());
    later_sockets.erase(later_sockets.begin());
    return socket;
  }
  std::optional<OpenConnection> open;  // its socket is `open_socket`
  UniqueFd open_socket;
  bool message_waits = false;
  std::optional<OpenConnection> left_open;
  std::optional<OpenConnection> open_connection() override { return open; }
  UniqueFd use_open_connection() override {
    calls.emplace_back("use_open");
    open.reset();
    return std::move(open_socket);
  }
  void end_open_connection() override {
    calls.emplace_back("end_open");
    open.reset();
    open_socket.reset();
  }
  bool further_message(std::size_t, std::size_t transactions, std::size_t most) override {
    return message_waits && transactions < most;
  }
  void leave_open(UniqueFd socket, const OpenConnection& connection) override {
    left_open = connection;
    open_socket = std::move(socket);
  }

  // authenticate() says these lines to the server, and reports `auth` with its last reply.
  std::vector<std::string> auth_lines;
  AuthReport auth;
  std::optional<std::string> mail_auth_text;
  AuthReport authenticate(std::size_t host, int fd, const std::string& mechanisms) override {
    calls.push_back(format("authenticate {} {}", host, mechanisms));
    char reply[512];
    for (const auto& line : auth_lines) {
      const std::string octets = line + "\r\n";
      if (::write(fd, octets.data(), octets.size()) < 0) break;
      const ssize_t got = ::read(fd, reply, sizeof reply);
      if (got <= 0) break;
      auth_replies.emplace_back(reply, static_cast<std::size_t>(got));
    }
    return auth;
  }
  std::vector<std::string> auth_replies;
  Result<std::optional<std::string>> mail_auth() override {
    if (broken_options.count("authenticated_sender") != 0)
      return fail(ErrorKind::BadInput, "failed to expand authenticated_sender");
    return mail_auth_text;
  }

  tl::expected<void, WriteFailure> write_message(int fd, MessageForm form) override {
    if (!no_message.empty()) return tl::unexpected(no_message.begin()->second);
    const auto& text = form == MessageForm::Dotted ? message : plain_message;
    if (::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
      return tl::unexpected(WriteFailure{});
    return {};
  }
  Result<std::string> ascii_address(const std::string& address) override {
    if (address.find('!') != std::string::npos) return fail(ErrorKind::BadInput, "no such form");
    return "ascii-" + address;
  }

  void set_outcome(std::size_t recipient, const RecipientOutcome& outcome) override {
    outcomes[recipient] = outcome;
  }
  void journal(const std::vector<std::size_t>& recipients) override {
    for (auto recipient : recipients) calls.push_back(format("journal {}", recipient));
  }
  void retry_host(std::size_t host, std::size_t recipient, RetryChange change) override {
    if (change == RetryChange::Deferred)
      calls.push_back(format("retry_host {} {}", host, recipient));
  }
  void retry_message(std::size_t host, std::size_t recipient, RetryChange change) override {
    if (change == RetryChange::Deferred)
      calls.push_back(format("retry_message {} {}", host, recipient));
  }
  void retry_recipient(std::size_t recipient, RetryChange change) override {
    if (change == RetryChange::Deferred) calls.push_back(format("retry_recipient {}", recipient));
  }
  void retry_skipped(std::size_t recipient) override {
    calls.push_back(format("retry_skipped {}", recipient));
  }
  void retry_routing(std::size_t recipient, const std::string& name) override {
    calls.push_back(format("retry_routing {} {}", recipient, name));
  }
  void session_step(char letter) override { steps += letter; }
  std::string steps;
  void event(std::size_t, std::size_t, const char* name, const std::string& data) override {
    calls.push_back(format("event {} {}", name, data));
  }
  std::map<std::string, std::string> event_answers;
  std::string ask_event(std::size_t, std::size_t, const char* name,
                        const std::string& data) override {
    calls.push_back(format("ask {} {}", name, data));
    return event_answers[name];
  }
  void delegate(const std::vector<std::size_t>& recipients) override { delegated = recipients; }
};

// A batch of hosts "mx1.lab"... (MX preference 10, 20, ...) and recipients "user1@dom.lab"...
inline AddressBatch make_batch(std::size_t hosts, std::size_t recipients) {
  AddressBatch batch;
  batch.transport_name = "remote_smtp";
  batch.sender = "alice@sender.lab";
  batch.spool_directory = "/tmp";
  batch.message_size = 100;
  for (std::size_t i = 1; i <= hosts; ++i) {
    const auto name = format("mx{}.lab", i);
    batch.hosts.push_back(
        {name, name, format("192.0.2.{}", i), std::nullopt, static_cast<int>(i) * 10});
  }
  for (std::size_t i = 1; i <= recipients; ++i)
    batch.recipients.push_back({format("user{}@dom.lab", i), "dom.lab", RouteKind::Mx});
  return batch;
}

}  // namespace danesmtp::test

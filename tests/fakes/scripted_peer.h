// SPDX-License-Identifier: GPL-2.0-or-later
// An SMTP server made of a script, in a thread of the test, on one end of a socketpair. It does
// exactly what the script says, wrong things too, and keeps what it heard. No wait of its own is
// longer than kPatience, so a test that goes wrong still ends. The thread never asserts: the test
// does, on heard().
#pragma once

#include <sys/socket.h>
#include <sys/time.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "fakes/tls_server.h"
#include "net/unique_fd.h"

namespace danesmtp::test {

// The script's side of the connection.
class PeerSide {
 public:
  static constexpr int kPatience = 5;  // seconds

  explicit PeerSide(UniqueFd socket) : socket_(std::move(socket)) {
    timeval patience{kPatience, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }

  void say(std::string_view octets) {
    while (!octets.empty()) {
      ssize_t put = tls_ ? tls_->write(octets)
                         : ::send(socket_.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
      if (put <= 0) return;
      octets.remove_prefix(static_cast<std::size_t>(put));
    }
  }

  // Past the TLS session, if there is one.
  void say_in_clear(std::string_view octets) {
    static_cast<void>(::send(socket_.get(), octets.data(), octets.size(), MSG_NOSIGNAL));
  }

  void say_octet_by_octet(std::string_view octets) {
    for (std::size_t i = 0; i < octets.size(); ++i) say(octets.substr(i, 1));
  }

  // The next line without CRLF, kept in heard(); "" when the client has gone.
  std::string hear() {
    std::string line = take_until("\r\n");
    if (line.empty()) return line;
    line.resize(line.size() - 2);
    heard_.push_back(line);
    return line;
  }

  // hear(), then say().
  void answer(std::string_view reply) {
    if (!hear().empty()) say(reply);
  }

  // Message data to its end, dot included; "" when the client went before. Kept in heard().
  std::string hear_message() {
    while (input_.size() < 3 && receive()) continue;
    bool lone_dot = input_.compare(0, 3, ".\r\n") == 0;
    std::string message = take_until(lone_dot ? ".\r\n" : "\r\n.\r\n");
    heard_.push_back(message);
    return message;
  }

  // Until `text` is there, which is then still to be heard.
  void await(std::string_view text) {
    while (input_.find(text) == std::string::npos && receive()) continue;
  }

  // Exactly `octets` of them, as of a chunk; "" when the client went before. Kept in heard().
  std::string hear_octets(std::size_t octets) {
    while (input_.size() < octets)
      if (!receive()) return {};
    heard_.push_back(input_.substr(0, octets));
    input_.erase(0, octets);
    return heard_.back();
  }

  // Reads `octets` of them and forgets them; false when the client went before.
  bool take(std::size_t octets) {
    while (input_.size() < octets) {
      octets -= input_.size();
      input_.clear();
      if (!receive()) return false;
    }
    input_.erase(0, octets);
    return true;
  }

  bool start_tls(const TlsServerSettings& settings) {
    tls_.emplace(socket_.get(), settings);
    return tls_->handshake();
  }

  TlsServer& tls() { return *tls_; }

  // Silence until the client hangs up.
  void wait_for_hangup() {
    while (receive()) input_.clear();
  }

  // How many reads it took to hear all this: on a socket that keeps the bounds of writes
  // (SOCK_SEQPACKET), how many times the client has written.
  int reads() const { return reads_; }

  // How the client's side ended: "" if TLS was shut down in order, otherwise the alert or the
  // reason.
  std::string tls_ending() const { return tls_ ? tls_->ending() : "no TLS"; }

  void drop() { socket_.reset(); }

  // Closing with unread octets resets the connection; the client must have sent something.
  void reset() {
    char octet = 0;
    static_cast<void>(::recv(socket_.get(), &octet, 1, MSG_PEEK));
    socket_.reset();
  }

  const std::vector<std::string>& heard() const { return heard_; }

 private:
  bool receive() {
    char block[16384];
    ssize_t got =
        tls_ ? tls_->read(block, sizeof block) : ::recv(socket_.get(), block, sizeof block, 0);
    if (got <= 0) return false;
    ++reads_;
    input_.append(block, static_cast<std::size_t>(got));
    return true;
  }

  std::string take_until(std::string_view end) {
    std::size_t at = 0;
    while ((at = input_.find(end)) == std::string::npos)
      if (!receive()) return {};
    std::string text = input_.substr(0, at + end.size());
    input_.erase(0, at + end.size());
    return text;
  }

  UniqueFd socket_;
  std::optional<TlsServer> tls_;
  std::string input_;
  std::vector<std::string> heard_;
  int reads_ = 0;
};

class ScriptedPeer {
 public:
  using Script = std::function<void(PeerSide&)>;

  explicit ScriptedPeer(Script script, int socket_type = SOCK_STREAM) {
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, socket_type, 0, ends) != 0) return;
    client_ = UniqueFd(ends[0]);
    thread_ = std::thread([this, fd = ends[1], run = std::move(script)] {
      PeerSide side{UniqueFd(fd)};
      run(side);
      heard_ = side.heard();
      tls_ending_ = side.tls_ending();
    });
  }
  ScriptedPeer(const ScriptedPeer&) = delete;
  ScriptedPeer& operator=(const ScriptedPeer&) = delete;
  ~ScriptedPeer() { finish(); }

  // The client's end, once.
  UniqueFd take_socket() { return std::move(client_); }

  // What the script heard, each line or message; waits for the end of the script.
  const std::vector<std::string>& heard() {
    finish();
    return heard_;
  }

  const std::string& tls_ending() {
    finish();
    return tls_ending_;
  }

 private:
  void finish() {
    client_.reset();
    if (thread_.joinable()) thread_.join();
  }

  UniqueFd client_;
  std::thread thread_;
  std::vector<std::string> heard_;
  std::string tls_ending_;
};

}  // namespace danesmtp::test

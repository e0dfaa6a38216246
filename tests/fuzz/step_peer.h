// SPDX-License-Identifier: GPL-2.0-or-later
// An SMTP server whose every step comes from an input, in a thread, on one end of a socketpair,
// with a real TLS server when a step says so. It keeps what it heard and what it said, in clear and
// under TLS. Nothing of it waits for long, and at the end it hears the client out.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fakes/tls_server.h"
#include "fuzz/step_list.h"
#include "net/unique_fd.h"

namespace danesmtp::fuzz {

struct Talk {
  std::string heard{};
  std::string said{};
};

struct PeerNotes {
  Talk clear{};
  Talk tls{};
  bool tls_begun = false;  // the handshake was completed
  bool left = false;       // without having heard the client out
};

class StepPeer {
 public:
  StepPeer(std::vector<Step> steps, test::TlsServerSettings settings)
      : steps_(std::move(steps)), settings_(std::move(settings)) {
    int ends[2] = {-1, -1};
    must(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    client_ = UniqueFd(ends[0]);
    socket_ = UniqueFd(ends[1]);
    timeval patience{0, kPatience * 1000};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    thread_ = std::thread([this] { serve(); });
  }
  StepPeer(const StepPeer&) = delete;
  StepPeer& operator=(const StepPeer&) = delete;
  ~StepPeer() { notes(); }

  // The client's end, once.
  UniqueFd take_socket() { return std::move(client_); }

  // Waits for its end; the client has gone by then.
  const PeerNotes& notes() {
    client_.reset();
    if (thread_.joinable()) thread_.join();
    return notes_;
  }

 private:
  static constexpr int kPatience = 30;  // milliseconds
  static constexpr int kMostRepeats = 2000;
  static constexpr char kHandshakeRecord = 0x16;  // RFC 8446 5.1

  void serve() {
    for (const auto& step : steps_)
      if (!take(step)) break;
    hear_out();
  }

  // False: there is nothing more to be done.
  bool take(const Step& step) {
    switch (step.what % 16) {
      case 8:
        return say(as_text(step.piece));
      case 9:
        return start_tls();
      case 10:
        return say_in_clear(as_text(step.piece));
      case 11:
        return say_often(as_text(step.piece));
      case 12:
        return hear_message() && say(as_text(step.piece));
      case 13:
        return leave();
      case 14:
        return end_tls();
      case 15:
        return unsettle();
      default:
        hear();
        return say(as_text(step.piece));
    }
  }

  Talk& talk() { return tls_ ? notes_.tls : notes_.clear; }

  bool say(std::string_view octets) {
    while (!octets.empty()) {
      const ssize_t put = tls_ ? tls_->write(octets) : put_in_clear(octets);
      if (put <= 0) return false;
      talk().said.append(octets.substr(0, static_cast<std::size_t>(put)));
      octets.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
  }

  ssize_t put_in_clear(std::string_view octets) {
    return ::send(socket_.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
  }

  // Past the TLS session, if there is one; which must break it.
  bool say_in_clear(std::string_view octets) {
    if (!tls_) return say(octets);
    return put_in_clear(octets) >= 0;
  }

  // The octets again and again, until the client takes no more of it.
  bool say_often(std::string_view octets) {
    for (int i = 0; i < kMostRepeats; ++i)
      if (!say(octets)) return false;
    return true;
  }

  // What is there within a moment. False: nothing.
  bool hear() {
    pollfd input{socket_.get(), POLLIN, 0};
    return ::poll(&input, 1, kPatience) == 1 && read() > 0;
  }

  ssize_t read() {
    std::array<char, 16384> block;
    const ssize_t got = tls_ ? tls_->read(block.data(), block.size())
                             : ::recv(socket_.get(), block.data(), block.size(), 0);
    if (got > 0) talk().heard.append(block.data(), static_cast<std::size_t>(got));
    return got;
  }

  bool hear_message() {
    while (talk().heard.find("\r\n.\r\n") == std::string::npos)
      if (!hear()) break;
    return true;
  }

  // Where TLS begins with the first octet.
  bool handshake_is_there() {
    pollfd input{socket_.get(), POLLIN, 0};
    char first = 0;
    return ::poll(&input, 1, kPatience) == 1 && ::recv(socket_.get(), &first, 1, MSG_PEEK) == 1 &&
           first == kHandshakeRecord;
  }

  bool start_tls() {
    if (tls_) return true;
    if (!handshake_is_there()) hear();  // STARTTLS, where nobody has heard it yet
    if (!say_after_starttls()) return false;
    pollfd input{socket_.get(), POLLIN, 0};
    if (::poll(&input, 1, kPatience) != 1) return false;
    auto server = std::make_unique<test::TlsServer>(socket_.get(), settings_);
    if (!server->handshake()) return false;
    tls_ = std::move(server);
    return notes_.tls_begun = true;
  }

  bool say_after_starttls() {
    const auto& heard = notes_.clear.heard;
    return !heard.ends_with("STARTTLS\r\n") || say("220 go\r\n");
  }

  bool end_tls() {
    if (!tls_) return true;
    tls_->close();
    return false;
  }

  // What no client has to put up with (RFC 8446 4.6.2, RFC 5246 7.4.1.1).
  bool unsettle() {
    if (!tls_) return true;
    tls_->ask_renegotiation();
    return true;
  }

  bool leave() {
    notes_.left = true;
    tls_.reset();
    socket_.reset();
    return false;
  }

  // The client hears that nothing more comes, and is heard until it goes.
  void hear_out() {
    if (!socket_) return;
    ::shutdown(socket_.get(), SHUT_WR);
    for (;;) {
      const ssize_t got = read();
      if (got == 0 || (got < 0 && tls_ && got != GNUTLS_E_AGAIN)) break;
      if (got < 0 && !tls_ && errno != EAGAIN) break;
    }
    drain();
  }

  // Below a TLS session that has ended, too.
  void drain() {
    std::array<char, 4096> block;
    for (;;) {
      const ssize_t got = ::recv(socket_.get(), block.data(), block.size(), 0);
      if (got == 0 || (got < 0 && errno != EAGAIN)) return;
    }
  }

  std::vector<Step> steps_;
  test::TlsServerSettings settings_;
  UniqueFd client_, socket_;
  std::unique_ptr<test::TlsServer> tls_;
  PeerNotes notes_;
  std::thread thread_;
};

}  // namespace danesmtp::fuzz

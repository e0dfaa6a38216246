// SPDX-License-Identifier: GPL-2.0-or-later
// A daemon that answers one connection after the other as it is told to, and keeps what it heard.
// No wait of its own is longer than some seconds.
#pragma once

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "net/unique_fd.h"
#include "sts/socketmap_option.h"
#include "unit/own_directory.h"

namespace danesmtp::test {

class PolicyDaemon {
 public:
  // Is given the connection after the question has come, which is closed after it.
  using Answer = std::function<void(int fd)>;

  PolicyDaemon() : listener_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path().c_str(), path().size());
    ck_assert_int_eq(
        ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    ck_assert_int_eq(::listen(listener_.get(), 5), 0);
  }
  ~PolicyDaemon() { end(); }
  PolicyDaemon(const PolicyDaemon&) = delete;
  PolicyDaemon& operator=(const PolicyDaemon&) = delete;

  std::string path() const { return directory_.file(); }

  danesmtp_socketmap map() const {
    danesmtp_socketmap map{};
    ck_assert_ptr_null(danesmtp_read_socketmap(("unix:" + path()).c_str(), &map));
    return map;
  }

  // One for each connection that is to come.
  void serve(std::vector<Answer> answers) {
    thread_ = std::thread([this, answers = std::move(answers)] {
      for (const auto& answer : answers) {
        const UniqueFd fd(::accept(listener_.get(), nullptr, nullptr));
        if (!fd) return;
        const timeval patience{5, 0};
        ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        char question[2000];
        const auto size = ::recv(fd.get(), question, sizeof(question), 0);
        if (size > 0) heard_.emplace_back(question, static_cast<std::size_t>(size));
        answer(fd.get());
      }
    });
  }
  void serve(const std::string& octets) {
    serve({[octets](int fd) { say(fd, octets); }});
  }

  // After which nobody answers.
  std::vector<std::string> end() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    listener_.reset();
    return heard_;
  }

  static void say(int fd, const std::string& octets) {
    static_cast<void>(::send(fd, octets.data(), octets.size(), MSG_NOSIGNAL));
  }

 private:
  OwnDirectory directory_;
  UniqueFd listener_;
  std::thread thread_;
  std::vector<std::string> heard_;
};

}  // namespace danesmtp::test

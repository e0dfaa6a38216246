// SPDX-License-Identifier: GPL-2.0-or-later
// One connection of a socketmap's client: what has come, what is to go, and the question that waits
// for its answer. Nothing here waits.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

#include "core/deadline.h"
#include "core/dns_name.h"
#include "net/unique_fd.h"

namespace danesmtp::tool {

inline constexpr std::chrono::seconds kLongestIdle{60};
// danesmtp itself and Postfix's daemons give up after five seconds.
inline constexpr std::chrono::seconds kLongestWait{4};

struct WaitingQuestion {
  std::string domain;
  Deadline end;
};

class MapClient {
 public:
  explicit MapClient(UniqueFd fd) : fd_(std::move(fd)) {}

  int fd() const { return fd_.get(); }
  // Questions are answered in their order: while one waits, or an answer does, none is read.
  bool reads() const { return !waiting_ && output_.empty(); }
  bool writes() const { return !output_.empty(); }
  bool ended() const { return ended_; }
  const std::optional<WaitingQuestion>& waiting() const { return waiting_; }
  // When something has to happen at the latest.
  Deadline end() const { return waiting_ ? waiting_->end : idle_; }

  void read();
  // The key of the next question, if it has come whole.
  std::optional<std::string> question();
  void wait_for(const std::string& domain) {
    waiting_ = WaitingQuestion{domain, Deadline::in(kLongestWait)};
  }
  void answer(const std::string& text);
  void write();
  void close() { ended_ = true; }

 private:
  UniqueFd fd_;
  std::string input_;
  std::string output_;
  std::optional<WaitingQuestion> waiting_;
  Deadline idle_ = Deadline::in(kLongestIdle);
  bool ended_ = false;
};

}  // namespace danesmtp::tool

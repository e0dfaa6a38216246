// SPDX-License-Identifier: GPL-2.0-or-later
// Threads that look at what domains publish, so that a domain whose servers are slow holds up
// nobody else. What they find is taken by the thread that has sent them.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "net/unique_fd.h"
#include "policy_book.h"

namespace danesmtp::tool {

inline constexpr std::size_t kMostErrands = 1000;  // that wait

struct Visited {
  std::string domain;
  Finding finding;
};

class Visitors {
 public:
  using Visit = std::function<Finding(const Errand&)>;

  // One call of `visit` for each thread, so that each can have a resolver of its own. What is made
  // must end soon after it was told to: the destructor waits for it.
  Visitors(unsigned threads, const std::function<Visit()>& make);
  ~Visitors();
  Visitors(const Visitors&) = delete;
  Visitors& operator=(const Visitors&) = delete;

  // False: too many wait already.
  bool send(Errand errand);

  // Readable when somebody has come back.
  int fd() const { return back_.get(); }
  std::vector<Visited> take();

 private:
  void work(const Visit& visit);
  std::optional<Errand> next();
  void come_back(Visited visited);

  std::mutex mutex_;
  std::condition_variable sent_;
  std::deque<Errand> errands_;
  std::vector<Visited> visited_;
  bool ended_ = false;
  UniqueFd back_;
  std::vector<std::thread> threads_;
};

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
// Every way through a program that asks what happens next: it is run again and again, and each run
// takes another way, until there is none left.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

namespace danesmtp::test {

class Choices {
 public:
  // One of so many, 0 first.
  unsigned pick(unsigned count) {
    if (at_ < path_.size()) return path_[at_++].taken;
    if (known_from_here_) return 0;
    path_.push_back({0, count});
    ++at_;
    return 0;
  }

  // What follows depends on `state` alone: if another run has been there, one way on is enough.
  void reached(const std::string& state) {
    if (at_ < path_.size() || known_from_here_) return;
    known_from_here_ = !states_.insert(state).second;
    if (known_from_here_) ++met_again_;
  }

  // After a run: false when every way has been taken.
  bool another() {
    ++runs_;
    at_ = 0;
    known_from_here_ = false;
    while (!path_.empty() && path_.back().taken + 1 == path_.back().count) path_.pop_back();
    if (path_.empty()) return false;
    ++path_.back().taken;
    return true;
  }

  std::size_t runs() const { return runs_; }
  std::size_t states() const { return states_.size(); }
  std::size_t met_again() const { return met_again_; }

 private:
  struct Step {
    unsigned taken;
    unsigned count;
  };
  std::vector<Step> path_;
  std::size_t at_ = 0;
  bool known_from_here_ = false;
  std::set<std::string> states_;
  std::size_t runs_ = 0;
  std::size_t met_again_ = 0;
};

}  // namespace danesmtp::test

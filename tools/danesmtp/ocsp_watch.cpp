// SPDX-License-Identifier: GPL-2.0-or-later
#include "ocsp_watch.h"

#include <csignal>
#include <random>

#include "time_input.h"

namespace danesmtp::tool {
namespace {

using std::chrono::seconds;

constexpr seconds kShortestPause{1};
constexpr seconds kFirstRetry{60};
constexpr seconds kLongestRetry{3600};
// A certificate that was replaced wants a new proof at once, and only its file tells.
constexpr seconds kLongestSleep{300};

struct Watched {
  const OcspTarget* target;
  WallTime next;
  seconds early{0};              // by chance
  std::optional<seconds> retry;  // set: the last try led to nothing
};

// Up to a tenth.
seconds by_chance(seconds wait, std::mt19937& chance) {
  std::uniform_int_distribution<long long> tenth(0, std::max<long long>(wait.count() / 10, 0));
  return seconds(tenth(chance));
}

// True: a signal has come.
bool sleep_or_signal(const sigset_t& signals, seconds wait) {
  const timespec limit{static_cast<time_t>(wait.count()), 0};
  return sigtimedwait(&signals, nullptr, &limit) > 0;
}

class Watch {
 public:
  Watch(const std::vector<OcspTarget>& targets, const Patience& patience, const TellRenewal& tell)
      : patience_(patience), tell_(tell), chance_(std::random_device()()) {
    for (const auto& target : targets) watched_.push_back({&target, wall_time(), {}, {}});
  }

  void visit_all() {
    for (auto& one : watched_) visit(one);
  }

  seconds until_next() const {
    seconds wait = kLongestSleep;
    for (const auto& one : watched_) wait = std::min(wait, seconds(one.next - wall_time()));
    return std::max(wait, kShortestPause);
  }

 private:
  // What is not due is looked at all the same: its certificate may be another one by now.
  void visit(Watched& one) {
    if (one.retry && one.next > wall_time()) return;
    Patience patience = patience_;
    patience.early = one.early;
    auto renewed = renew(*one.target, patience, wall_time());
    if (!renewed || renewed->what == Renewal::Replaced) tell_(renewed);
    if (renewed && renewed->due - one.early > wall_time())
      wait_until(one, renewed->due);
    else
      try_again(one);
  }

  void wait_until(Watched& one, WallTime due) {
    one.retry.reset();
    one.early = by_chance(due - wall_time(), chance_);
    one.next = due - one.early;
  }

  void try_again(Watched& one) {
    one.retry = one.retry ? std::min(*one.retry * 2, kLongestRetry) : kFirstRetry;
    one.next = wall_time() + *one.retry;
  }

  Patience patience_;
  const TellRenewal& tell_;
  std::mt19937 chance_;
  std::vector<Watched> watched_;
};

}  // namespace

void watch_proofs(const std::vector<OcspTarget>& targets, const Patience& patience,
                  const TellRenewal& tell) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  Watch watch(targets, patience, tell);
  do {
    watch.visit_all();
  } while (!sleep_or_signal(signals, watch.until_next()));
}

}  // namespace danesmtp::tool

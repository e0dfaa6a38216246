// SPDX-License-Identifier: GPL-2.0-or-later
#include "visitors.h"

#include <sys/eventfd.h>

#include <exception>
#include <utility>

#include "core/signals_blocked.h"

namespace danesmtp::tool {
namespace {

Finding found_by(const Visitors::Visit& visit, const Errand& errand) {
  try {
    return visit(errand);
  } catch (const std::exception& error) {  // out of memory
    return Error{ErrorKind::Internal, error.what()};
  }
}

}  // namespace

Visitors::Visitors(unsigned threads, const std::function<Visit()>& make)
    : back_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  const SignalsBlocked blocked;
  for (unsigned i = 0; i < threads; ++i)
    threads_.emplace_back([this, visit = make()] { work(visit); });
}

Visitors::~Visitors() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ended_ = true;
  }
  sent_.notify_all();
  for (auto& thread : threads_) thread.join();
}

bool Visitors::send(Errand errand) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (errands_.size() >= kMostErrands) return false;
  errands_.push_back(std::move(errand));
  sent_.notify_one();
  return true;
}

std::vector<Visited> Visitors::take() {
  eventfd_t count = 0;
  static_cast<void>(::eventfd_read(back_.get(), &count));
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(visited_, {});
}

std::optional<Errand> Visitors::next() {
  std::unique_lock<std::mutex> lock(mutex_);
  sent_.wait(lock, [this] { return ended_ || !errands_.empty(); });
  if (ended_) return std::nullopt;
  auto errand = std::move(errands_.front());
  errands_.pop_front();
  return errand;
}

void Visitors::come_back(Visited visited) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    visited_.push_back(std::move(visited));
  }
  static_cast<void>(::eventfd_write(back_.get(), 1));
}

void Visitors::work(const Visit& visit) {
  while (const auto errand = next()) come_back({errand->domain, found_by(visit, *errand)});
}

}  // namespace danesmtp::tool

// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/unbound_questions.h"

#include <poll.h>

#include <algorithm>

#include "core/format.h"
#include "core/signals_blocked.h"

namespace danesmtp {
namespace {

constexpr int kClassIn = 1;

}  // namespace

void UnboundQuestions::arrived(void* pending, int error, ub_result* result) {
  auto* question = static_cast<Pending*>(pending);
  const std::lock_guard<std::mutex> lock(question->questions.mutex_);
  question->result.reset(result);
  question->error = error;
  question->done = true;
  question->changed.notify_one();
}

int UnboundQuestions::start(const DnsQuestion& question, Pending& pending, int& id) {
  const SignalsBlocked blocked;
  // An absolute name for libunbound: no search list (D-057).
  return unbound_.resolve_async(context_.get(), question.name.empty() ? "." : question.name.c_str(),
                                static_cast<int>(question.type), kClassIn, &pending, &arrived, &id);
}

Result<UnboundResult> UnboundQuestions::ask(const DnsQuestion& question, Deadline deadline) {
  Lock lock(mutex_);
  const Place pending = pending_.emplace(pending_.end(), *this);
  lock.unlock();
  int id = 0;
  const int code = start(question, *pending, id);
  lock.lock();
  if (!code) {
    if (auto waited = wait(*pending, deadline, lock); !waited) {
      // Stays in the list: another thread may be about to write its answer.
      unbound_.cancel(context_.get(), id);
      return tl::unexpected(waited.error());
    }
  }
  auto result = std::move(pending->result);
  const int error = code ? code : pending->error;
  pending_.erase(pending);
  if (error || !result) return fail(ErrorKind::DnsFailure, unbound_.strerror(error));
  return result;
}

Result<void> UnboundQuestions::wait(Pending& pending, Deadline deadline, Lock& lock) {
  pending.waited_for = true;
  Result<void> waited;
  while (waited && !pending.done) {
    if (deadline.passed())
      waited = fail(ErrorKind::Timeout, "no answer in time");
    else if (somebody_reads_)
      pending.changed.wait_for(lock, std::chrono::milliseconds(deadline.left()));
    else
      waited = read(deadline, lock);
  }
  pending.waited_for = false;
  if (!somebody_reads_) let_another_read();
  return waited;
}

Result<void> UnboundQuestions::read(Deadline deadline, Lock& lock) {
  somebody_reads_ = true;
  lock.unlock();
  pollfd poller{unbound_.fd(context_.get()), POLLIN, 0};
  // Time-out or a signal: the deadline decides.
  const bool ready = ::poll(&poller, 1, deadline.left()) > 0;
  const int code = ready ? unbound_.process(context_.get()) : 0;
  lock.lock();
  somebody_reads_ = false;
  if (code)
    return fail(ErrorKind::Internal, format("libunbound: ub_process: {}", unbound_.strerror(code)));
  return {};
}

void UnboundQuestions::let_another_read() {
  const auto waiting = std::find_if(pending_.begin(), pending_.end(),
                                    [](const Pending& one) { return one.waited_for && !one.done; });
  if (waiting != pending_.end()) waiting->changed.notify_one();
}

}  // namespace danesmtp

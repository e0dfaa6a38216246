// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/unbound_questions.h"

#include <poll.h>

#include <algorithm>

#include "core/format.h"
#include "core/signals_blocked.h"

namespace danesmtp {
namespace {

constexpr int kClassIn = 1;
constexpr std::chrono::seconds kFresh{1};
constexpr int kMostExpected = 64;

}  // namespace

void UnboundQuestions::arrived(void* pending, int error, ub_result* result) {
  auto& question = *static_cast<Pending*>(pending);
  UnboundResult said(result, {&question.questions.unbound_});
  try {
    if (question.then && said) question.then(*said);
  } catch (...) {  // of no memory: what was to follow is asked in its turn
  }
  const std::lock_guard<std::mutex> lock(question.questions.mutex_);
  question.result = std::move(said);
  question.error = error;
  question.fresh = Deadline::in(kFresh);
  question.done = true;
  question.changed.notify_one();
}

std::size_t UnboundQuestions::count() {
  const Lock lock(mutex_);
  return pending_.size();
}

UnboundQuestions::Place UnboundQuestions::add(const DnsQuestion& question, Then then) {
  // Whoever reads may be about to write the answer to one of them.
  if (!somebody_reads_) pending_.remove_if([](const Pending& one) { return one.given_up; });
  return pending_.emplace(pending_.end(), *this, question, std::move(then));
}

int UnboundQuestions::start(Pending& pending) {
  const SignalsBlocked blocked;
  const auto& [name, type] = pending.question;
  // An absolute name for libunbound: no search list (D-057).
  return unbound_.resolve_async(context_.get(), name.empty() ? "." : name.c_str(),
                                static_cast<int>(type), kClassIn, &pending, &arrived, &pending.id);
}

UnboundQuestions::Place UnboundQuestions::find_expected(const DnsQuestion& question) {
  return std::find_if(pending_.begin(), pending_.end(), [&](const Pending& one) {
    return one.expected && one.question.type == question.type && one.question.name == question.name;
  });
}

bool UnboundQuestions::has_room() {
  const auto old = [](const Pending& one) { return one.expected && one.done; };
  const auto expected = [](const Pending& one) { return one.expected; };
  if (std::count_if(pending_.begin(), pending_.end(), expected) >= kMostExpected)
    pending_.remove_if(old);
  return std::count_if(pending_.begin(), pending_.end(), expected) < kMostExpected;
}

void UnboundQuestions::expect(const DnsQuestion& question, Then then) {
  Lock lock(mutex_);
  if (find_expected(question) != pending_.end() || !has_room()) return;
  const Place pending = add(question, std::move(then));
  lock.unlock();
  const int code = start(*pending);
  lock.lock();
  pending->expected = true;
  if (code) pending_.erase(pending);  // whoever asks is told
}

// The end of the list: nothing is under way. Of an answer that has waited libunbound's cache knows
// how much of its TTL is left.
UnboundQuestions::Place UnboundQuestions::take_expected(const DnsQuestion& question) {
  const Place pending = find_expected(question);
  if (pending == pending_.end()) return pending;
  pending->expected = false;
  if (!pending->done || !pending->fresh->passed()) return pending;
  pending_.erase(pending);
  return pending_.end();
}

Result<UnboundResult> UnboundQuestions::ask(const DnsQuestion& question, Deadline deadline) {
  Lock lock(mutex_);
  Place pending = take_expected(question);
  int code = 0;
  if (pending == pending_.end()) {
    pending = add(question, {});
    lock.unlock();
    code = start(*pending);
    lock.lock();
  }
  if (!code) {
    if (auto waited = wait(*pending, deadline, lock); !waited) {
      unbound_.cancel(context_.get(), pending->id);
      pending->given_up = true;
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

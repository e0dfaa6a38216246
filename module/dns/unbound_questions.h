// SPDX-License-Identifier: GPL-2.0-or-later
// Questions under way in one context of libunbound, which works in a thread of its own. Threads may
// share them: whoever waits while nobody reads takes in the answers, for all. What is sure to be
// asked can be under way before. What an answer means it must not know.
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <optional>

#include "core/deadline.h"
#include "dns/dns_message.h"
#include "dns/unbound_handles.h"
#include "dns/unbound_library.h"

namespace danesmtp {

class UnboundQuestions {
 public:
  // `context`: configured, and asynchronous.
  UnboundQuestions(const UnboundTable& unbound, UnboundContext context)
      : unbound_(unbound), context_(std::move(context)) {}
  UnboundQuestions(const UnboundQuestions&) = delete;
  UnboundQuestions& operator=(const UnboundQuestions&) = delete;

  // Never without a result. Timeout: none by the deadline. DnsFailure, Internal: libunbound's word.
  [[nodiscard]] Result<UnboundResult> ask(const DnsQuestion& question, Deadline deadline);

  // Called with the result, by whichever thread reads.
  using Then = std::function<void(const ub_result&)>;
  // The question will be asked: it is started, unless too many are. Its answer waits a second to be
  // asked for; `then`, if any, is called when there is one.
  void expect(const DnsQuestion& question, Then then);

  // Those under way, expected ones and those given up lately among them.
  [[nodiscard]] std::size_t count();

  // There is no thread in the context: its destructor would wait for one, or crash.
  void abandon() { static_cast<void>(context_.release()); }

 private:
  // The callback writes here, so it outlives a question given up.
  struct Pending {
    Pending(UnboundQuestions& owner, DnsQuestion asked, Then next)
        : questions(owner),
          question(std::move(asked)),
          then(std::move(next)),
          result(nullptr, {&owner.unbound_}) {}
    UnboundQuestions& questions;
    DnsQuestion question;
    Then then;
    int id = 0;
    bool expected = false;            // and not asked yet
    std::condition_variable changed;  // done, or nobody reads any more
    bool waited_for = false;
    bool done = false;
    bool given_up = false;
    int error = 0;
    std::optional<Deadline> fresh;  // when done: until then
    UnboundResult result;
  };
  using Place = std::list<Pending>::iterator;
  using Lock = std::unique_lock<std::mutex>;
  static void arrived(void* pending, int error, ub_result* result);

  [[nodiscard]] Place add(const DnsQuestion& question, Then then);
  [[nodiscard]] int start(Pending& pending);
  [[nodiscard]] Place find_expected(const DnsQuestion& question);
  [[nodiscard]] Place take_expected(const DnsQuestion& question);
  [[nodiscard]] bool has_room();
  [[nodiscard]] Result<void> wait(Pending& pending, Deadline deadline, Lock& lock);
  [[nodiscard]] Result<void> read(Deadline deadline, Lock& lock);
  void let_another_read();

  const UnboundTable& unbound_;
  std::mutex mutex_;            // of the two below
  std::list<Pending> pending_;  // before context_: deleting the context is what ends the callbacks
  bool somebody_reads_ = false;
  UnboundContext context_;
};

}  // namespace danesmtp

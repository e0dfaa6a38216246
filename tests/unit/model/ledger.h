// SPDX-License-Identifier: GPL-2.0-or-later
// One delivery as the table has it: the state of each recipient, what the servers really have, and
// what Exim was told. Whatever does not agree is a fault.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "server/recipient_result.h"
#include "unit/model/recipient_table.h"

namespace danesmtp::test {

// What a run, or a part of one that was killed, leaves of a recipient.
enum class Left : std::uint8_t { Queued, QueuedInDoubt, Journalled, Bounced, NotOfTheRun };
using Leavings = std::vector<Left>;

// Over all runs.
struct Seen {
  std::array<std::size_t, kRows.size()> rows{};  // how often each row of the table was used
  std::set<Leavings> left;                       // by runs, and by kills
  std::size_t kills = 0;                         // points at which a process could be killed
};

class Ledger {
 public:
  // `of_the_run`: which recipients.
  Ledger(const std::vector<bool>& of_the_run, Seen& seen);

  std::size_t size() const { return recipients_.size(); }
  State state(std::size_t recipient) const { return recipients_[recipient].state; }
  bool of_the_run(std::size_t recipient) const { return recipients_[recipient].of_the_run; }

  void happens(std::size_t recipient, Event event);
  // `mark`: of the reply that it follows from, which a log line may quote. Quoted: it has to.
  enum class Quote { May, Must };
  void reason(std::size_t recipient, const std::string& mark, Quote quote);

  // A server has the message for it: for certain, or it may.
  enum class Custody { Certain, Possible };
  void server_has(std::size_t recipient, Custody custody);

  // Exim's side.
  void journalled(std::size_t recipient);
  void told(std::size_t recipient, const RecipientVerdict& verdict);
  // Before anything that another process could see: here the delivery may be killed, and nobody may
  // be delivered without being on record. The journal is what comes first.
  void before_effect(bool is_journal);
  void ends();

  void fault(const std::string& what);
  const std::string& first_fault() const { return fault_; }
  std::string states() const;  // all that decides over the rest of the run

 private:
  struct Recipient {
    bool of_the_run = true;
    State state = State::Undecided;
    bool doubted = false;  // it was in doubt once
    bool server_has = false;
    bool server_may_have = false;
    std::string mark{};
    Quote quote = Quote::May;
    bool told = false;
    Status status = Status::Deferred;
  };
  State next(const Recipient& recipient, Event event);
  void check_text(const Recipient& recipient, const RecipientVerdict& verdict);
  Left left_by_kill(const Recipient& recipient);
  void fault_of(const Recipient& recipient, const std::string& what);

  std::vector<Recipient> recipients_;
  Seen& seen_;
  Leavings last_left_{};  // by a kill
  std::string fault_;
};

}  // namespace danesmtp::test

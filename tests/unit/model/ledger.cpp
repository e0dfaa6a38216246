// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit/model/ledger.h"

#include "core/format.h"

namespace danesmtp::test {
namespace {

bool fits(Status status, State state) {
  switch (status) {
    case Status::Delivered:
      return state == State::Journalled;
    case Status::Failed:
      return state == State::Refused;
    case Status::Deferred:
      break;
  }
  return state == State::Undecided || state == State::Deferred || state == State::InDoubt;
}

// "#1;" and the like.
std::vector<std::string> marks_in(const std::string& text) {
  std::vector<std::string> marks;
  for (auto at = text.find('#'); at != std::string::npos; at = text.find('#', at + 1)) {
    const auto end = text.find(';', at);
    if (end == std::string::npos) break;
    marks.push_back(text.substr(at, end - at + 1));
  }
  return marks;
}

Left left_by_end(State state, bool doubted) {
  if (state == State::Journalled) return Left::Journalled;
  if (state == State::Refused) return Left::Bounced;
  return doubted ? Left::QueuedInDoubt : Left::Queued;
}

}  // namespace

Ledger::Ledger(const std::vector<bool>& of_the_run, Seen& seen) : seen_(seen) {
  for (const bool one : of_the_run) {
    recipients_.emplace_back();
    recipients_.back().of_the_run = one;
  }
}

void Ledger::fault(const std::string& what) {
  if (fault_.empty()) fault_ = what;
}

void Ledger::fault_of(const Recipient& recipient, const std::string& what) {
  fault(format("recipient {} ({}): {}", &recipient - recipients_.data() + 1,
               name_of(recipient.state), what));
}

State Ledger::next(const Recipient& recipient, Event event) {
  const auto row = row_of(recipient.state, event);
  if (!recipient.of_the_run) fault_of(recipient, "not of this run");
  if (!row) fault_of(recipient, format("{}, which the table has not", name_of(event)));
  if (!row) return recipient.state;
  ++seen_.rows[*row];
  return kRows[*row].to;
}

void Ledger::happens(std::size_t recipient, Event event) {
  auto& one = recipients_[recipient];
  one.state = next(one, event);
  if (one.state == State::InDoubt) one.doubted = true;
  if (event == Event::HostTried) reason(recipient, "", Quote::May);
  if (event == Event::RcptSent) one.server_has = one.server_may_have = false;
}

void Ledger::reason(std::size_t recipient, const std::string& mark, Quote quote) {
  recipients_[recipient].mark = mark;
  recipients_[recipient].quote = quote;
}

void Ledger::server_has(std::size_t recipient, Custody custody) {
  auto& one = recipients_[recipient];
  if (one.state != State::Early && one.state != State::Sent)
    fault_of(one, "a server has a message that was not sent to it");
  if (one.server_has || one.server_may_have) fault_of(one, "a server has the message twice");
  (custody == Custody::Certain ? one.server_has : one.server_may_have) = true;
}

void Ledger::journalled(std::size_t recipient) {
  happens(recipient, Event::Journalled);
  const auto& one = recipients_[recipient];
  if (!one.server_has) fault_of(one, "on record, and no server has said 250 to its message");
}

void Ledger::told(std::size_t recipient, const RecipientVerdict& verdict) {
  auto& one = recipients_[recipient];
  if (!fits(verdict.status, one.state))
    fault_of(one, format("the outcome is {}: {}", static_cast<int>(verdict.status), verdict.text));
  check_text(one, verdict);
  one.told = true;
  one.status = verdict.status;
}

void Ledger::check_text(const Recipient& recipient, const RecipientVerdict& verdict) {
  bool quoted = recipient.mark.empty() || recipient.quote == Quote::May;
  for (const auto& mark : marks_in(verdict.text)) {
    const bool its_own = recipient.mark.find(mark) != std::string::npos;
    quoted = quoted || its_own;
    if (!its_own) fault_of(recipient, "the text of another reply: " + verdict.text);
  }
  if (!quoted) fault_of(recipient, "its reply is not quoted: " + verdict.text);
}

Left Ledger::left_by_kill(const Recipient& recipient) {
  if (!recipient.of_the_run) return Left::NotOfTheRun;
  const State after = next(recipient, Event::Killed);
  const bool somebodys = recipient.server_has || recipient.server_may_have;
  if (somebodys && after != State::InDoubt && after != State::Journalled && !recipient.doubted)
    fault_of(recipient, "killed: a server has the message, and it is sent again");
  return left_by_end(after, recipient.doubted || after == State::InDoubt);
}

void Ledger::before_effect(bool is_journal) {
  Leavings left;
  for (const auto& one : recipients_) {
    left.push_back(left_by_kill(one));
    if (one.of_the_run && one.state == State::Delivered && !is_journal)
      fault_of(one, "something was done before it was put on record");
  }
  ++seen_.kills;
  if (left != last_left_) seen_.left.insert(left);
  last_left_ = std::move(left);
}

void Ledger::ends() {
  Leavings left;
  for (const auto& one : recipients_) {
    if (one.of_the_run && !one.told) fault_of(one, "Exim was told nothing");
    if (one.of_the_run && one.told && !fits(one.status, one.state))
      fault_of(one, format("the last outcome is {}", static_cast<int>(one.status)));
    left.push_back(one.of_the_run ? left_by_end(one.state, one.doubted) : Left::NotOfTheRun);
  }
  seen_.left.insert(std::move(left));
}

std::string Ledger::states() const {
  std::string text;
  for (const auto& one : recipients_)
    text +=
        format("{}{}{}{}{} ", one.of_the_run ? "" : "-", name_of(one.state), one.doubted ? "?" : "",
               one.server_has ? "+" : "", one.server_may_have ? "~" : "");
  return text;
}

}  // namespace danesmtp::test

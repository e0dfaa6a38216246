// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit/model/reply_reader.h"

#include "core/format.h"

namespace danesmtp::test {
namespace {

using Quote = Ledger::Quote;

bool accepts(Kind kind, int code) {
  if (kind == Kind::Data) return code == 354;
  return code / 100 == 2 || (kind == Kind::End && code == 353);
}

bool refuses(int code) {
  return code >= 400;
}

}  // namespace

void ReplyReader::sent(const Command& command) {
  if (over_ && command.kind != Kind::Quit)
    ledger_->fault(format("command {} after the end", static_cast<int>(command.kind)));
  if (command.kind == Kind::Mail) one_decided_ = false;
  if (command.kind == Kind::Rcpt) ledger_->happens(command.recipient, Event::RcptSent);
}

void ReplyReader::message_sent() {
  if (over_) return;
  for (std::size_t i = 0; i < ledger_->size(); ++i)
    if (ledger_->state(i) == State::Asked || ledger_->state(i) == State::Accepted)
      ledger_->happens(i, Event::MessageSent);
}

void ReplyReader::answered(const Command& command, const Reply& reply) {
  if (over_) return;
  if (lost_by(command, reply)) return lost(command, reply);
  switch (command.kind) {
    case Kind::Greeting:
    case Kind::Ehlo:
    case Kind::Reset:
      if (refuses(reply.code)) lost(command, reply);
      break;
    case Kind::Mail:
      if (refuses(reply.code)) refuse_message(reply);
      break;
    case Kind::Rcpt:
      answered_rcpt(command.recipient, reply);
      break;
    case Kind::Data:
      if (refuses(reply.code) && any(State::Accepted)) refuse_message(reply);
      break;
    case Kind::End:
      answered_end(reply);
      break;
    case Kind::Own:
      own_.emplace_back(command.recipient, reply);
      break;
    case Kind::Overall:
      answered_overall(reply);
      break;
    case Kind::Quit:
      over_ = true;
  }
}

// The two sides no longer agree, or one of them is gone.
bool ReplyReader::lost_by(const Command& command, const Reply& reply) const {
  if (reply.say == Say::Leaving || reply.say == Say::Garbage) return true;
  if (command.kind == Kind::End && !any(State::Sent)) return false;  // of a message to nobody
  if (reply.say == Say::Contradiction)
    return command.kind != Kind::Rcpt && command.kind != Kind::Own && command.kind != Kind::Overall;
  return !refuses(reply.code) && !accepts(command.kind, reply.code);
}

void ReplyReader::lost(const Command& command, const Reply& reply) {
  over_ = true;
  for (std::size_t i = 0; i < ledger_->size(); ++i) {
    const State state = ledger_->state(i);
    const bool not_taken =
        state == State::Sent && command.kind == Kind::End && reply.say == Say::Leaving;
    if (waits_for_a_reply(state))
      to_one(i, not_taken ? Event::ServerLeaves : Event::ConnectionLost, reply.mark, Quote::May);
    else if (state == State::Undecided)
      ledger_->reason(i, reply.mark, Quote::May);
  }
}

void ReplyReader::connection_ended() {
  if (!ended_ && !over_) lost({}, {});
  ended_ = over_ = true;
}

void ReplyReader::answered_rcpt(std::size_t recipient, const Reply& reply) {
  if (reply.code == 452 && one_decided_) return ledger_->happens(recipient, Event::RcptTooMany);
  if (reply.code / 100 != 4) one_decided_ = true;
  const Event event = reply.code / 100 == 2   ? Event::RcptYes
                      : reply.code / 100 == 4 ? Event::RcptNotNow
                                              : Event::RcptNever;
  to_one(recipient, event, reply.mark, Quote::Must);
}

void ReplyReader::answered_end(const Reply& reply) {
  own_.clear();
  if (reply.code == 353) return;
  if (refuses(reply.code) && any(State::Sent)) return refuse_message(reply);
  if (!refuses(reply.code)) to_all(State::Sent, Event::MessageYes, reply, Quote::Must);
}

// Until this one is there nothing counts.
void ReplyReader::answered_overall(const Reply& reply) {
  if (reply.say == Say::Contradiction) {
    take_own("");
    return lost({Kind::Overall, 0}, reply);
  }
  if (!refuses(reply.code)) return take_own(reply.mark);
  take_own("");
  if (any(State::Sent)) refuse_message(reply);
}

// `overall`: the mark of the reply that makes all of it count; empty: the message was not taken.
void ReplyReader::take_own(const std::string& overall) {
  for (const auto& [recipient, reply] : own_) {
    if (!refuses(reply.code) && overall.empty()) continue;
    const Event event = !refuses(reply.code)    ? Event::MessageYes
                        : reply.code / 100 == 4 ? Event::OwnNotNow
                                                : Event::OwnNever;
    to_one(recipient, event, reply.mark + overall, Quote::Must);
  }
}

void ReplyReader::refuse_message(const Reply& reply) {
  over_ = true;
  const Event event = reply.code / 100 == 4 ? Event::MessageNotNow : Event::MessageNever;
  for (const State state :
       {State::Undecided, State::Asked, State::Early, State::Accepted, State::Sent})
    to_all(state, event, reply, Quote::Must);
}

void ReplyReader::to_all(State state, Event event, const Reply& reply, Quote quote) {
  for (std::size_t i = 0; i < ledger_->size(); ++i)
    if (ledger_->of_the_run(i) && ledger_->state(i) == state) to_one(i, event, reply.mark, quote);
}

void ReplyReader::to_one(std::size_t recipient, Event event, const std::string& mark, Quote quote) {
  ledger_->happens(recipient, event);
  ledger_->reason(recipient, mark, quote);
}

bool ReplyReader::any(State state) const {
  for (std::size_t i = 0; i < ledger_->size(); ++i)
    if (ledger_->state(i) == state) return true;
  return false;
}

std::string ReplyReader::state() const {
  return format("{}{}{}", one_decided_, over_, ended_);
}

}  // namespace danesmtp::test

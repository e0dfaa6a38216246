// SPDX-License-Identifier: GPL-2.0-or-later
// What may become of one recipient: a table of what we know of it, and of what can happen to it. It
// is what a delivery is measured by (doc/decisions/0041); nothing of module/ uses it. What it has
// no row for must not happen.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace danesmtp::test {

enum class State {
  Undecided,   // nobody has said anything of it on this host
  Asked,       // RCPT was sent
  Early,       // ... and the message behind it (BDAT), before any reply
  Accepted,    // the server took it at RCPT
  Sent,        // ... and the message was sent to its last octet
  Delivered,   // the server took the message: Exim does not know yet
  Journalled,  // it is on record
  Deferred,    // refused for now, or the connection broke: the server has no message for it
  InDoubt,     // the message was sent, and who has it nobody said: it may arrive twice
  Refused,     // for good
};
constexpr std::size_t kStates = 10;

enum class Event {
  HostTried,  // a host is tried for it
  RcptSent,
  MessageSent,  // to its last octet, in a transaction that it was asked in
  RcptYes,
  RcptNotNow,      // 4xx, or a reply that contradicts itself
  RcptNever,       // 5xx
  RcptTooMany,     // 452 after others were answered: its turn comes in another transaction
  MessageNotNow,   // 4xx to MAIL, DATA or the end of data
  MessageNever,    // 5xx to one of them
  MessageYes,      // 2xx to the end of data, after its own 2xx where it has one (PRDR)
  OwnNotNow,       // its own 4xx to the end of data, after all replies are there
  OwnNever,        // its own 5xx
  ServerLeaves,    // 421 to the end of data: the message was not taken
  ConnectionLost,  // closed, silent, or not understood
  Journalled,      // Exim's journal was written
  Killed,          // the process is gone, and a new one knows what is on record
};
constexpr std::size_t kEvents = 16;

struct Row {
  State from;
  Event event;
  State to;
};

constexpr std::array kRows{
    Row{State::Undecided, Event::HostTried, State::Undecided},
    Row{State::Deferred, Event::HostTried, State::Undecided},
    Row{State::InDoubt, Event::HostTried, State::Undecided},

    Row{State::Undecided, Event::RcptSent, State::Asked},
    Row{State::Asked, Event::MessageSent, State::Early},
    Row{State::Accepted, Event::MessageSent, State::Sent},

    Row{State::Asked, Event::RcptYes, State::Accepted},
    Row{State::Early, Event::RcptYes, State::Sent},
    Row{State::Asked, Event::RcptNotNow, State::Deferred},
    Row{State::Early, Event::RcptNotNow, State::Deferred},
    Row{State::Asked, Event::RcptNever, State::Refused},
    Row{State::Early, Event::RcptNever, State::Refused},
    Row{State::Asked, Event::RcptTooMany, State::Undecided},
    Row{State::Early, Event::RcptTooMany, State::Undecided},

    // A word on the message is for all that are undecided on the host. Before MAIL is accepted
    // there is no transaction, whatever was sent behind it.
    Row{State::Undecided, Event::MessageNotNow, State::Deferred},
    Row{State::Asked, Event::MessageNotNow, State::Deferred},
    Row{State::Early, Event::MessageNotNow, State::Deferred},
    Row{State::Accepted, Event::MessageNotNow, State::Deferred},
    Row{State::Sent, Event::MessageNotNow, State::Deferred},
    Row{State::Undecided, Event::MessageNever, State::Refused},
    Row{State::Asked, Event::MessageNever, State::Refused},
    Row{State::Early, Event::MessageNever, State::Refused},
    Row{State::Accepted, Event::MessageNever, State::Refused},
    Row{State::Sent, Event::MessageNever, State::Refused},

    Row{State::Sent, Event::MessageYes, State::Delivered},
    Row{State::Sent, Event::OwnNotNow, State::Deferred},
    Row{State::Sent, Event::OwnNever, State::Refused},
    Row{State::Sent, Event::ServerLeaves, State::Deferred},

    Row{State::Asked, Event::ConnectionLost, State::Deferred},
    Row{State::Accepted, Event::ConnectionLost, State::Deferred},
    Row{State::Early, Event::ConnectionLost, State::InDoubt},
    Row{State::Sent, Event::ConnectionLost, State::InDoubt},

    Row{State::Delivered, Event::Journalled, State::Journalled},

    // The window of a delivery that happens twice: from the last octet to the journal.
    Row{State::Undecided, Event::Killed, State::Deferred},
    Row{State::Asked, Event::Killed, State::Deferred},
    Row{State::Early, Event::Killed, State::InDoubt},
    Row{State::Accepted, Event::Killed, State::Deferred},
    Row{State::Sent, Event::Killed, State::InDoubt},
    Row{State::Delivered, Event::Killed, State::InDoubt},
    Row{State::Journalled, Event::Killed, State::Journalled},
    Row{State::Deferred, Event::Killed, State::Deferred},
    Row{State::InDoubt, Event::Killed, State::InDoubt},
    Row{State::Refused, Event::Killed, State::Deferred},
};

constexpr std::optional<std::size_t> row_of(State state, Event event) {
  for (std::size_t i = 0; i < kRows.size(); ++i)
    if (kRows[i].from == state && kRows[i].event == event) return i;
  return std::nullopt;
}

// Nothing is said of it, or of the message to it, that is still to be answered.
constexpr bool waits_for_a_reply(State state) {
  return state == State::Asked || state == State::Early || state == State::Accepted ||
         state == State::Sent;
}

constexpr std::string_view name_of(State state) {
  constexpr std::array<std::string_view, kStates> kNames{
      "undecided", "asked",      "early",    "accepted", "sent",
      "delivered", "journalled", "deferred", "in doubt", "refused"};
  return kNames[static_cast<std::size_t>(state)];
}

constexpr std::string_view name_of(Event event) {
  constexpr std::array<std::string_view, kEvents> kNames{
      "host tried",     "RCPT sent",       "message sent",    "RCPT: yes",
      "RCPT: not now",  "RCPT: never",     "RCPT: too many",  "message: not now",
      "message: never", "message: yes",    "own: not now",    "own: never",
      "server leaves",  "connection lost", "journal written", "killed"};
  return kNames[static_cast<std::size_t>(event)];
}

}  // namespace danesmtp::test

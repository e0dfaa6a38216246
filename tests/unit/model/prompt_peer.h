// SPDX-License-Identifier: GPL-2.0-or-later
// An SMTP server without a thread: it answers at once whenever the client would wait for it, and
// what it answers is chosen. It knows which message it really has, and for whom.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "net/unique_fd.h"
#include "unit/model/choices.h"
#include "unit/model/ledger.h"
#include "unit/model/reply_reader.h"
#include "unit/model/wire_words.h"

namespace danesmtp::test {

// What all servers of a scenario are like.
struct Servers {
  std::string extensions{};  // lines of the reply to EHLO
  std::string dotted{};      // the message as it must arrive
  std::string plain{};       // ... by BDAT
  // Whether there may be a reply too many before the message is there. Where the message goes out
  // with its envelope that would be a lie that nobody can see through.
  bool more_replies = true;
};

// A run, as its servers see it.
struct Play {
  Choices& choices;
  Servers servers{};
  Ledger* ledger = nullptr;
  std::string place{};     // how far the delivery has come
  std::string dialogue{};  // of all connections, to show
  unsigned marks = 0;
};

class PromptPeer {
 public:
  enum class Begin { AtGreeting, AtMail };
  PromptPeer(UniqueFd socket, Play& play, Begin begin);

  void goes_on_for(Ledger& ledger) { reader_.goes_on_for(ledger); }
  // Hears what there is to hear and answers it.
  void step();
  // The client does other things: it has found out if we hung up.
  void left_alone();
  // The client has received so many more octets.
  void received(std::size_t octets);

 private:
  bool hear();
  bool take_line();
  bool take_message();
  void command(const std::string& line);
  void ask(const Command& command);
  void unanswered(const Command& command);
  Say choose(Kind kind);
  bool may_say(Kind kind, Say say) const;
  void say(const Command& command, Say what);
  void say_code(Say what, int code, const std::string& text);
  void put(const std::string& octets);
  void hang_up(Say what);
  void understood(const Command& command, Say what);
  void understood_rcpt(std::size_t recipient, Say what);
  void end_of_message(const std::string& message, const std::string& expected);
  void message_answered(Say what);
  void answer_each();
  void has_message(const std::vector<std::size_t>& recipients, Ledger::Custody custody);
  void tell_reader();

  enum class Awaits { Command, Dotted, Chunk };
  enum class Answers { Chosen, Yes, None };
  struct Input {
    std::string octets{};
    Awaits awaits = Awaits::Command;
    std::size_t chunk = 0;
  };
  struct Mind {            // what the server itself thinks of the transaction
    bool open = false;     // RSET, or the end of data, ends it
    bool refused = false;  // MAIL was
    bool prdr = false;
    bool one_more = false;  // a reply too many: nobody knows any more what answers what
    std::vector<std::size_t> accepted{};
    std::vector<std::size_t> perhaps{};  // what it thinks it did not say
  };
  struct Unread {  // by the client
    std::deque<Command> commands{};
    std::deque<Reply> replies{};
    std::size_t said = 0;  // octets
    std::size_t received = 0;
  };

  UniqueFd socket_;
  Play& play_;
  ReplyReader reader_;
  Input input_;
  Answers answers_ = Answers::Chosen;
  Mind mind_;
  Unread unread_;
  unsigned transactions_ = 0;
};

}  // namespace danesmtp::test

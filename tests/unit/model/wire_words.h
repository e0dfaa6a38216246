// SPDX-License-Identifier: GPL-2.0-or-later
// What a server can answer to a command, decent and otherwise.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>

namespace danesmtp::test {

enum class Kind { Greeting, Ehlo, Reset, Mail, Rcpt, Data, End, Own, Overall, Quit };

enum class Say {
  Yes,
  NotNow,         // 4xx
  Never,          // 5xx
  TooMany,        // 452
  Each,           // 353: a reply for each recipient follows (PRDR)
  Leaving,        // 421, and it hangs up
  Garbage,        // no reply
  Contradiction,  // 250 and 550 in one reply
  WrongKind,      // 354 where 2xx is meant, and the other way round
  Mute,           // nothing from here on
  Gone,           // it hangs up
  HalfLine,       // ... in the middle of a line
  FirstLine,      // ... after the first line of several
  YesThenGone,
  YesThenEof,  // it says no more, and hears what comes
  YesAndMore,  // and one more yes that nobody has asked for
};

struct Command {
  Kind kind = Kind::Quit;
  std::size_t recipient = 0;  // of Rcpt and Own
};

struct Reply {
  Say say = Say::Yes;
  int code = 250;
  std::string mark{};   // is in its text, and in no other's
  std::size_t end = 0;  // octets that the client must have received for it
};

// What may be answered to each, Yes first: after a Yes the dialogue goes on.
inline std::span<const Say> answers_to(Kind kind) {
  using enum Say;
  static constexpr std::array kOpening{Yes, NotNow, Leaving, Garbage, Mute, Gone, YesThenGone};
  static constexpr std::array kCommand{Yes,           NotNow,      Never,      Leaving,   Garbage,
                                       Contradiction, WrongKind,   Mute,       Gone,      HalfLine,
                                       FirstLine,     YesThenGone, YesThenEof, YesAndMore};
  static constexpr std::array kRcpt{Yes,      NotNow,        Never,       TooMany,    Leaving,
                                    Garbage,  Contradiction, WrongKind,   Mute,       Gone,
                                    HalfLine, FirstLine,     YesThenGone, YesThenEof, YesAndMore};
  static constexpr std::array kEnd{Yes,           NotNow,      Never,      Leaving,    Garbage,
                                   Contradiction, WrongKind,   Mute,       Gone,       HalfLine,
                                   FirstLine,     YesThenGone, YesThenEof, YesAndMore, Each};
  static constexpr std::array kOwn{Yes,       NotNow, Never, Leaving,  Garbage,  Contradiction,
                                   WrongKind, Mute,   Gone,  HalfLine, FirstLine};
  static constexpr std::array kQuit{Yes};
  switch (kind) {
    case Kind::Greeting:
    case Kind::Ehlo:
      return kOpening;
    case Kind::Reset:
    case Kind::Mail:
    case Kind::Data:
      return kCommand;
    case Kind::Rcpt:
      return kRcpt;
    case Kind::End:
      return kEnd;
    case Kind::Own:
    case Kind::Overall:
      return kOwn;
    case Kind::Quit:
      break;
  }
  return kQuit;
}

constexpr bool is_yes(Say say) {
  return say == Say::Yes || say == Say::YesThenGone || say == Say::YesThenEof ||
         say == Say::YesAndMore;
}

}  // namespace danesmtp::test

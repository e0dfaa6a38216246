// SPDX-License-Identifier: GPL-2.0-or-later
// The product's own delivery (route/, smtp/, outcome/) under every interleaving of what its servers
// can say and leave unsaid, each run compared with the table. doc/decisions/0041 has the argument.
#pragma once

#include <cstddef>
#include <string>

#include "unit/model/choices.h"
#include "unit/model/ledger.h"

namespace danesmtp::test {

enum class Form { Data, SmallChunk, LargeChunk };
enum class LeftOpen { None, OfNoPolicy, OfPolicy };  // a connection, by an earlier message

struct Scenario {
  std::size_t recipients = 3;
  std::size_t hosts = 2;
  bool pipelining = false;
  Form form = Form::Data;
  bool prdr = false;
  int most_recipients = 0;  // in a transaction; 0: no limit
  int most_messages = 0;    // on a connection; likewise
  LeftOpen left_open = LeftOpen::None;
};

std::string to_text(const Scenario& scenario);

struct Walk {
  std::size_t runs = 0;
  std::size_t states = 0;     // at which runs meet
  std::size_t met_again = 0;  // runs that came to one of them later
  std::size_t ledgers = 0;    // of any number of runs, one after the other
  Seen seen{};
  std::string fault{};  // the first one, with its dialogue; empty: none

  Walk& operator+=(const Walk& other);
};

// Every delivery to every set of recipients that an earlier one can have left.
Walk walk(const Scenario& scenario);

}  // namespace danesmtp::test

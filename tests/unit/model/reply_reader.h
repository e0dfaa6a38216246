// SPDX-License-Identifier: GPL-2.0-or-later
// What the replies of one connection mean for its recipients, as the client can know it: the n-th
// reply answers the n-th command (RFC 2920 3.1). RFC 5321 3.3, 3.8, 4.2.1, 4.5.3.1.10,
// draft-hall-prdr.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "unit/model/ledger.h"
#include "unit/model/wire_words.h"

namespace danesmtp::test {

class ReplyReader {
 public:
  explicit ReplyReader(Ledger& ledger) : ledger_(&ledger) {}

  // Another message goes over the same connection.
  void goes_on_for(Ledger& ledger) { ledger_ = &ledger; }

  void sent(const Command& command);
  void message_sent();
  void answered(const Command& command, const Reply& reply);
  // By one side or the other; what was not answered never will be.
  void connection_ended();

  std::string state() const;  // all that decides over the rest of the connection

 private:
  bool lost_by(const Command& command, const Reply& reply) const;
  void lost(const Command& command, const Reply& reply);
  void answered_mail(const Reply& reply);
  void answered_rcpt(std::size_t recipient, const Reply& reply);
  void answered_end(const Reply& reply);
  void answered_overall(const Reply& reply);
  void take_own(const std::string& overall);
  void refuse_message(const Reply& reply);
  void to_all(State state, Event event, const Reply& reply, Ledger::Quote quote);
  void to_one(std::size_t recipient, Event event, const std::string& mark, Ledger::Quote quote);
  bool any(State state) const;

  Ledger* ledger_;
  bool one_decided_ = false;  // in this transaction
  bool over_ = false;         // nothing but QUIT is to follow
  bool ended_ = false;
  std::vector<std::pair<std::size_t, Reply>> own_;
};

}  // namespace danesmtp::test

// SPDX-License-Identifier: GPL-2.0-or-later
// Who has been promised a message, by what a server heard and said, and by nothing else: commands
// and replies are put side by side in their order (RFC 5321 4.1.1, RFC 2920 3.1, RFC 3030 2,
// draft-hall-prdr). It shares no code with the client.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/fuzz_support.h"

namespace danesmtp::fuzz {

class SpokenDialogue {
 public:
  enum class Begins { ByGreeting, ByCommand };

  SpokenDialogue(std::string_view heard, std::string_view said, Begins begins)
      : heard_(heard), said_(said) {
    if (begins == Begins::ByGreeting) reply();
    while (!heard_.empty() && !ended_) take_command();
  }

  // Addresses for whom the server has said 2xx to RCPT and to the end of the message.
  const std::set<std::string, std::less<>>& promised() const { return promised_; }

 private:
  static constexpr int kNone = 0;

  // The first digit of the next reply; kNone: there is none, or its lines differ in it.
  int reply() {
    int first = kNone;
    for (;;) {
      const auto end = said_.find('\n');
      if (end == std::string_view::npos) return gone();
      const auto line = said_.substr(0, end);
      said_.remove_prefix(end + 1);
      if (line.size() < 3 || line[0] < '2' || line[0] > '5') return gone();
      const int digit = line[0] - '0';
      if (first != kNone && digit != first) mixed_ = true;
      first = digit;
      if (line.size() > 3 && line[3] == '-') continue;
      return std::exchange(mixed_, false) ? kNone : first;
    }
  }

  int gone() {
    ended_ = true;
    return kNone;
  }

  std::string_view line() {
    const auto end = heard_.find("\r\n");
    if (end == std::string_view::npos) {
      ended_ = true;
      return {};
    }
    const auto text = heard_.substr(0, end);
    heard_.remove_prefix(end + 2);
    return text;
  }

  void take_command() {
    const auto command = line();
    if (ended_) return;
    if (command.starts_with("BDAT ")) return take_chunk(command);
    const int answer = reply();
    if (command.starts_with("MAIL ")) begin(command);
    if (command.starts_with("RCPT TO:<") && answer == 2)
      accepted_.emplace_back(command.substr(9, command.find('>') - 9));
    if (command == "DATA" && answer == 3) take_data();
  }

  void begin(std::string_view command) {
    accepted_.clear();
    prdr_ = command.find(" PRDR") != std::string_view::npos;
  }

  void take_data() {
    const auto end = heard_.starts_with(".\r\n") ? 0 : heard_.find("\r\n.\r\n");
    if (end == std::string_view::npos) return static_cast<void>(gone());
    heard_.remove_prefix(end + (end == 0 ? 3 : 5));
    take_final_reply();
  }

  // All of the message in one chunk, as this client sends it.
  void take_chunk(std::string_view command) {
    const auto size = static_cast<std::size_t>(std::stoul(std::string(command.substr(5))));
    if (heard_.size() < size) return static_cast<void>(gone());
    heard_.remove_prefix(size);
    take_final_reply();
  }

  void take_final_reply() {
    const int answer = reply();
    if (answer == 2) promised_.insert(accepted_.begin(), accepted_.end());
    if (answer == 3 && prdr_) take_replies_of_recipients();
  }

  void take_replies_of_recipients() {
    std::vector<std::string> each;
    for (const auto& recipient : accepted_)
      if (reply() == 2) each.push_back(recipient);
    if (reply() == 2) promised_.insert(each.begin(), each.end());
  }

  std::string_view heard_, said_;
  bool ended_ = false;
  bool mixed_ = false;
  bool prdr_ = false;
  std::vector<std::string> accepted_;
  std::set<std::string, std::less<>> promised_;
};

}  // namespace danesmtp::fuzz

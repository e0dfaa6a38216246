// SPDX-License-Identifier: GPL-2.0-or-later
// Where the core's words go. In Exim: its logs and its debug output; in the tool: the terminal.
// Which lines there are, and their text, is for whoever writes them.
#pragma once

#include <string_view>

namespace danesmtp {

class Log {
 public:
  virtual ~Log() = default;
  Log() = default;
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // One line for the administrator (Exim's main log).
  virtual void note(std::string_view line) = 0;

  // Debug output; ask debugging() before building an expensive line.
  virtual bool debugging() const = 0;
  virtual void debug(std::string_view line) = 0;

  // A line of the dialogue with a server, which Exim shows under -v too.
  virtual void dialogue(std::string_view line) {
    if (debugging()) debug(line);
  }
};

}  // namespace danesmtp

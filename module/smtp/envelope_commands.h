// SPDX-License-Identifier: GPL-2.0-or-later
// The commands of one message in their order, by place: MAIL, RCPT for each recipient, and DATA
// unless the message goes by BDAT. RFC 5321 3.3, RFC 3030 2. Which recipients and parameters there
// are is the caller's decision.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/result.h"
#include "smtp/transaction.h"

namespace danesmtp {

struct EnvelopeCommands {
  std::vector<std::string> lines{};  // without CRLF
  std::vector<std::string> names{};  // of the RCPTs, as a log line has them: without parameters
  std::string data{};                // DATA, or the BDAT that the message follows

  // The place of DATA, also when it is a BDAT that is not among the lines.
  std::size_t data_place() const { return names.size() + 1; }
  SmtpStage stage(std::size_t place) const;
  // How a log line names the command.
  const std::string& name(std::size_t place) const;
  // These of the lines, from `first` to before `end`.
  std::vector<std::string> group(std::size_t first, std::size_t end) const;
};

// BadInput when something in the envelope cannot be put into a command.
[[nodiscard]] Result<EnvelopeCommands> envelope_commands(const Envelope& envelope,
                                                         const MessageData& message);

}  // namespace danesmtp

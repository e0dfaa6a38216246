// SPDX-License-Identifier: GPL-2.0-or-later
#include "smtp/envelope_commands.h"

#include "core/format.h"

namespace danesmtp {

SmtpStage EnvelopeCommands::stage(std::size_t place) const {
  if (place == 0) return SmtpStage::Mail;
  return place == data_place() ? SmtpStage::Data : SmtpStage::Rcpt;
}

const std::string& EnvelopeCommands::name(std::size_t place) const {
  return stage(place) == SmtpStage::Rcpt ? names[place - 1] : lines[place];
}

std::vector<std::string> EnvelopeCommands::group(std::size_t first, std::size_t end) const {
  const auto at = [&](std::size_t place) {
    return lines.begin() + static_cast<std::ptrdiff_t>(place);
  };
  return {at(first), at(end)};
}

Result<EnvelopeCommands> envelope_commands(const Envelope& envelope, const MessageData& message) {
  EnvelopeCommands commands;
  auto mail = mail_command(envelope.mail);
  if (!mail) return tl::unexpected(mail.error());
  commands.lines.push_back(*mail);
  for (const auto& recipient : envelope.recipients) {
    auto rcpt = rcpt_command(recipient);
    if (!rcpt) return tl::unexpected(rcpt.error());
    commands.names.push_back(format("RCPT TO:<{}>", recipient.recipient));
    commands.lines.push_back(*rcpt);
  }
  const bool chunked = message.form == MessageForm::Plain;
  commands.data = chunked ? last_chunk_command(message.size()) : "DATA";
  if (!chunked) commands.lines.push_back(commands.data);
  return commands;
}

}  // namespace danesmtp

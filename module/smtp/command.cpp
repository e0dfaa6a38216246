// SPDX-License-Identifier: GPL-2.0-or-later
// Formatting of commands and the checks that keep an argument inside its place; see the header.
#include "smtp/command.h"

#include <algorithm>

#include "core/bytes.h"
#include "core/format.h"

namespace danesmtp {
namespace {

bool is_control(char c) {
  return (c >= 0 && c < ' ') || c == '\x7f';
}

// A value without spaces: it ends where the next parameter begins (RFC 5321 4.1.2, esmtp-value).
bool is_word(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return is_control(c) || c == ' '; });
}

// What may stand between '<' and '>': spaces and angle brackets only inside a quoted string.
bool is_path(std::string_view address) {
  bool quoted = false;
  for (std::size_t i = 0; i < address.size(); ++i) {
    char c = address[i];
    if (is_control(c)) return false;
    if (c == '"') quoted = !quoted;
    if (!quoted && (c == ' ' || c == '<' || c == '>')) return false;
    if (c != '\\') continue;
    // RFC 5321 4.1.2: a backslash is for quoting one printable character, in a quoted string.
    if (!quoted || ++i == address.size() || is_control(address[i])) return false;
  }
  return !quoted;
}

tl::unexpected<Error> unfit(std::string_view what, std::string_view value) {
  return fail(ErrorKind::BadInput, format("{} cannot be sent: \"{}\"", what, printable(value)));
}

}  // namespace

Result<std::string> hello_command(std::string_view verb, std::string_view name) {
  if (name.empty() || !is_word(name)) return unfit("the EHLO name", name);
  return format("{} {}", verb, name);
}

Result<std::string> mail_command(const MailArguments& arguments) {
  if (!is_path(arguments.sender)) return unfit("the sender", arguments.sender);
  if (arguments.auth && (arguments.auth->empty() || !is_word(*arguments.auth)))
    return unfit("AUTH=", *arguments.auth);
  if (!is_word(arguments.ret)) return unfit("RET", arguments.ret);
  if (!is_word(arguments.envid)) return unfit("ENVID", arguments.envid);
  std::string command = format("MAIL FROM:<{}>", arguments.sender);
  if (arguments.size) command += format(" SIZE={}", *arguments.size);
  if (arguments.prdr == PerRecipientReplies::Yes) command += " PRDR";
  if (arguments.smtputf8 == SmtpUtf8::Yes) command += " SMTPUTF8";
  // D-190: no value
  if (arguments.requiretls == RequireTlsParameter::Yes) command += " REQUIRETLS";
  if (!arguments.ret.empty()) command += " RET=" + arguments.ret;
  if (!arguments.envid.empty()) command += " ENVID=" + arguments.envid;
  if (arguments.auth) command += " AUTH=" + *arguments.auth;
  return command;
}

Result<std::string> rcpt_command(const RcptArguments& arguments) {
  if (arguments.recipient.empty() || !is_path(arguments.recipient))
    return unfit("the recipient", arguments.recipient);
  if (!is_word(arguments.notify)) return unfit("NOTIFY", arguments.notify);
  if (!is_word(arguments.orcpt)) return unfit("ORCPT", arguments.orcpt);
  std::string command = format("RCPT TO:<{}>", arguments.recipient);
  if (!arguments.notify.empty()) command += " NOTIFY=" + arguments.notify;
  if (!arguments.orcpt.empty()) command += " ORCPT=" + arguments.orcpt;
  return command;
}

// RFC 3030 2: the number is that of the octets on the wire; no dot is doubled, none ends it.
std::string last_chunk_command(std::uint64_t octets) {
  return format("BDAT {} LAST", octets);
}

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// The text of SMTP commands, without CRLF. RFC 5321 4.1.1, SIZE RFC 1870, SMTPUTF8 6531,
// AUTH 4954 5, REQUIRETLS 8689 2, RET, ENVID, NOTIFY and ORCPT 3461 4, BDAT 3030 2, PRDR
// draft-hall-prdr. Parameters come in the order in which Exim's own driver sends them. Pure. No
// argument can add a parameter or a second command: what would is refused with BadInput. Which
// parameters the server understands is the caller's matter.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace danesmtp {

enum class SmtpUtf8 { No, Yes };
// The message is passed on only where all of RFC 8689 holds.
enum class RequireTlsParameter { No, Yes };
// Each recipient gets a reply of its own to the end of data.
enum class PerRecipientReplies { No, Yes };

// How the lines of a message stand on the wire; each ends with CRLF.
enum class MessageForm {
  Dotted,  // for DATA: leading dots are doubled, the last line is the single dot
  Plain,   // for BDAT: nothing doubled, nothing added
};

struct MailArguments {
  std::string sender{};                 // without angle brackets; empty: the null sender
  std::optional<std::uint64_t> size{};  // octets
  PerRecipientReplies prdr = PerRecipientReplies::No;
  SmtpUtf8 smtputf8 = SmtpUtf8::No;
  RequireTlsParameter requiretls = RequireTlsParameter::No;
  std::string ret{};                  // "FULL" or "HDRS"; empty: left out
  std::string envid{};                // xtext; empty: left out
  std::optional<std::string> auth{};  // xtext, or "<>"; none: left out
};

struct RcptArguments {
  std::string recipient{};  // without angle brackets
  std::string notify{};     // "NEVER" or a list as "SUCCESS,FAILURE"; empty: left out
  std::string orcpt{};      // "rfc822;xtext"; empty: left out
};

// "EHLO name" or "HELO name": `verb` is one of the two. `name` is a domain or an address literal.
[[nodiscard]] Result<std::string> hello_command(std::string_view verb, std::string_view name);

// "MAIL FROM:<sender> SIZE=... ..."
[[nodiscard]] Result<std::string> mail_command(const MailArguments& arguments);

// "RCPT TO:<recipient> NOTIFY=... ORCPT=..."
[[nodiscard]] Result<std::string> rcpt_command(const RcptArguments& arguments);

// "BDAT 1234 LAST": a whole message of `octets` in one chunk.
std::string last_chunk_command(std::uint64_t octets);

}  // namespace danesmtp

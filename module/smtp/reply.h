// SPDX-License-Identifier: GPL-2.0-or-later
// Replies of an SMTP server. RFC 5321 4.2, RFC 2034 and 3463 for enhanced status codes. Pure: lines
// in, a reply out. It must not say what a reply means for the mail.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace danesmtp {

// class.subject.detail, for example 5.7.1
struct EnhancedStatus {
  int status_class = 0;
  int subject = 0;
  int detail = 0;

  friend bool operator==(const EnhancedStatus&, const EnhancedStatus&) = default;
};

struct SmtpReply {
  int code = 0;                            // 200 to 599: of the last line, unless it contradicts()
  std::optional<EnhancedStatus> enhanced;  // of the first line, if its class agrees with the code
  std::vector<std::string> lines;  // at least one; the text after the code and its separator
  std::vector<int> codes{};        // of each line; empty: all have `code`

  // Lines of more than one class ("250-yes", "550 no"): nobody knows what was meant. Its code is
  // that of a failure for now.
  bool contradicts() const;

  bool positive() const { return code / 100 == 2; }
  bool intermediate() const { return code / 100 == 3; }
  bool transient() const { return code / 100 == 4; }
  bool permanent() const { return code / 100 == 5; }
  bool refused() const { return code >= 400; }

  friend bool operator==(const SmtpReply&, const SmtpReply&) = default;
};

// Puts a reply together from its lines. After a failure or a complete reply it is ready for the
// next.
class ReplyAssembler {
 public:
  static constexpr std::size_t kMaxOctets = std::size_t{64} * 1024;

  // A line without its ending. The reply when this was its last line, otherwise nothing. Protocol:
  // no three-digit code, an unknown separator, a NUL, or too much of it.
  [[nodiscard]] Result<std::optional<SmtpReply>> add(std::string_view line);

 private:
  [[nodiscard]] Result<std::optional<SmtpReply>> refuse(std::string_view why);

  SmtpReply finish();

  SmtpReply reply_;
  std::size_t octets_ = 0;
};

// The lines as the server sent them, joined by '\n': "550-5.7.1 no\n550 5.7.1 really".
std::string to_text(const SmtpReply& reply);
std::string first_line(const SmtpReply& reply);  // "550-5.7.1 no"

}  // namespace danesmtp

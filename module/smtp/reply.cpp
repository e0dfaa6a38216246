// SPDX-License-Identifier: GPL-2.0-or-later
// Parsing of reply lines. The grammar is RFC 5321 4.2 with two liberties that servers in use need:
// any second and third digit, and octets above 127 in the text.
#include "smtp/reply.h"

#include <algorithm>

#include "core/bytes.h"
#include "core/format.h"

namespace danesmtp {
namespace {

constexpr int kContradiction = 451;  // RFC 5321 4.2.3: a local error, for now

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// A number of at most three digits at the start of `text`, which is moved past it.
std::optional<int> take_number(std::string_view& text) {
  int value = 0;
  std::size_t digits = 0;
  for (; digits < text.size() && is_digit(text[digits]); ++digits) {
    if (digits == 3) return std::nullopt;
    value = value * 10 + (text[digits] - '0');
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

bool take_dot(std::string_view& text) {
  if (text.empty() || text.front() != '.') return false;
  text.remove_prefix(1);
  return true;
}

// RFC 2034 4: "class.subject.detail" before the text; the class repeats the first digit of the
// code.
std::optional<EnhancedStatus> enhanced_status(std::string_view text, int code) {
  auto status_class = take_number(text);
  if (!status_class || *status_class != code / 100 || !take_dot(text)) return std::nullopt;
  auto subject = take_number(text);
  if (!subject || !take_dot(text)) return std::nullopt;
  auto detail = take_number(text);
  if (!detail || (!text.empty() && text.front() != ' ')) return std::nullopt;
  return EnhancedStatus{*status_class, *subject, *detail};
}

// The code of a reply line, 0 if it has none.
int line_code(std::string_view line) {
  if (line.size() < 3 || !std::all_of(line.begin(), line.begin() + 3, is_digit)) return 0;
  int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  return code >= 200 && code <= 599 ? code : 0;
}

}  // namespace

Result<std::optional<SmtpReply>> ReplyAssembler::add(std::string_view line) {
  int code = line_code(line);
  char separator = line.size() > 3 ? line[3] : ' ';
  if (code == 0 || (separator != ' ' && separator != '-'))
    return refuse(line.empty() ? "(an empty line)" : printable(line.substr(0, 500)));
  if (line.find('\0') != std::string_view::npos) return refuse("a NUL in an SMTP reply");
  octets_ += line.size() + 2;
  if (octets_ > kMaxOctets)
    return refuse(format("an SMTP reply of more than {} octets", kMaxOctets));

  std::string_view text = line.substr(std::min<std::size_t>(line.size(), 4));
  if (reply_.lines.empty()) reply_.enhanced = enhanced_status(text, code);
  reply_.codes.push_back(code);
  reply_.lines.emplace_back(text);
  if (separator == '-') return std::optional<SmtpReply>();
  return std::optional<SmtpReply>(finish());
}

// RFC 5321 4.2.1: the code should be the same in each line. Within one class the last line has the
// word; across classes nothing can be relied on.
SmtpReply ReplyAssembler::finish() {
  octets_ = 0;
  SmtpReply reply = std::exchange(reply_, SmtpReply());
  reply.code = reply.contradicts() ? kContradiction : reply.codes.back();
  if (reply.enhanced && reply.enhanced->status_class != reply.code / 100) reply.enhanced.reset();
  if (std::all_of(reply.codes.begin(), reply.codes.end(),
                  [&](int code) { return code == reply.code; }))
    reply.codes.clear();
  return reply;
}

Result<std::optional<SmtpReply>> ReplyAssembler::refuse(std::string_view why) {
  reply_ = SmtpReply();
  octets_ = 0;
  return fail(ErrorKind::Protocol, std::string(why));
}

bool SmtpReply::contradicts() const {
  return std::any_of(codes.begin(), codes.end(),
                     [&](int each) { return each / 100 != codes.front() / 100; });
}

std::string to_text(const SmtpReply& reply) {
  std::string text;
  for (std::size_t i = 0; i < reply.lines.size(); ++i) {
    const bool last = i + 1 == reply.lines.size();
    text += format("{}{}{}{}", reply.codes.empty() ? reply.code : reply.codes[i], last ? ' ' : '-',
                   reply.lines[i], last ? "" : "\n");
  }
  return text;
}

std::string first_line(const SmtpReply& reply) {
  const std::string text = to_text(reply);
  return text.substr(0, text.find('\n'));
}

}  // namespace danesmtp

// SPDX-License-Identifier: GPL-2.0-or-later
// One line of the reply to EHLO after the other; see the header.
#include "smtp/ehlo.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "core/words.h"

namespace danesmtp {
namespace {

std::string upper_case(std::string_view text) {
  std::string upper(text);
  for (char& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return upper;
}

// A decimal number and nothing else; 0 means "no limit" in SIZE and LIMITS alike, so it is no
// number.
template <class Number>
std::optional<Number> positive_number(std::string_view text) {
  Number value = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size() || value == 0) return std::nullopt;
  return value;
}

// RFC 9422 4: name=value pairs.
void note_limit(std::string_view pair, EhloLimits& limits) {
  std::size_t equals = pair.find('=');
  if (equals == std::string_view::npos) return;
  auto value = positive_number<std::uint32_t>(pair.substr(equals + 1));
  std::string_view name = pair.substr(0, equals);
  if (name == "MAILMAX") limits.mail_max = value;
  if (name == "RCPTMAX") limits.rcpt_max = value;
  if (name == "RCPTDOMAINMAX") limits.rcpt_domain_max = value;
}

void note_extension(std::string_view line, EhloCapabilities& offered) {
  const std::string upper = upper_case(line);
  auto words = words_of(upper);
  if (words.empty()) return;
  // "AUTH=PLAIN LOGIN" is the form of a draft before RFC 2554 that servers still send.
  if (words[0].rfind("AUTH=", 0) == 0) {
    words.insert(words.begin() + 1, words[0].substr(5));
    words[0] = "AUTH";
  }
  const auto keyword = words[0];
  if (keyword == "STARTTLS") offered.starttls = true;
  if (keyword == "PIPELINING") offered.pipelining = true;
  if (keyword == "CHUNKING") offered.chunking = true;
  if (keyword == "SMTPUTF8") offered.smtputf8 = true;
  if (keyword == "DSN") offered.dsn = true;
  if (keyword == "PRDR") offered.prdr = true;
  if (keyword == "REQUIRETLS") offered.requiretls = true;
  if (keyword == "SIZE") {
    offered.size = true;
    if (words.size() > 1) offered.size_limit = positive_number<std::uint64_t>(words[1]);
  }
  for (std::size_t i = 1; i < words.size(); ++i) {
    auto& known = offered.auth_mechanisms;
    bool is_new = std::find(known.begin(), known.end(), words[i]) == known.end();
    if (keyword == "AUTH" && is_new && !words[i].empty()) known.emplace_back(words[i]);
    if (keyword == "LIMITS") note_limit(words[i], offered.limits);
  }
}

}  // namespace

EhloCapabilities parse_ehlo(const SmtpReply& reply) {
  EhloCapabilities offered;
  for (const auto& line : reply.lines) {
    if (&line != &reply.lines.front()) {
      note_extension(line, offered);
      continue;
    }
    auto words = words_of(line);
    if (!words.empty()) offered.server_name = words[0];
  }
  return offered;
}

}  // namespace danesmtp

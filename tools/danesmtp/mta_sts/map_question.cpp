// SPDX-License-Identifier: GPL-2.0-or-later
#include "map_question.h"

#include <algorithm>

namespace danesmtp::tool {
namespace {

constexpr std::size_t kDigits = 4;  // of kLongestQuestion

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

tl::unexpected<Error> broken(const char* why) {
  return fail(ErrorKind::Protocol, why);
}

std::size_t number(std::string_view digits) {
  std::size_t value = 0;
  for (const char c : digits) value = value * 10 + static_cast<std::size_t>(c - '0');
  return value;
}

}  // namespace

Result<std::optional<std::string>> take_question(std::string& octets) {
  const auto digits = static_cast<std::size_t>(
      std::find_if_not(octets.begin(), octets.end(), is_digit) - octets.begin());
  if (digits > kDigits) return broken("the question is too long");
  if (digits == octets.size()) return std::nullopt;
  if (digits == 0 || octets[digits] != ':') return broken("the question is no netstring");
  const std::size_t size = number(std::string_view(octets).substr(0, digits));
  if (size > kLongestQuestion) return broken("the question is too long");
  const std::size_t begin = digits + 1;
  if (octets.size() - begin <= size) return std::nullopt;
  if (octets[begin + size] != ',') return broken("the question is no netstring");
  const auto question = octets.substr(begin, size);
  const auto space = question.find(' ');
  if (space == std::string::npos) return broken("the question has no key");
  octets.erase(0, begin + size + 1);
  return question.substr(space + 1);
}

}  // namespace danesmtp::tool

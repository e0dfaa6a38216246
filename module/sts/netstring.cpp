// SPDX-License-Identifier: GPL-2.0-or-later
#include "sts/netstring.h"

#include <algorithm>

#include "core/format.h"

namespace danesmtp {
namespace {

constexpr std::size_t kDigits = 5;  // of kLongestAnswer

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

tl::unexpected<Error> broken(const char* why) {
  return fail(ErrorKind::Protocol, format("the answer is no netstring: {}", why));
}

std::size_t number(std::string_view digits) {
  std::size_t value = 0;
  for (const char c : digits) value = value * 10 + static_cast<std::size_t>(c - '0');
  return value;
}

}  // namespace

std::string netstring_of(std::string_view text) {
  return format("{}:{},", text.size(), text);
}

Result<std::optional<std::string>> netstring_in(std::string_view octets) {
  const auto size_end = static_cast<std::size_t>(
      std::find_if_not(octets.begin(), octets.end(), is_digit) - octets.begin());
  if (size_end > kDigits) return broken("its length is out of bounds");
  if (size_end > 1 && octets.front() == '0') return broken("its length begins with 0");
  if (size_end == octets.size()) return std::nullopt;
  if (size_end == 0 || octets[size_end] != ':') return broken("it does not begin with a length");
  const std::size_t size = number(octets.substr(0, size_end));
  if (size > kLongestAnswer) return broken("its length is out of bounds");
  const std::string_view rest = octets.substr(size_end + 1);
  if (rest.size() <= size) return std::nullopt;
  if (rest[size] != ',') return broken("no comma ends it");
  if (rest.size() > size + 1) return broken("something is behind it");
  return std::string(rest.substr(0, size));
}

}  // namespace danesmtp
